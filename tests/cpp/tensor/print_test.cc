// Expected texts are TensorFlow 2.21's, with NumPy 2.4.
#include <gtest/gtest.h>

#include <cmath>

#include "millstream/ops/array.h"
#include "millstream/ops/views.h"
#include "ops/moves.h"

namespace millstream {
namespace {

struct Case {
  std::vector<double> values;
  Shape shape;
  DType dtype;
  const char* text;
  const char* repr;
};

// clang-format off
const Case kCases[] = {
    {{1.0}, {}, float32,
     "tf.Tensor(1.0, shape=(), dtype=float32)",
     "<tf.Tensor: shape=(), dtype=float32, numpy=1.0>"},
    {{0.1}, {}, float32,
     "tf.Tensor(0.1, shape=(), dtype=float32)",
     "<tf.Tensor: shape=(), dtype=float32, numpy=0.10000000149011612>"},
    {{0.0001}, {}, float32,
     "tf.Tensor(1e-04, shape=(), dtype=float32)",
     "<tf.Tensor: shape=(), dtype=float32, numpy=9.999999747378752e-05>"},
    {{9e-05}, {}, float32,
     "tf.Tensor(9e-05, shape=(), dtype=float32)",
     "<tf.Tensor: shape=(), dtype=float32, numpy=9.000000136438757e-05>"},
    {{123456789.0}, {}, float32,
     "tf.Tensor(1.2345679e+08, shape=(), dtype=float32)",
     "<tf.Tensor: shape=(), dtype=float32, numpy=123456792.0>"},
    {{1e+16}, {}, float32,
     "tf.Tensor(1e+16, shape=(), dtype=float32)",
     "<tf.Tensor: shape=(), dtype=float32, numpy=1.0000000272564224e+16>"},
    {{-0.0}, {}, float32,
     "tf.Tensor(-0.0, shape=(), dtype=float32)",
     "<tf.Tensor: shape=(), dtype=float32, numpy=-0.0>"},
    {{NAN}, {}, float32,
     "tf.Tensor(nan, shape=(), dtype=float32)",
     "<tf.Tensor: shape=(), dtype=float32, numpy=nan>"},
    {{-INFINITY}, {}, float32,
     "tf.Tensor(-inf, shape=(), dtype=float32)",
     "<tf.Tensor: shape=(), dtype=float32, numpy=-inf>"},
    {{0.3333333333333333}, {}, float32,
     "tf.Tensor(0.33333334, shape=(), dtype=float32)",
     "<tf.Tensor: shape=(), dtype=float32, numpy=0.3333333432674408>"},
    {{0.3333333333333333}, {}, float64,
     "tf.Tensor(0.3333333333333333, shape=(), dtype=float64)",
     "<tf.Tensor: shape=(), dtype=float64, numpy=0.3333333333333333>"},
    {{0.30000000000000004}, {}, float64,
     "tf.Tensor(0.30000000000000004, shape=(), dtype=float64)",
     "<tf.Tensor: shape=(), dtype=float64, numpy=0.30000000000000004>"},
    {{1e+300}, {}, float64,
     "tf.Tensor(1e+300, shape=(), dtype=float64)",
     "<tf.Tensor: shape=(), dtype=float64, numpy=1e+300>"},
    {{0.1}, {}, float16,
     "tf.Tensor(0.1, shape=(), dtype=float16)",
     "<tf.Tensor: shape=(), dtype=float16, numpy=0.0999755859375>"},
    {{65504.0}, {}, float16,
     "tf.Tensor(6.55e+04, shape=(), dtype=float16)",
     "<tf.Tensor: shape=(), dtype=float16, numpy=65504.0>"},
    {{0.1}, {}, bfloat16,
     "tf.Tensor(0.100098, shape=(), dtype=bfloat16)",
     "<tf.Tensor: shape=(), dtype=bfloat16, numpy=0.10009765625>"},
    {{30000000000.0}, {}, bfloat16,
     "tf.Tensor(3.00648e+10, shape=(), dtype=bfloat16)",
     "<tf.Tensor: shape=(), dtype=bfloat16, numpy=30064771072.0>"},
    {{7}, {}, int8,
     "tf.Tensor(7, shape=(), dtype=int8)",
     "<tf.Tensor: shape=(), dtype=int8, numpy=7>"},
    {{1}, {}, boolean,
     "tf.Tensor(True, shape=(), dtype=bool)",
     "<tf.Tensor: shape=(), dtype=bool, numpy=True>"},
    {{1.0, 2.0}, {2}, float32,
     "tf.Tensor([1. 2.], shape=(2,), dtype=float32)",
     "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 2.], dtype=float32)>"},
    {{1.5, -2.25, 100.0}, {3}, float32,
     "tf.Tensor([  1.5   -2.25 100.  ], shape=(3,), dtype=float32)",
     "<tf.Tensor: shape=(3,), dtype=float32, numpy=array([  1.5 ,  -2.25, 100.  ], dtype=float32)>"},
    {{0.0, 0.0}, {2}, float32,
     "tf.Tensor([0. 0.], shape=(2,), dtype=float32)",
     "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([0., 0.], dtype=float32)>"},
    {{1e-05, 1.0}, {2}, float32,
     "tf.Tensor([1.e-05 1.e+00], shape=(2,), dtype=float32)",
     "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1.e-05, 1.e+00], dtype=float32)>"},
    {{1000000.0, 1.0}, {2}, float32,
     "tf.Tensor([1.e+06 1.e+00], shape=(2,), dtype=float32)",
     "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1.e+06, 1.e+00], dtype=float32)>"},
    {{999999.0, 1000.0}, {2}, float32,
     "tf.Tensor([999999.   1000.], shape=(2,), dtype=float32)",
     "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([999999.,   1000.], dtype=float32)>"},
    {{123456.7, 1000.25}, {2}, float64,
     "tf.Tensor([123456.7    1000.25], shape=(2,), dtype=float64)",
     "<tf.Tensor: shape=(2,), dtype=float64, numpy=array([123456.7 ,   1000.25])>"},
    {{100000000.0, 10000000.0}, {2}, float64,
     "tf.Tensor([1.e+08 1.e+07], shape=(2,), dtype=float64)",
     "<tf.Tensor: shape=(2,), dtype=float64, numpy=array([1.e+08, 1.e+07])>"},
    {{1.0, 1000.5, 1001.0}, {3}, float32,
     "tf.Tensor([1.0000e+00 1.0005e+03 1.0010e+03], shape=(3,), dtype=float32)",
     "<tf.Tensor: shape=(3,), dtype=float32, numpy=array([1.0000e+00, 1.0005e+03, 1.0010e+03], dtype=float32)>"},
    {{1.0, 999.0}, {2}, float32,
     "tf.Tensor([  1. 999.], shape=(2,), dtype=float32)",
     "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([  1., 999.], dtype=float32)>"},
    {{0.3333333333333333, 0.6666666666666666, 1.0}, {3}, float32,
     "tf.Tensor([0.33333334 0.6666667  1.        ], shape=(3,), dtype=float32)",
     "<tf.Tensor: shape=(3,), dtype=float32, numpy=array([0.33333334, 0.6666667 , 1.        ], dtype=float32)>"},
    {{0.3333333333333333, 0.6666666666666666, 1.0}, {3}, float64,
     "tf.Tensor([0.33333333 0.66666667 1.        ], shape=(3,), dtype=float64)",
     "<tf.Tensor: shape=(3,), dtype=float64, numpy=array([0.33333333, 0.66666667, 1.        ])>"},
    {{3.3333333333333333e-06, 66666.66666666667}, {2}, float64,
     "tf.Tensor([3.33333333e-06 6.66666667e+04], shape=(2,), dtype=float64)",
     "<tf.Tensor: shape=(2,), dtype=float64, numpy=array([3.33333333e-06, 6.66666667e+04])>"},
    {{NAN, 1.5}, {2}, float32,
     "tf.Tensor([nan 1.5], shape=(2,), dtype=float32)",
     "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([nan, 1.5], dtype=float32)>"},
    {{INFINITY, -INFINITY, NAN}, {3}, float32,
     "tf.Tensor([ inf -inf  nan], shape=(3,), dtype=float32)",
     "<tf.Tensor: shape=(3,), dtype=float32, numpy=array([ inf, -inf,  nan], dtype=float32)>"},
    {{-INFINITY, 1e-07}, {2}, float32,
     "tf.Tensor([  -inf 1.e-07], shape=(2,), dtype=float32)",
     "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([  -inf, 1.e-07], dtype=float32)>"},
    {{NAN, NAN}, {2}, float32,
     "tf.Tensor([nan nan], shape=(2,), dtype=float32)",
     "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([nan, nan], dtype=float32)>"},
    {{1e-45, 1.0}, {2}, float32,
     "tf.Tensor([1.e-45 1.e+00], shape=(2,), dtype=float32)",
     "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1.e-45, 1.e+00], dtype=float32)>"},
    {{1e+200, 1e-200}, {2}, float64,
     "tf.Tensor([1.e+200 1.e-200], shape=(2,), dtype=float64)",
     "<tf.Tensor: shape=(2,), dtype=float64, numpy=array([1.e+200, 1.e-200])>"},
    {{0.1, 0.25, 1000.0}, {3}, float16,
     "tf.Tensor([1.0e-01 2.5e-01 1.0e+03], shape=(3,), dtype=float16)",
     "<tf.Tensor: shape=(3,), dtype=float16, numpy=array([1.0e-01, 2.5e-01, 1.0e+03], dtype=float16)>"},
    {{0.1, 65504.0}, {2}, float16,
     "tf.Tensor([1.00e-01 6.55e+04], shape=(2,), dtype=float16)",
     "<tf.Tensor: shape=(2,), dtype=float16, numpy=array([1.00e-01, 6.55e+04], dtype=float16)>"},
    {{1.0, 2.5, 0.1, 30000000000.0}, {4}, bfloat16,
     "tf.Tensor([1 2.5 0.100098 3.00648e+10], shape=(4,), dtype=bfloat16)",
     "<tf.Tensor: shape=(4,), dtype=bfloat16, numpy=array([1, 2.5, 0.100098, 3.00648e+10], dtype=bfloat16)>"},
    {{NAN, INFINITY, -1.0}, {3, 1}, bfloat16,
     R"(tf.Tensor(
[[nan]
 [inf]
 [-1]], shape=(3, 1), dtype=bfloat16))",
     R"(<tf.Tensor: shape=(3, 1), dtype=bfloat16, numpy=
array([[nan],
       [inf],
       [-1]], dtype=bfloat16)>)"},
    {{1, -2, 300}, {3}, int32,
     "tf.Tensor([  1  -2 300], shape=(3,), dtype=int32)",
     "<tf.Tensor: shape=(3,), dtype=int32, numpy=array([  1,  -2, 300], dtype=int32)>"},
    {{1, 0}, {2}, boolean,
     "tf.Tensor([ True False], shape=(2,), dtype=bool)",
     "<tf.Tensor: shape=(2,), dtype=bool, numpy=array([ True, False])>"},
    {{1, 0, 1, 1}, {2, 2}, boolean,
     R"(tf.Tensor(
[[ True False]
 [ True  True]], shape=(2, 2), dtype=bool))",
     R"(<tf.Tensor: shape=(2, 2), dtype=bool, numpy=
