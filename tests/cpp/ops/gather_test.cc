#include "millstream/ops/gather.h"
#include "millstream/device/context.h"

#include <gtest/gtest.h>

#include "millstream/autodiff/tape.h"
#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/views.h"
#include "ops/moves.h"

namespace millstream {
namespace {

class Gathers : public testing::TestWithParam<Move> {};

TEST_P(Gathers, MoveElements) { GetParam().check_values(); }
TEST_P(Gathers, CarryGradientsBack) { GetParam().check_gradients(); }

// clang-format off
const Move kMoves[] = {
    {"gather", [](const Tensor& x) { return gather(x, constant({2, 0, 2})); },
     {3, 2}, {3, 2}, {4, 5, 0, 1, 4, 5}},
    {"gather of columns",
     [](const Tensor& x) { return gather(x, constant({{1, 0}}), {.axis = 1}); },
     {2, 3}, {2, 1, 2}, {1, 0, 4, 3}},
    {"gather by a scalar", [](const Tensor& x) { return gather(x, 1, {.axis = -1}); },
     {2, 3}, {2}, {1, 4}},
    {"gather in batches",
     [](const Tensor& x) { return gather(x, constant({{0, 2}, {1, 1}}), {.batch_dims = 1}); },
     {2, 3}, {2, 2}, {0, 2, 4, 4}},
    {"gather in batches along an inner axis",
     [](const Tensor& x) { return gather(x, constant({{1}, {0}}), {.axis = 2, .batch_dims = 1}); },
     {2, 2, 3}, {2, 2, 1}, {1, 4, 6, 9}},
    {"gather of 64-bit",
     [](const Tensor& x) { return gather(x, constant(std::vector<int64_t>{1})); },
     {3, 2}, {1, 2}, {2, 3}},
    {"gather of nothing",
     [](const Tensor& x) { return gather(x, constant(std::vector<int32_t>{})); },
     {3, 2}, {0, 2}, {}},
    {"gather_nd", [](const Tensor& x) { return gather_nd(x, constant({{0, 1}, {2, 0}, {0, 1}})); },
     {3, 2}, {3}, {1, 4, 1}},
    {"gather_nd of rows", [](const Tensor& x) { return gather_nd(x, constant({{2}, {0}})); },
     {3, 2}, {2, 2}, {4, 5, 0, 1}},
    {"gather_nd in batches", [](const Tensor& x) { return gather_nd(x, constant({{1}, {0}}), 1); },
     {2, 3}, {2}, {1, 3}},
    {"gather_nd of all",
     [](const Tensor& x) { return gather_nd(x, reshape(constant(std::vector<int32_t>{}), {0})); },
     {2, 2}, {2, 2}, {0, 1, 2, 3}},
    {"scatter_nd",
     [](const Tensor& x) { return scatter_nd(constant({{4}, {1}}), x, {5, 2}) + scatter_nd(constant({{0}, {2}, {3}}), -ones({3, 2}), {5, 2}); },
     {2, 2}, {5, 2}, {-1, -1, 2, 3, -1, -1, -1, -1, 0, 1}},
    {"embedding_lookup", [](const Tensor& x) { return embedding_lookup(x, constant({1, 1})); },
     {3, 2}, {2, 2}, {2, 3, 2, 3}},
    {"boolean_mask", [](const Tensor& x) { return boolean_mask(x, constant({true, false, true})); },
     {3, 2}, {2, 2}, {0, 1, 4, 5}},
    {"boolean_mask of two axes",
     [](const Tensor& x) { return boolean_mask(x, constant({{true, false}, {false, true}})); },
     {2, 2, 2}, {2, 2}, {0, 1, 6, 7}},
    {"boolean_mask along an axis",
     [](const Tensor& x) { return boolean_mask(x, constant({false, true}), 1); },
     {3, 2}, {3, 1}, {1, 3, 5}},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Table, Gathers, testing::ValuesIn(kMoves));

TEST(Gathers, RefuseWhatDoesNotFit) {
  const device on("/CPU:0");  // a GPU says so when the host next waits, and not which index
  const Refusal table[] = {
      {"indices[1] = 5 is not in [0, 2)",
       [](const Tensor& x) {
         return gather(x, constant({0, 5}));
       }},
      {"indices[0,1] = -1 is not in [0, 3)",
       [](const Tensor& x) {
         return gather(x, constant({{0, -1}}), {.axis = 1});
       }},
      {"indices = 2 is not in [0, 2)", [](const Tensor& x) { return gather(x, 2); }},
      {"indices of dtype float32", [](const Tensor& x) { return gather(x, x); }},
      {"axis 2 is out of range", [](const Tensor& x) { return gather(x, 0, {.axis = 2}); }},
      {"Expected batch_dims in the range [-1, 1], but got 2",
       [](const Tensor& x) { return gather(x, constant({0}), {.batch_dims = 2}); }},
      {"params.shape[0]: 2 should be equal to indices.shape[0]: 1",
       [](const Tensor& x) { return gather(x, constant({0}), {.axis = 1, .batch_dims = 1}); }},
      {"indices[1] = [2, 0] does not index into param shape [2,3]",
       [](const Tensor& x) {
         return gather_nd(x, constant({{1, 1}, {2, 0}}));
       }},
      {"must be <= params rank; saw: 3 vs. 2",
       [](const Tensor& x) {
         return gather_nd(x, constant({{1, 1, 0}}));
       }},
      {"must be at least a vector", [](const Tensor& x) { return gather_nd(x, 0); }},
      {"updates must have the shape [1,3]",
       [](const Tensor& x) {
         try {
           return scatter_nd(constant({{0}}), x, {4, 3});
         } catch (const InvalidArgument& error) {
           throw InvalidArgument(error.hint());
         }
       }},
      {"indices[0] = [4] does not index into param shape [4,3]",
       [](const Tensor& x) {
         return scatter_nd(constant({{4}, {0}}), x, {4, 3});
       }},
      {"mask cannot be scalar", [](const Tensor& x) { return boolean_mask(x, true); }},
      {"a mask of dtype int32",
       [](const Tensor& x) {
         return boolean_mask(x, constant({1, 0}));
       }},
      {"Shapes [2,3] and [3] are incompatible",
       [](const Tensor& x) {
         return boolean_mask(x, constant({true, false, true}));
       }},
  };
  for (const Refusal& refusal : table) refusal.check(counting({2, 3}));
}

TEST(Scatters, CombineInOrder) {
  const Tensor x = constant({10.f, 20.f, 30.f});
  const Tensor indices = constant({{2}, {0}, {2}});
  const Tensor updates = constant({1.f, 15.f, 100.f});
  const std::pair<decltype(&tensor_scatter_nd_add), std::vector<float>> table[] = {
      {tensor_scatter_nd_update, {15, 20, 100}}, {tensor_scatter_nd_add, {25, 20, 131}},
      {tensor_scatter_nd_sub, {-5, 20, -71}},    {tensor_scatter_nd_max, {15, 20, 100}},
      {tensor_scatter_nd_min, {10, 20, 1}},
  };
  for (const auto& [f, values] : table) {
    EXPECT_EQ(f(x, indices, updates).to_vector<float>(), values);
    const Tensor half = f(cast(x, float16), indices, cast(updates, float16));
    EXPECT_EQ(half.to_vector<float>(), values);
  }
  EXPECT_EQ(scatter_nd(indices, updates, {4}).to_vector<float>(),
            (std::vector<float>{15, 0, 101, 0}));
}

TEST(Scatters, HaveGradientsForBothSides) {
  const Tensor x = constant({10.f, 20.f, 30.f});
  const Tensor indices = constant({{2}, {0}});
  const Tensor updates = constant({30.f, 15.f});
  struct Row {
    decltype(&tensor_scatter_nd_add) f;
    std::vector<float> of_x, of_updates;
  };
  const Row table[] = {
      {tensor_scatter_nd_update, {0, 2, 0}, {3, 1}},
      {tensor_scatter_nd_add, {1, 2, 3}, {3, 1}},
      {tensor_scatter_nd_sub, {1, 2, 3}, {-3, -1}},
      {tensor_scatter_nd_max, {0, 2, 1.5}, {1.5, 1}},
      {tensor_scatter_nd_min, {1, 2, 1.5}, {1.5, 0}},
  };
  for (const Row& row : table) {
    GradientTape tape({.persistent = true});
    tape.watch(x);
    tape.watch(updates);
    const Tensor y = reduce_sum(row.f(x, indices, updates) * constant({1.f, 2.f, 3.f}));
    EXPECT_EQ(tape.gradient(y, x).to_vector<float>(), row.of_x);
    EXPECT_EQ(tape.gradient(y, updates).to_vector<float>(), row.of_updates);
  }
}

TEST(Scatters, DoNotDependOnThePartition) {
  const int64_t rows = 500, count = 20'000, width = 16;
  std::vector<int32_t> places(count);
  for (int64_t i = 0; i < count; ++i) places[i] = static_cast<int32_t>(i * 7919 % rows);
  const Tensor updates = sin(counting({count, width}));
  const Tensor y = scatter_nd(constant(places, {count, 1}), updates, {rows, width});
  std::vector<float> expected(rows * width);
  const auto values = updates.to_vector<float>();
  for (int64_t i = 0; i < count * width; ++i) {
    expected[places[i / width] * width + i % width] += values[i];
  }
  EXPECT_EQ(y.to_vector<float>(), expected);
}

TEST(Gathers, EmbeddingsAreScaledToTheLargestNorm) {
  const Tensor table = constant({{3.f, 4.f}, {0.3f, 0.4f}});
  EXPECT_EQ(embedding_lookup(table, constant({0, 1}), 1.0).to_vector<float>(),
            (std::vector<float>{0.6f, 0.8f, 0.3f, 0.4f}));
}

TEST(Gathers, ArgwhereListsPositions) {
  EXPECT_EQ(argwhere(constant({{0, 5}, {-1, 0}})).to_vector<int64_t>(),
            (std::vector<int64_t>{0, 1, 1, 0}));
  EXPECT_EQ(argwhere(constant({0.f, 0.f})).shape(), (Shape{0, 1}));
  EXPECT_EQ(argwhere(true).shape(), (Shape{1, 0}));
}

}  // namespace
}  // namespace millstream
