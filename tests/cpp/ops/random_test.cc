// Expected numbers are TensorFlow 2.21's.
#include "millstream/ops/random.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>

#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/sequence.h"
#include "ops/moves.h"

namespace millstream::random {
namespace {

struct Expected {
  Tensor numbers;
  std::vector<double> values;

  void check() const {
    const std::vector<double> got = numbers.to_vector<double>();
    ASSERT_EQ(got.size(), values.size());
    for (size_t i = 0; i < got.size(); ++i) {
      // The last digit of a normal number is the C library's; of a GPU's, a few last digits are.
      const bool on_gpu = numbers.device().backend() != Backend::cpu;
      const double tolerance = (numbers.dtype() == float64 ? 1e-14 : 1e-7) * (on_gpu ? 8 : 1);
      EXPECT_NEAR(got[i], values[i], std::max(1.0, std::abs(values[i])) * tolerance) << i;
    }
  }
};

// clang-format off
TEST(Random, StatelessNumbersAreTensorFlows) {
  const Expected table[] = {
      {stateless_uniform({7}, {1, 2}, {.dtype = float32}),
      {0.8440604, 0.19204533, 0.9962232, 0.1603874, 0.27199018, 0.649346, 0.10694444}},
      {stateless_normal({7}, {1, 2}, {.dtype = float32}),
      {0.5441101, 0.20738031, 0.07356432, 0.04643455, -1.3015898, -0.9538565, 0.84172857}},
      {stateless_truncated_normal({9}, {3, 4}, {.dtype = float32}),
      {-0.17393383, 1.6723547, 0.34817016, -1.7038907, 0.63851905, -1.3099246, -0.010434314,
      -1.0422206, -0.7741751}},
      {stateless_uniform({7}, {1, 2}, {.dtype = float64}),
      {0.7524837538451801, 0.9697857725627486, 0.17592233912897481, 0.8555556648693279,
      0.514811871731222, 0.6077450497806227, 0.8271102573257645}},
      {stateless_normal({7}, {1, 2}, {.dtype = float64}),
      {-0.1423118100189212, 0.7406072461585091, -1.469047669443883, 1.147747453689489,
      -0.7218813856153005, -0.898217540706226, 0.6003592788009644}},
      {stateless_truncated_normal({9}, {3, 4}, {.dtype = float64}),
      {-0.33108455971554474, 0.027812399664981575, -0.3426617871510759, 0.7552056484940203,
      -0.5822817890198345, -0.43863140118077787, -0.781986318355857, -0.48654446141312196,
      0.33739661365430873}},
      {stateless_uniform({7}, {1, 2}, {.dtype = float16}),
      {0.54296875, 0.23535156, 0.060546875, 0.8935547, 0.14355469, 0.4423828, 0.08886719}},
      {stateless_normal({7}, {1, 2}, {.dtype = float16}),
      {0.5439453, 0.20739746, 0.07354736, 0.046447754, -1.3017578, -0.9536133, 0.8417969}},
      {stateless_truncated_normal({9}, {3, 4}, {.dtype = float16}),
      {-0.1739502, 1.671875, 0.34814453, -1.7041016, 0.6386719, -1.3095703, -0.010437012,
      -1.0419922, -0.77441406}},
      {stateless_uniform({7}, {1, 2}, {.dtype = bfloat16}),
      {0.34375, 0.8828125, 0.484375, 0.1484375, 0.1484375, 0.5390625, 0.7109375}},
      {stateless_normal({7}, {1, 2}, {.dtype = bfloat16}),
      {0.54296875, 0.20703125, 0.07373047, 0.04638672, -1.3046875, -0.953125, 0.83984375}},
      {stateless_truncated_normal({9}, {3, 4}, {.dtype = bfloat16}),
      {-0.17382812, 1.671875, 0.34765625, -1.703125, 0.63671875, -1.3125, -0.010437012, -1.0390625,
      -0.7734375}},
      {stateless_uniform({5}, {-7, int64_t{1} << 40}, {.minval = -2, .maxval = 3.5f}),
      {2.9636822, 0.99043846, 1.4584014, -1.949256, -0.3094102}},
      {stateless_normal({5}, {5, 6}, {.mean = 10.f, .stddev = 0.5f}),
      {10.511992, 9.730606, 10.639776, 10.456005, 10.455945}},
      {stateless_uniform({7}, {1, 2}, {.minval = -5, .maxval = 100, .dtype = int32}),
      {35, 24, 49, 79, 17, 50, 1}},
      {stateless_uniform({3}, {1, 2}, {.minval = Tensor(), .dtype = int32}),
      {1105988140, 1738052849, -335576002}},
      {stateless_uniform({7}, {1, 2}, {.minval = -5, .maxval = 100, .dtype = int64}),
      {4, 28, 27, 88, -2, 64, 47}},
      {stateless_uniform({3}, {1, 2}, {.minval = Tensor(), .dtype = int64}),
      {7464880146280614444., 1591045637757961278., -1057468755545501549.}},
      {stateless_shuffle(range(10), {1, 2}), {0, 3, 8, 1, 5, 4, 9, 7, 6, 2}},
      {stateless_categorical(constant({{0.f, 1.f, 2.f}, {3.f, 0.f, 1.f}}), 9, {1, 2}),
      {2, 2, 1, 2, 2, 2, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
  };
  for (const Expected& row : table) row.check();
}

TEST(Random, SeededStreamsAreTensorFlows) {
  set_seed(42);
  const Expected table[] = {
      {uniform({3}), {0.6645621, 0.44100678, 0.3528825}},
      {uniform({2, 2}, {.minval = -1, .maxval = 1}),
      {0.3757825, -0.031042337, 0.8619888, -0.49562597}},
      {uniform({3}, {.maxval = 100, .dtype = int32}), {4, 92, 77}},
      {normal({5}, {.mean = 1.f, .stddev = 2.f}),
      {2.3129735, 0.17389661, 1.6799501, -1.0112543, 2.4053247}},
      {truncated_normal({5}), {0.009246494, -0.66206276, -0.7410269, 1.1985261, -0.5910618}},
      {shuffle(range(7)), {4, 6, 0, 2, 3, 5, 1}},
      {categorical(constant({{0.f, 1.f, 2.f}}), 6), {2, 2, 2, 2, 2, 2}},
      {uniform({3}), {0.14241445, 0.40161622, 0.33360183}},
      {uniform({2, 2}, {.minval = -1, .maxval = 1}), {-0.5907972, 0.6495633, 0.6334975, 0.1562705}},
      {uniform({3}, {.maxval = 100, .dtype = int32}), {99, 19, 34}},
      {normal({5}, {.mean = 1.f, .stddev = 2.f}),
      {2.99718, 1.662742, 1.5718734, 2.575683, 0.44930905}},
      {truncated_normal({5}), {-0.23585585, 0.33401316, 0.6599627, 1.1498349, -0.5886309}},
      {shuffle(range(7)), {2, 3, 0, 4, 5, 6, 1}},
      {categorical(constant({{0.f, 1.f, 2.f}}), 6), {2, 2, 1, 1, 2, 1}},
      {uniform({3}, {.seed = 7}), {0.8627677, 0.6567626, 0.99054587}},
      {uniform({5}, {.maxval = 10, .dtype = int64, .seed = 7}), {4, 7, 0, 1, 4}},
      {normal({3}, {.seed = 7}), {-0.45274156, -0.30040753, -0.07882862}},
      {normal({3}, {.dtype = float64, .seed = 7}),
      {-0.20764251101661857, 0.40354718604348067, -0.37805809073269625}},
      {truncated_normal({3}, {.seed = 7}), {-0.45274156, -0.30040753, -0.07882862}},
      {shuffle(range(6), 7), {4, 0, 3, 5, 1, 2}},
      {categorical(constant({{0.f, 1.f, 2.f}, {2.f, 1.f, 0.f}}), 5, int64, 7),
      {2, 2, 2, 2, 2, 0, 1, 0, 2, 1}},
      {uniform({3}, {.seed = 7}), {0.34647572, 0.9437165, 0.2607335}},
      {uniform({5}, {.maxval = 10, .dtype = int64, .seed = 7}), {7, 2, 1, 3, 1}},
      {normal({3}, {.seed = 7}), {-0.5042276, 1.3658841, -0.27591008}},
      {normal({3}, {.dtype = float64, .seed = 7}),
      {0.36975772851298927, 0.6175134936316328, -1.954941009230304}},
      {truncated_normal({3}, {.seed = 7}), {-0.5042276, 1.3658841, -0.27591008}},
      {shuffle(range(6), 7), {4, 1, 2, 3, 0, 5}},
      {categorical(constant({{0.f, 1.f, 2.f}, {2.f, 1.f, 0.f}}), 5, int64, 7),
      {1, 2, 0, 2, 2, 1, 0, 2, 0, 0}},
      {uniform({3}, {.seed = 7}), {0.46504366, 0.40202272, 0.55268776}},
      {uniform({5}, {.maxval = 10, .dtype = int64, .seed = 7}), {5, 5, 9, 3, 1}},
      {normal({3}, {.seed = 7}), {0.71456504, -1.0102698, -0.37903062}},
      {normal({3}, {.dtype = float64, .seed = 7}),
      {0.38348430935031663, -0.7134267062428283, 0.5126755613742449}},
      {truncated_normal({3}, {.seed = 7}), {0.71456504, -1.0102698, -0.37903062}},
      {shuffle(range(6), 7), {1, 5, 2, 3, 0, 4}},
      {categorical(constant({{0.f, 1.f, 2.f}, {2.f, 1.f, 0.f}}), 5, int64, 7),
      {2, 2, 2, 2, 1, 0, 0, 0, 0, 1}},
  };
  for (const Expected& row : table) row.check();
}

TEST(Random, AnySeedGivesTensorFlowsNumbers) {
  const auto after = [](int64_t seed) {
    set_seed(seed);
    return uniform({2});
  };
  const Expected table[] = {
      {after(0), {0.29197514, 0.20656645}},
      {after(1), {0.16513085, 0.9014813}},
      {after(-5), {0.5703093, 0.9237962}},
      {after(int64_t{1} << 31), {0.98944235, 0.04791355}},
      {after((int64_t{1} << 40) + 17), {0.54163337, 0.8095943}},
  };
  for (const Expected& row : table) row.check();
}
// clang-format on

TEST(Random, NumbersDoNotDependOnTheNumberOfThreads) {
  const auto draw = [](int threads) {
    omp_set_num_threads(threads);
    Tensors drawn = {stateless_uniform({300'001}, {5, 6}),
                     stateless_normal({300'001}, {5, 6}, {.dtype = float64}),
                     stateless_truncated_normal({300'001}, {5, 6}),
                     stateless_categorical(stateless_normal({3001, 5}, {1, 1}), 7, {5, 6})};
    return drawn;
  };
  const int threads = omp_get_max_threads();
  const Tensors alone = draw(1), together = draw(3);
  omp_set_num_threads(threads);
  for (size_t i = 0; i < alone.size(); ++i) {
    EXPECT_EQ(alone[i].to_vector<double>(), together[i].to_vector<double>());
  }
}

TEST(Random, NumbersHaveTheirDistribution) {
  const int64_t n = 1'000'000;
  struct Row {
    Tensor numbers;
    double mean, variance, least, most;
  };
  const Row table[] = {
      {uniform({n}, {.minval = -1, .maxval = 3}), 1, 16.0 / 12, -1, 3},
      {uniform({n}, {.dtype = float64}), 0.5, 1.0 / 12, 0, 1},
      {uniform({n}, {.maxval = 6, .dtype = int32}), 2.5, 35.0 / 12, 0, 5},
      {normal({n}, {.mean = 5.f, .stddev = 2.f}), 5, 4, -9, 19},
      {truncated_normal({n}), 0, 0.7737, -2, 2},
  };
  for (const Row& row : table) {
    double sum = 0, squares = 0;
    for (const double x : row.numbers.to_vector<double>()) {
      sum += x - row.mean;
      squares += (x - row.mean) * (x - row.mean);
      EXPECT_TRUE(x >= row.least && x <= row.most) << x;
    }
    EXPECT_NEAR(sum / n, 0, 5 * std::sqrt(row.variance / n));
    EXPECT_NEAR(squares / n, row.variance, 0.01 * row.variance);
  }
}

TEST(Random, WithoutASeedRunsDiffer) {
  const auto differ = [](const Tensor& a, const Tensor& b) {
    return a.to_vector<float>() != b.to_vector<float>();
  };
  EXPECT_TRUE(differ(uniform({8}), uniform({8})));
  EXPECT_TRUE(differ(stateless_normal({8}, {1, 2}), stateless_normal({8}, {1, 3})));
}

TEST(Random, BoundsBroadcastAndHaveGradients) {
  const Tensor numbers = stateless_uniform(
      {2, 3}, {1, 2}, {.minval = constant({{0.f}, {10.f}}), .maxval = constant({{1.f}, {20.f}})});
  const auto values = numbers.to_vector<float>();
  EXPECT_LT(values[2], 1);
  EXPECT_GE(values[3], 10);
}

TEST(Random, RefusesWhatCannotBe) {
  const Refusal table[] = {
      {"Need minval < maxval, got 5 >= 3",
       [](const Tensor&) { return uniform({2}, {.minval = 5, .maxval = 3, .dtype = int32}); }},
      {"Must specify maxval", [](const Tensor&) { return uniform({2}, {.dtype = int32}); }},
      {"random numbers of dtype int32",
       [](const Tensor&) { return normal({2}, {.dtype = int32}); }},
      {"a random tensor of shape [?]", [](const Tensor&) { return normal({-1}); }},
      {"seed must have shape [2], not [3]",
       [](const Tensor& x) {
         return call(op::stateless_shuffle, {x, constant({1, 2, 3})}, {"auto_select"});
       }},
      {"logits should be a matrix", [](const Tensor& x) { return categorical(x, 3); }},
      {"num_samples should be nonnegative",
       [](const Tensor&) {
         return categorical(ones({1, 2}), -1);
       }},
  };
  for (const Refusal& refusal : table) refusal.check(ones({3}));
}

}  // namespace
}  // namespace millstream::random