array([[ True, False],
       [ True,  True]])>)"},
    {{4611686018427387904.0, -9223372036854775808.0}, {2}, int64,
     "tf.Tensor([ 4611686018427387904 -9223372036854775808], shape=(2,), dtype=int64)",
     "<tf.Tensor: shape=(2,), dtype=int64, numpy=array([ 4611686018427387904, -9223372036854775808])>"},
    {{255, 0}, {2, 1}, uint8,
     R"(tf.Tensor(
[[255]
 [  0]], shape=(2, 1), dtype=uint8))",
     R"(<tf.Tensor: shape=(2, 1), dtype=uint8, numpy=
array([[255],
       [  0]], dtype=uint8)>)"},
    {{}, {0}, float32,
     "tf.Tensor([], shape=(0,), dtype=float32)",
     "<tf.Tensor: shape=(0,), dtype=float32, numpy=array([], dtype=float32)>"},
    {{}, {0, 3}, float32,
     "tf.Tensor([], shape=(0, 3), dtype=float32)",
     "<tf.Tensor: shape=(0, 3), dtype=float32, numpy=array([], shape=(0, 3), dtype=float32)>"},
    {{}, {2, 0}, int64,
     "tf.Tensor([], shape=(2, 0), dtype=int64)",
     "<tf.Tensor: shape=(2, 0), dtype=int64, numpy=array([], shape=(2, 0), dtype=int64)>"},
    {{}, {0}, int64,
     "tf.Tensor([], shape=(0,), dtype=int64)",
     "<tf.Tensor: shape=(0,), dtype=int64, numpy=array([], dtype=int64)>"},
    {{0, 1, 2, 3, 4, 5, 6, 7}, {2, 2, 2}, int32,
     R"(tf.Tensor(
[[[0 1]
  [2 3]]

 [[4 5]
  [6 7]]], shape=(2, 2, 2), dtype=int32))",
     R"(<tf.Tensor: shape=(2, 2, 2), dtype=int32, numpy=
