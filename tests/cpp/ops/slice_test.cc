#include "millstream/ops/slice.h"

#include <gtest/gtest.h>

#include "millstream/ops/array.h"
#include "millstream/ops/views.h"
#include "ops/moves.h"

namespace millstream {
namespace {

class Slices : public testing::TestWithParam<Move> {};

TEST_P(Slices, MoveElements) { GetParam().check_values(); }
TEST_P(Slices, CarryGradientsBack) { GetParam().check_gradients(); }

// clang-format off
const Move kMoves[] = {
    {"x[1]", [](const Tensor& x) { return slice(x, {1}); }, {3, 4}, {4}, {4, 5, 6, 7}},
    {"x[-1, 2]", [](const Tensor& x) { return slice(x, {-1, 2}); }, {3, 4}, {}, {10}},
    {"x[1:3]", [](const Tensor& x) { return slice(x, {Slice(1, 3)}); },
     {4, 2}, {2, 2}, {2, 3, 4, 5}},
    {"x[:, 1::2]", [](const Tensor& x) { return slice(x, {Slice(), Slice(1, {}, 2)}); },
     {3, 4}, {3, 2}, {1, 3, 5, 7, 9, 11}},
    {"x[::-1]", [](const Tensor& x) { return slice(x, {Slice({}, {}, -1)}); },
     {4, 2}, {4, 2}, {6, 7, 4, 5, 2, 3, 0, 1}},
    {"x[5:0:-2, ...]", [](const Tensor& x) { return slice(x, {Slice(5, 0, -2), ellipsis}); },
     {4, 2}, {2, 2}, {6, 7, 2, 3}},
    {"x[..., newaxis, -2:]",
     [](const Tensor& x) { return slice(x, {ellipsis, newaxis, Slice(-2)}); },
     {2, 3}, {2, 1, 2}, {1, 2, 4, 5}},
    {"x[..., 0]", [](const Tensor& x) { return slice(x, {ellipsis, 0}); },
     {2, 2, 3}, {2, 2}, {0, 3, 6, 9}},
    {"x[0, ..., 1, newaxis]", [](const Tensor& x) { return slice(x, {0, ellipsis, 1, newaxis}); },
     {2, 2, 3}, {2, 1}, {1, 4}},
    {"x[2:1]", [](const Tensor& x) { return slice(x, {Slice(2, 1)}); }, {4, 2}, {0, 2}, {}},
    {"x[-100:100]", [](const Tensor& x) { return slice(x, {Slice(-100, 100)}); },
     {3}, {3}, {0, 1, 2}},
    {"x[3::-9223372036854775807]",
     [](const Tensor& x) { return slice(x, {Slice(3, {}, -INT64_MAX)}); },
     {5}, {1}, {3}},
    {"transposed x[1:, ::2]",
     [](const Tensor& x) { return slice(transpose(x), {Slice(1), Slice({}, {}, 2)}); },
     {3, 4}, {3, 2}, {1, 9, 2, 10, 3, 11}},
    {"slice", [](const Tensor& x) { return slice(x, {1, 0}, {2, -1}); },
     {4, 3}, {2, 3}, {3, 4, 5, 6, 7, 8}},
    {"split", [](const Tensor& x) { return split(x, 3, -1)[1]; }, {2, 6}, {2, 2}, {2, 3, 8, 9}},
    {"split by sizes", [](const Tensor& x) { return split(x, Ints{1, -1, 2}, 0)[1]; },
     {5, 2}, {2, 2}, {2, 3, 4, 5}},
    {"unstack", [](const Tensor& x) { return unstack(x, 1)[2]; },
     {2, 3, 2}, {2, 2}, {4, 5, 10, 11}},
    {"reverse", [](const Tensor& x) { return reverse(x, {-1, 0}); },
     {2, 2, 3}, {2, 2, 3}, {8, 7, 6, 11, 10, 9, 2, 1, 0, 5, 4, 3}},
    {"reverse of a slice",
     [](const Tensor& x) { return reverse(slice(x, {Slice(), Slice(0, 2)}), {1}); },
     {2, 3}, {2, 2}, {1, 0, 4, 3}},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Table, Slices, testing::ValuesIn(kMoves));

TEST(Slices, AreViews) {
  const Tensor x = counting({4, 3});
  EXPECT_EQ(slice(x, {Slice(1, 3), -1}).data(), x.data<float>() + 5);
  EXPECT_EQ(split(x, 2)[1].data(), x.data<float>() + 6);
  EXPECT_EQ(unstack(x, 1)[2].data(), x.data<float>() + 2);
}

TEST(Slices, RefuseWhatDoesNotFit) {
  const Refusal table[] = {
      {"slice index 2 of dimension 0 out of bounds", [](const Tensor& x) { return slice(x, {2}); }},
      {"slice index -4 of dimension 1 out of bounds",
       [](const Tensor& x) {
         return slice(x, {0, -4});
       }},
      {"input has only 2 dims",
       [](const Tensor& x) {
         return slice(x, {0, 0, 0});
       }},
      {"strides[0] must be non-zero", [](const Tensor& x) { return slice(x, {Slice(0, 1, 0)}); }},
      {"Multiple ellipses",
       [](const Tensor& x) {
         return slice(x, {ellipsis, ellipsis});
       }},
      {"Expected begin[0] in [0, 2], but got 3",
       [](const Tensor& x) {
         return slice(x, {3, 0}, {0, 0});
       }},
      {"Expected size[1] in [0, 2], but got 3",
       [](const Tensor& x) {
         return slice(x, {0, 1}, {1, 3});
       }},
      {"Expected begin and size arguments to be 1-D tensors of size 2",
       [](const Tensor& x) { return slice(x, {0}, {1}); }},
      {"must be evenly divisible by 2", [](const Tensor& x) { return split(x, 2, 1)[0]; }},
      {"must either match input shape along split_dim",
       [](const Tensor& x) {
         return split(x, Ints{1, 3}, 1)[0];
       }},
      {"axis 2 is out of range", [](const Tensor& x) { return split(x, 2, 2)[0]; }},
      {"axis 0 specified more than once",
       [](const Tensor& x) {
         return reverse(x, {0, -2});
       }},
  };
  for (const Refusal& refusal : table) refusal.check(counting({2, 3}));
}

TEST(Slices, InferUnknownSizes) {
  const auto shape = [](const Op& op, const Shape& from, const Attrs& attrs) {
    const Spec spec{float32, from};
    return infer(op, std::span(&spec, 1), attrs)[0].shape;
  };
  const auto zero = int64_t{0}, one = int64_t{1};
  const auto sliced = [&](const Shape& from, int64_t shrink) {
    return shape(op::strided_slice, from,
                 {Ints{0}, Ints{2}, Attr(), zero, zero, zero, zero, shrink});
  };
  EXPECT_EQ(sliced({kUnknown, 3}, 0), (Shape{kUnknown, 3}));
  EXPECT_EQ(sliced({kUnknown, 3}, 1), Shape{3});
  EXPECT_EQ(sliced(Shape::unknown(), 0), Shape::unknown());
  EXPECT_EQ(shape(op::slice, Shape::unknown(), {Ints{0, 1}, Ints{2, -1}}), (Shape{2, kUnknown}));
  EXPECT_EQ(shape(op::split, {kUnknown, 3}, {int64_t{2}, zero, Attr()}), (Shape{kUnknown, 3}));
  EXPECT_EQ(shape(op::split, {kUnknown, 3}, {Ints{1, 2}, one, Attr()}), (Shape{kUnknown, 1}));
  EXPECT_EQ(shape(op::unstack, {kUnknown, 3}, {int64_t{4}, zero}), Shape{3});
  EXPECT_THROW(shape(op::unstack, {kUnknown, 3}, {Attr(), zero}), FailedPrecondition);
}

}  // namespace
}  // namespace millstream
