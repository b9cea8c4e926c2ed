#include "millstream/ops/join.h"

#include <gtest/gtest.h>

#include "millstream/ops/array.h"
#include "millstream/ops/slice.h"
#include "millstream/ops/views.h"
#include "ops/moves.h"

namespace millstream {
namespace {

class Joins : public testing::TestWithParam<Move> {};

TEST_P(Joins, MoveElements) { GetParam().check_values(); }
TEST_P(Joins, CarryGradientsBack) { GetParam().check_gradients(); }

// clang-format off
const Move kMoves[] = {
    {"concat", [](const Tensor& x) { return concat({x, slice(x, {Slice(0, 1)})}, 0); },
     {2, 3}, {3, 3}, {0, 1, 2, 3, 4, 5, 0, 1, 2}},
    {"concat of columns", [](const Tensor& x) { return concat({x, transpose(x)}, -1); },
     {3, 3}, {3, 6}, {0, 1, 2, 0, 3, 6, 3, 4, 5, 1, 4, 7, 6, 7, 8, 2, 5, 8}},
    {"concat with an empty one",
     [](const Tensor& x) { return concat({x, slice(x, {Slice(0, 0)}), x}, 0); },
     {1, 2}, {2, 2}, {0, 1, 0, 1}},
    {"stack", [](const Tensor& x) { return stack({x, reverse(x, {0})}, 1); },
     {3, 2}, {3, 2, 2}, {0, 1, 4, 5, 2, 3, 2, 3, 4, 5, 0, 1}},
    {"stack at the end", [](const Tensor& x) { return stack({x, x}, -1); },
     {3}, {3, 2}, {0, 0, 1, 1, 2, 2}},
    {"stack of scalars", [](const Tensor& x) { return stack({slice(x, {2}), slice(x, {0})}); },
     {3}, {2}, {2, 0}},
    {"tile", [](const Tensor& x) { return tile(x, {2, 3}); },
     {2, 2}, {4, 6}, {0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3, 0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3}},
    {"tile of one row", [](const Tensor& x) { return tile(x, {3, 1, 2}); },
     {1, 2, 1}, {3, 2, 2}, {0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1}},
    {"tile to nothing", [](const Tensor& x) { return tile(x, {0, 2}); }, {2, 2}, {0, 4}, {}},
    {"tile of transposed", [](const Tensor& x) { return tile(transpose(x), {1, 2}); },
     {2, 3}, {3, 4}, {0, 3, 0, 3, 1, 4, 1, 4, 2, 5, 2, 5}},
    {"repeat", [](const Tensor& x) { return repeat(x, {2}, 1); },
     {2, 2}, {2, 4}, {0, 0, 1, 1, 2, 2, 3, 3}},
    {"repeat each its own", [](const Tensor& x) { return repeat(x, {1, 0, 3}, 0); },
     {3, 2}, {4, 2}, {0, 1, 4, 5, 4, 5, 4, 5}},
    {"repeat flat", [](const Tensor& x) { return repeat(x, {2}); },
     {2, 2}, {8}, {0, 0, 1, 1, 2, 2, 3, 3}},
    {"pad", [](const Tensor& x) { return pad(x, {{1, 0}, {0, 2}}, {.constant_values = -1}); },
     {2, 2}, {3, 4}, {-1, -1, -1, -1, 0, 1, -1, -1, 2, 3, -1, -1}},
    {"pad of rows",
     [](const Tensor& x) { return pad(x, {{1, 1}, {0, 0}}, {.constant_values = -1}); },
     {2, 3}, {4, 3}, {-1, -1, -1, 0, 1, 2, 3, 4, 5, -1, -1, -1}},
    {"pad of nothing", [](const Tensor& x) { return pad(x, {{1, 2}}, {.constant_values = -1}); },
     {0}, {3}, {-1, -1, -1}},
    {"pad that reflects",
     [](const Tensor& x) { return pad(x, {{2, 1}, {1, 2}}, {.mode = "REFLECT"}); },
     {3, 3}, {6, 6}, {7, 6, 7, 8, 7, 6, 4, 3, 4, 5, 4, 3, 1, 0, 1, 2, 1, 0, 4, 3, 4, 5, 4, 3, 7, 6,
     7, 8, 7, 6, 4, 3, 4, 5, 4, 3}},
    {"pad that is symmetric",
     [](const Tensor& x) { return pad(x, {{2, 0}, {1, 3}}, {.mode = "symmetric"}); },
     {2, 3}, {4, 7}, {3, 3, 4, 5, 5, 4, 3, 0, 0, 1, 2, 2, 1, 0, 0, 0, 1, 2, 2, 1, 0, 3, 3, 4, 5, 5,
     4, 3}},
    {"roll", [](const Tensor& x) { return roll(x, {1, -2}, {0, 1}); },
     {3, 4}, {3, 4}, {10, 11, 8, 9, 2, 3, 0, 1, 6, 7, 4, 5}},
    {"roll twice along one", [](const Tensor& x) { return roll(x, {3, 4}, {-1, 0}); },
     {5}, {5}, {3, 4, 0, 1, 2}},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Table, Joins, testing::ValuesIn(kMoves));

TEST(Joins, RefuseWhatDoesNotFit) {
  const Refusal table[] = {
      {"shape[0] = [2,3] vs. shape[1] = [3,2]",
       [](const Tensor& x) {
         return concat({x, transpose(x)}, 0);
       }},
      {"shape[0] = [2,3] vs. shape[1] = [6]",
       [](const Tensor& x) {
         return concat({x, reshape(x, {-1})}, 0);
       }},
      {"of dtypes float32 and int32",
       [](const Tensor& x) {
         return concat({x, cast(x, int32)}, 0);
       }},
      {"Can't concatenate scalars",
       [](const Tensor&) {
         return concat({Tensor(1), 2}, 0);
       }},
      {"empty list", [](const Tensor&) { return concat(Tensors(), 0); }},
      {"axis 2 is out of range",
       [](const Tensor& x) {
         return concat({x, x}, 2);
       }},
      {"values[0].shape = [2,3] != values[1].shape = [3,2]",
       [](const Tensor& x) {
         return stack({x, transpose(x)});
       }},
      {"axis -4 is out of range",
       [](const Tensor& x) {
         return stack({x, x}, -4);
       }},
      {"vector of length 2 but got length 1", [](const Tensor& x) { return tile(x, {2}); }},
      {"Expected multiples[1] >= 0",
       [](const Tensor& x) {
         return tile(x, {1, -1});
       }},
      {"2 numbers of repeats for 3 elements",
       [](const Tensor& x) {
         return repeat(x, {1, 2}, 1);
       }},
      {"2 paddings for a tensor of shape [2,3]",
       [](const Tensor& x) {
         return pad(x, {{1, 1}});
       }},
      {"must be non-negative: -1 2",
       [](const Tensor& x) {
         return pad(x, {{-1, 2}, {0, 0}});
       }},
      {"must be less than the dimension size: 2, 0 for a dimension of 2",
       [](const Tensor& x) {
         return pad(x, {{2, 0}, {0, 0}}, {.mode = "REFLECT"});
       }},
      {"Unknown padding mode: edge",
       [](const Tensor& x) {
         return pad(x, {{0, 0}, {0, 0}}, {.mode = "edge"});
       }},
      {"must have the same size",
       [](const Tensor& x) {
         return roll(x, {1}, {0, 1});
       }},
  };
  for (const Refusal& refusal : table) refusal.check(counting({2, 3}));
}

TEST(Joins, InferUnknownSizes) {
  const auto shape = [](const Op& op, std::vector<Shape> from, const Attrs& attrs) {
    Specs specs;
    for (const Shape& s : from) specs.push_back({float32, s});
    return infer(op, specs, attrs)[0].shape;
  };
  const auto zero = int64_t{0};
  EXPECT_EQ(shape(op::concat, {{kUnknown, 3}, {2, kUnknown}}, {zero}), (Shape{kUnknown, 3}));
  EXPECT_EQ(shape(op::concat, {Shape::unknown(), {2, 3}}, {zero}), (Shape{kUnknown, 3}));
  EXPECT_EQ(shape(op::stack, {{kUnknown, 3}, {2, kUnknown}}, {zero}), (Shape{2, 2, 3}));
  EXPECT_EQ(shape(op::tile, {{kUnknown, 3}}, {Ints{2, 2}}), (Shape{kUnknown, 6}));
  EXPECT_EQ(shape(op::tile, {Shape::unknown()}, {Ints{2, 2}}), (Shape{kUnknown, kUnknown}));
  EXPECT_EQ(shape(op::repeat, {{kUnknown, 3}}, {Ints{2}, int64_t{1}}), (Shape{kUnknown, 6}));
  EXPECT_EQ(shape(op::pad, {{kUnknown, 3}, {}}, {Ints{1, 1, 2, 0}, "CONSTANT"}),
            (Shape{kUnknown, 5}));
}

}  // namespace
}  // namespace millstream