array([[[0, 1],
        [2, 3]],

       [[4, 5],
        [6, 7]]], dtype=int32)>)"},
    {{1.0, 2.0, 3.0, 4.0}, {2, 2}, float32,
     R"(tf.Tensor(
[[1. 2.]
 [3. 4.]], shape=(2, 2), dtype=float32))",
     R"(<tf.Tensor: shape=(2, 2), dtype=float32, numpy=
array([[1., 2.],
       [3., 4.]], dtype=float32)>)"},
    {{1.0, 2.0, 3.0, 4.0}, {1, 2, 1, 2}, float32,
     R"(tf.Tensor(
[[[[1. 2.]]

  [[3. 4.]]]], shape=(1, 2, 1, 2), dtype=float32))",
     R"(<tf.Tensor: shape=(1, 2, 1, 2), dtype=float32, numpy=
array([[[[1., 2.]],

        [[3., 4.]]]], dtype=float32)>)"},
    {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39}, {40}, int32,
     R"(tf.Tensor(
[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23
 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39], shape=(40,), dtype=int32))",
     R"(<tf.Tensor: shape=(40,), dtype=int32, numpy=
array([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16,
       17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33,
       34, 35, 36, 37, 38, 39], dtype=int32)>)"},
    {{0.0, 0.37, 0.74, 1.1099999999999999, 1.48, 1.85, 2.2199999999999998, 2.59, 2.96, 3.33, 3.7, 4.07, 4.4399999999999995, 4.81, 5.18, 5.55, 5.92, 6.29, 6.66, 7.03, 7.4, 7.77, 8.14, 8.51, 8.879999999999999, 9.25, 9.62, 9.99, 10.36, 10.73}, {30}, float32,
     R"(tf.Tensor(
[ 0.    0.37  0.74  1.11  1.48  1.85  2.22  2.59  2.96  3.33  3.7   4.07
  4.44  4.81  5.18  5.55  5.92  6.29  6.66  7.03  7.4   7.77  8.14  8.51
  8.88  9.25  9.62  9.99 10.36 10.73], shape=(30,), dtype=float32))",
     R"(<tf.Tensor: shape=(30,), dtype=float32, numpy=
