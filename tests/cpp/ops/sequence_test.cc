#include "millstream/ops/sequence.h"

#include <gtest/gtest.h>

#include <cmath>

#include "millstream/ops/array.h"
#include "millstream/ops/diagonal.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/space.h"
#include "ops/moves.h"

namespace millstream {
namespace {

TEST(Sequence, RangeTakesTheWidestDType) {
  EXPECT_EQ(range(5).dtype(), int32);
  EXPECT_EQ(range(0, 5.5f).to_vector<float>(), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(range(Tensor(int64_t{3})).dtype(), int64);
  EXPECT_EQ(range(0.f, 1.f, 0.1f).elements(), 10);
  EXPECT_EQ(range(10, 0, -3).to_vector<int>(), (std::vector<int>{10, 7, 4, 1}));
  EXPECT_EQ(range(3, 3).shape(), Shape{0});
}

TEST(Sequence, OneHotTakesTheDTypeOfItsValues) {
  EXPECT_EQ(one_hot(constant({1}), 2).dtype(), float32);
  const Tensor hot = one_hot(constant({0, -1, 2}), 3, {.on_value = 5, .off_value = 1, .axis = 0});
  EXPECT_EQ(hot.dtype(), int32);
  EXPECT_EQ(hot.to_vector<int>(), (std::vector<int>{5, 1, 1, 1, 1, 1, 1, 1, 5}));
  EXPECT_EQ(one_hot(constant({1}), 2, {.dtype = boolean}).to_vector<int>(),
            (std::vector<int>{0, 1}));
}

TEST(Sequence, RefusesWhatHasNoEnd) {
  const Refusal table[] = {
      {"Requires delta != 0: 0", [](const Tensor&) { return range(0, 3, 0); }},
      {"Requires start <= limit when delta > 0: 3/0", [](const Tensor&) { return range(3, 0); }},
      {"Requires start >= limit when delta < 0: 0/3",
       [](const Tensor&) { return range(0, 3, -1); }},
      {"has no end", [](const Tensor&) { return range(0.f, INFINITY); }},
      {"must be a scalar", [](const Tensor& x) { return range(x); }},
      {"a range of bool", [](const Tensor&) { return range(true); }},
      {"Requires num >= 0: -1", [](const Tensor&) { return linspace(0.f, 1.f, -1); }},
      {"depth must be non-negative, got: -1",
       [](const Tensor&) { return one_hot(constant({1}), -1); }},
      {"one_hot of a float32 tensor", [](const Tensor& x) { return one_hot(x, 3); }},
      {"0 is duplicated in the input",
       [](const Tensor&) {
         return invert_permutation(constant({0, 0}));
       }},
      {"5 is not between 0 and 2",
       [](const Tensor&) {
         return invert_permutation(constant({0, 5}));
       }},
      {"must be 'xy' or 'ij'", [](const Tensor& x) { return meshgrid(std::span(&x, 1), "yx")[0]; }},
  };
  for (const Refusal& refusal : table) refusal.check(ones({3}));
}

TEST(Diagonal, RefusesWhatIsNotInTheMatrix) {
  const Refusal table[] = {
      {"diagonal 3 is not in the range", [](const Tensor& x) { return diag_part(x, {.k = {3}}); }},
      {"k has 2 values",
       [](const Tensor& x) {
         return diag_part(x, {.k = {1, 0}});
       }},
      {"align is 'MIDDLE'", [](const Tensor& x) { return diag_part(x, {.align = "MIDDLE"}); }},
      {"must be at least 2-dim", [](const Tensor&) { return diag_part(ones({3})); }},
      {"diagonal of shape [3] must have shape [2]",
       [](const Tensor& x) { return set_diag(x, ones({3})); }},
      {"do not fit a matrix of 2 rows and 2 columns",
       [](const Tensor&) { return diag(ones({3}), {.num_rows = 2, .num_cols = 2}); }},
      {"a size of -1", [](const Tensor&) { return eye(-1); }},
      {"trace: input must be at least 2-dim", [](const Tensor&) { return trace(ones({3})); }},
  };
  for (const Refusal& refusal : table) refusal.check(ones({2, 3}));
}

TEST(Space, RefusesWhatBlocksDoNotDivide) {
  const Refusal table[] = {
      {"image size 3 should be divisible by: 2",
       [](const Tensor&) {
         return space_to_depth(ones({1, 3, 4, 1}), 2);
       }},
      {"depth 3 should be divisible by: 4",
       [](const Tensor&) {
         return depth_to_space(ones({1, 3, 4, 3}), 2);
       }},
      {"Input rank should be: 4 instead of: 2",
       [](const Tensor& x) { return space_to_depth(x, 2); }},
      {"Block size should be > 1, but was: 1",
       [](const Tensor&) {
         return space_to_depth(ones({1, 2, 2, 1}), 1);
       }},
      {"seq_lengths has 4, and the axis has 3 places",
       [](const Tensor& x) {
         return reverse_sequence(x, constant({4, 0}));
       }},
      {"Length of seq_lengths != input.dims(0), (1 vs. 2)",
       [](const Tensor& x) { return reverse_sequence(x, constant({1})); }},
  };
  for (const Refusal& refusal : table) refusal.check(ones({2, 3}));
}

}  // namespace
}  // namespace millstream