array([ 0.  ,  0.37,  0.74,  1.11,  1.48,  1.85,  2.22,  2.59,  2.96,
        3.33,  3.7 ,  4.07,  4.44,  4.81,  5.18,  5.55,  5.92,  6.29,
        6.66,  7.03,  7.4 ,  7.77,  8.14,  8.51,  8.88,  9.25,  9.62,
        9.99, 10.36, 10.73], dtype=float32)>)"},
    {{0.0, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.007, 0.008, 0.009000000000000001, 0.01, 0.011, 0.012, 0.013000000000000001, 0.014, 0.015, 0.016, 0.017, 0.018000000000000002, 0.019, 0.02, 0.021}, {2, 11}, float64,
     R"(tf.Tensor(
[[0.    0.001 0.002 0.003 0.004 0.005 0.006 0.007 0.008 0.009 0.01 ]
 [0.011 0.012 0.013 0.014 0.015 0.016 0.017 0.018 0.019 0.02  0.021]], shape=(2, 11), dtype=float64))",
     R"(<tf.Tensor: shape=(2, 11), dtype=float64, numpy=
array([[0.   , 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.007, 0.008,
        0.009, 0.01 ],
       [0.011, 0.012, 0.013, 0.014, 0.015, 0.016, 0.017, 0.018, 0.019,
        0.02 , 0.021]])>)"},
    {{-20, -19, -18, -17, -16, -15, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27}, {2, 24}, int64,
     R"(tf.Tensor(
[[-20 -19 -18 -17 -16 -15 -14 -13 -12 -11 -10  -9  -8  -7  -6  -5  -4  -3
   -2  -1   0   1   2   3]
 [  4   5   6   7   8   9  10  11  12  13  14  15  16  17  18  19  20  21
   22  23  24  25  26  27]], shape=(2, 24), dtype=int64))",
     R"(<tf.Tensor: shape=(2, 24), dtype=int64, numpy=
array([[-20, -19, -18, -17, -16, -15, -14, -13, -12, -11, -10,  -9,  -8,
         -7,  -6,  -5,  -4,  -3,  -2,  -1,   0,   1,   2,   3],
       [  4,   5,   6,   7,   8,   9,  10,  11,  12,  13,  14,  15,  16,
         17,  18,  19,  20,  21,  22,  23,  24,  25,  26,  27]])>)"},
};
// clang-format on

TEST(Print, WritesValuesAsTensorFlowDoes) {
  for (const Case& c : kCases) {
    const Tensor x = Tensor::from_host(float64, c.shape, c.values.data(), current_device());
    EXPECT_EQ(cast(x, c.dtype).to_string(), c.text);
    EXPECT_EQ(cast(x, c.dtype).repr(), c.repr);
  }
}

struct Large {
  Tensor x;
  const char* text;
  const char* repr;
};

// clang-format off
TEST(Print, LeavesOutTheMiddleOfLargeTensors) {
  const Large table[] = {
    {reshape(counting({1001}), {1001}),
R"(tf.Tensor([   0.    1.    2. ...  998.  999. 1000.], shape=(1001,), dtype=float32))",
R"(<tf.Tensor: shape=(1001,), dtype=float32, numpy=
array([   0.,    1.,    2., ...,  998.,  999., 1000.],
      shape=(1001,), dtype=float32)>)"},
    {cast(counting({2000}), int32),
R"(tf.Tensor([   0    1    2 ... 1997 1998 1999], shape=(2000,), dtype=int32))",
R"(<tf.Tensor: shape=(2000,), dtype=int32, numpy=
array([   0,    1,    2, ..., 1997, 1998, 1999],
      shape=(2000,), dtype=int32)>)"},
    {counting({7, 200}),
R"(tf.Tensor(
[[0.000e+00 1.000e+00 2.000e+00 ... 1.970e+02 1.980e+02 1.990e+02]
 [2.000e+02 2.010e+02 2.020e+02 ... 3.970e+02 3.980e+02 3.990e+02]
 [4.000e+02 4.010e+02 4.020e+02 ... 5.970e+02 5.980e+02 5.990e+02]
 ...
 [8.000e+02 8.010e+02 8.020e+02 ... 9.970e+02 9.980e+02 9.990e+02]
 [1.000e+03 1.001e+03 1.002e+03 ... 1.197e+03 1.198e+03 1.199e+03]
 [1.200e+03 1.201e+03 1.202e+03 ... 1.397e+03 1.398e+03 1.399e+03]], shape=(7, 200), dtype=float32))",
R"(<tf.Tensor: shape=(7, 200), dtype=float32, numpy=
array([[0.000e+00, 1.000e+00, 2.000e+00, ..., 1.970e+02, 1.980e+02,
        1.990e+02],
       [2.000e+02, 2.010e+02, 2.020e+02, ..., 3.970e+02, 3.980e+02,
        3.990e+02],
       [4.000e+02, 4.010e+02, 4.020e+02, ..., 5.970e+02, 5.980e+02,
        5.990e+02],
       ...,
       [8.000e+02, 8.010e+02, 8.020e+02, ..., 9.970e+02, 9.980e+02,
        9.990e+02],
       [1.000e+03, 1.001e+03, 1.002e+03, ..., 1.197e+03, 1.198e+03,
        1.199e+03],
       [1.200e+03, 1.201e+03, 1.202e+03, ..., 1.397e+03, 1.398e+03,
        1.399e+03]], shape=(7, 200), dtype=float32)>)"},
    {counting({2, 600}),
R"(tf.Tensor(
[[0.000e+00 1.000e+00 2.000e+00 ... 5.970e+02 5.980e+02 5.990e+02]
 [6.000e+02 6.010e+02 6.020e+02 ... 1.197e+03 1.198e+03 1.199e+03]], shape=(2, 600), dtype=float32))",
R"(<tf.Tensor: shape=(2, 600), dtype=float32, numpy=
array([[0.000e+00, 1.000e+00, 2.000e+00, ..., 5.970e+02, 5.980e+02,
        5.990e+02],
       [6.000e+02, 6.010e+02, 6.020e+02, ..., 1.197e+03, 1.198e+03,
        1.199e+03]], shape=(2, 600), dtype=float32)>)"},
    {cast(counting({6, 8, 30}), int64),
R"(tf.Tensor(
[[[   0    1    2 ...   27   28   29]
  [  30   31   32 ...   57   58   59]
  [  60   61   62 ...   87   88   89]
  ...
  [ 150  151  152 ...  177  178  179]
  [ 180  181  182 ...  207  208  209]
  [ 210  211  212 ...  237  238  239]]

 [[ 240  241  242 ...  267  268  269]
  [ 270  271  272 ...  297  298  299]
  [ 300  301  302 ...  327  328  329]
  ...
  [ 390  391  392 ...  417  418  419]
  [ 420  421  422 ...  447  448  449]
  [ 450  451  452 ...  477  478  479]]

 [[ 480  481  482 ...  507  508  509]
  [ 510  511  512 ...  537  538  539]
  [ 540  541  542 ...  567  568  569]
  ...
  [ 630  631  632 ...  657  658  659]
  [ 660  661  662 ...  687  688  689]
  [ 690  691  692 ...  717  718  719]]

 [[ 720  721  722 ...  747  748  749]
  [ 750  751  752 ...  777  778  779]
  [ 780  781  782 ...  807  808  809]
  ...
  [ 870  871  872 ...  897  898  899]
  [ 900  901  902 ...  927  928  929]
  [ 930  931  932 ...  957  958  959]]

 [[ 960  961  962 ...  987  988  989]
  [ 990  991  992 ... 1017 1018 1019]
  [1020 1021 1022 ... 1047 1048 1049]
  ...
  [1110 1111 1112 ... 1137 1138 1139]
  [1140 1141 1142 ... 1167 1168 1169]
  [1170 1171 1172 ... 1197 1198 1199]]

 [[1200 1201 1202 ... 1227 1228 1229]
  [1230 1231 1232 ... 1257 1258 1259]
  [1260 1261 1262 ... 1287 1288 1289]
  ...
  [1350 1351 1352 ... 1377 1378 1379]
  [1380 1381 1382 ... 1407 1408 1409]
  [1410 1411 1412 ... 1437 1438 1439]]], shape=(6, 8, 30), dtype=int64))",
R"(<tf.Tensor: shape=(6, 8, 30), dtype=int64, numpy=
array([[[   0,    1,    2, ...,   27,   28,   29],
        [  30,   31,   32, ...,   57,   58,   59],
        [  60,   61,   62, ...,   87,   88,   89],
        ...,
        [ 150,  151,  152, ...,  177,  178,  179],
        [ 180,  181,  182, ...,  207,  208,  209],
        [ 210,  211,  212, ...,  237,  238,  239]],

       [[ 240,  241,  242, ...,  267,  268,  269],
        [ 270,  271,  272, ...,  297,  298,  299],
        [ 300,  301,  302, ...,  327,  328,  329],
        ...,
        [ 390,  391,  392, ...,  417,  418,  419],
        [ 420,  421,  422, ...,  447,  448,  449],
        [ 450,  451,  452, ...,  477,  478,  479]],

       [[ 480,  481,  482, ...,  507,  508,  509],
        [ 510,  511,  512, ...,  537,  538,  539],
        [ 540,  541,  542, ...,  567,  568,  569],
        ...,
        [ 630,  631,  632, ...,  657,  658,  659],
        [ 660,  661,  662, ...,  687,  688,  689],
        [ 690,  691,  692, ...,  717,  718,  719]],

       [[ 720,  721,  722, ...,  747,  748,  749],
        [ 750,  751,  752, ...,  777,  778,  779],
        [ 780,  781,  782, ...,  807,  808,  809],
        ...,
        [ 870,  871,  872, ...,  897,  898,  899],
        [ 900,  901,  902, ...,  927,  928,  929],
        [ 930,  931,  932, ...,  957,  958,  959]],

       [[ 960,  961,  962, ...,  987,  988,  989],
        [ 990,  991,  992, ..., 1017, 1018, 1019],
        [1020, 1021, 1022, ..., 1047, 1048, 1049],
        ...,
        [1110, 1111, 1112, ..., 1137, 1138, 1139],
        [1140, 1141, 1142, ..., 1167, 1168, 1169],
        [1170, 1171, 1172, ..., 1197, 1198, 1199]],

       [[1200, 1201, 1202, ..., 1227, 1228, 1229],
        [1230, 1231, 1232, ..., 1257, 1258, 1259],
        [1260, 1261, 1262, ..., 1287, 1288, 1289],
        ...,
        [1350, 1351, 1352, ..., 1377, 1378, 1379],
        [1380, 1381, 1382, ..., 1407, 1408, 1409],
        [1410, 1411, 1412, ..., 1437, 1438, 1439]]], shape=(6, 8, 30))>)"},
    {transpose(cast(counting({3, 400}), int64)),
R"(tf.Tensor(
[[   0  400  800]
 [   1  401  801]
 [   2  402  802]
 ...
 [ 397  797 1197]
 [ 398  798 1198]
 [ 399  799 1199]], shape=(400, 3), dtype=int64))",
R"(<tf.Tensor: shape=(400, 3), dtype=int64, numpy=
array([[   0,  400,  800],
       [   1,  401,  801],
       [   2,  402,  802],
       ...,
       [ 397,  797, 1197],
       [ 398,  798, 1198],
       [ 399,  799, 1199]], shape=(400, 3))>)"},
  };
  for (const Large& c : table) {
    EXPECT_EQ(c.x.to_string(), c.text);
    EXPECT_EQ(c.x.repr(), c.repr);
  }
}
// clang-format on

TEST(Print, WritesStridedTensorsInRowMajorOrder) {
  EXPECT_EQ(transpose(constant({{1, 2}, {3, 4}})).to_string(),
            "tf.Tensor(\n[[1 3]\n [2 4]], shape=(2, 2), dtype=int32)");
}

}  // namespace
}  // namespace millstream
