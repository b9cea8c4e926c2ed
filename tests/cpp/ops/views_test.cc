#include "millstream/ops/views.h"

#include <gtest/gtest.h>

#include "millstream/ops/array.h"
#include "ops/moves.h"

namespace millstream {
namespace {

struct Case {
  Move move;
  bool view;  // shares the input's memory
};

void PrintTo(const Case& c, std::ostream* out) { PrintTo(c.move, out); }

class Views : public testing::TestWithParam<Case> {};

TEST_P(Views, RearrangeElements) {
  const auto& [move, view] = GetParam();
  move.check_values();
  const Tensor x = counting(move.from);
  EXPECT_EQ(move.f(x).data() == x.data() && x.node()->buffer, view);
}

TEST_P(Views, CarryGradientsBack) { GetParam().move.check_gradients(); }

// clang-format off
const Case kCases[] = {
    {{"reshape", [](const Tensor& x) { return reshape(x, {3, -1}); },
     {2, 6}, {3, 4}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}, true},
    {{"reshape to the same", [](const Tensor& x) { return reshape(x, {3, 3}); },
     {3, 3}, {3, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8}}, true},
    {{"reshape of a transposed one", [](const Tensor& x) { return reshape(transpose(x), {9}); },
     {3, 3}, {9}, {0, 3, 6, 1, 4, 7, 2, 5, 8}}, false},
    {{"reshape that splits a transposed axis",
     [](const Tensor& x) { return reshape(transpose(x), {2, 2, 3}); },
     {3, 4}, {2, 2, 3}, {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}}, true},
    {{"reshape of nothing", [](const Tensor& x) { return reshape(x, {3, 0, 2}); },
     {0, 5}, {3, 0, 2}, {}}, false},
    {{"reshape to a scalar", [](const Tensor& x) { return reshape(x, {}); },
     {1, 1}, {}, {0}}, false},
    {{"broadcast_to", [](const Tensor& x) { return broadcast_to(x, {2, 2, 3}); },
     {2, 1}, {2, 2, 3}, {0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1}}, false},
    {{"expand_dims", [](const Tensor& x) { return expand_dims(x, -2); },
     {3, 3}, {3, 1, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8}}, true},
    {{"squeeze", [](const Tensor& x) { return squeeze(x); },
     {1, 9, 1}, {9}, {0, 1, 2, 3, 4, 5, 6, 7, 8}}, true},
    {{"squeeze one", [](const Tensor& x) { return squeeze(x, {-1}); },
     {1, 9, 1}, {1, 9}, {0, 1, 2, 3, 4, 5, 6, 7, 8}}, true},
    {{"transpose", [](const Tensor& x) { return transpose(x); },
     {2, 5}, {5, 2}, {0, 5, 1, 6, 2, 7, 3, 8, 4, 9}}, true},
    {{"transpose of three axes", [](const Tensor& x) { return transpose(x, {{1, 2, 0}}); },
     {3, 2, 2}, {2, 2, 3}, {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}}, true},
    {{"matrix_transpose", [](const Tensor& x) { return matrix_transpose(x); },
     {2, 2, 3}, {2, 3, 2}, {0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11}}, true},
    {{"ensure_shape", [](const Tensor& x) { return ensure_shape(x, {-1, 3}); },
     {3, 3}, {3, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8}}, true},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Table, Views, testing::ValuesIn(kCases));

TEST(Views, RefuseShapesThatDoNotFit) {
  const Refusal table[] = {
      {"requires a multiple of 4",
       [](const Tensor& x) {
         return reshape(x, {-1, 4});
       }},
      {"tensor with 6 values, but the requested shape [4] has 4",
       [](const Tensor& x) { return reshape(x, {4}); }},
      {"Only one input size may be -1, not both 0 and 1",
       [](const Tensor& x) {
         return reshape(x, {-1, -1});
       }},
      {"Tried to expand dim index 5", [](const Tensor& x) { return expand_dims(x, 5); }},
      {"Can not squeeze dim[0]", [](const Tensor& x) { return squeeze(x, {0}); }},
      {"axis 5 is out of range", [](const Tensor& x) { return squeeze(x, {5}); }},
      {"is twice in the permutation",
       [](const Tensor& x) {
         return transpose(x, {{0, 0}});
       }},
      {"expects a vector of size 2", [](const Tensor& x) { return transpose(x, {{0}}); }},
      {"does not broadcast to [3,3]",
       [](const Tensor& x) {
         return broadcast_to(x, {3, 3});
       }},
      {"not compatible with expected shape [?,4]",
       [](const Tensor& x) {
         return ensure_shape(x, {-1, 4});
       }},
      {"rank >= 2", [](const Tensor& x) { return matrix_transpose(reshape(x, {6})); }},
  };
  for (const Refusal& refusal : table) refusal.check(counting({2, 3}));
}

struct Inferred {
  Op& op;
  Attrs attrs;
  Shape from, to;
};

TEST(Views, InferUnknownSizes) {
  const Inferred table[] = {
      {op::reshape, {Ints{-1, 20}}, {kUnknown, 4, 5}, {kUnknown, 20}},
      {op::reshape, {Ints{3, -1}}, Shape::unknown(), {3, kUnknown}},
      {op::expand_dims, {int64_t{1}}, {kUnknown, 4}, {kUnknown, 1, 4}},
      {op::expand_dims, {int64_t{1}}, Shape::unknown(), Shape::unknown()},
      {op::squeeze, {Attr()}, {1, kUnknown}, Shape::unknown()},
      {op::squeeze, {Ints{1}}, {kUnknown, kUnknown}, {kUnknown}},
      {op::transpose, {Attr(), false}, {kUnknown, 4}, {4, kUnknown}},
      {op::transpose, {Ints{1, 0}, false}, Shape::unknown(), {kUnknown, kUnknown}},
      {op::broadcast_to, {Ints{2, 3}}, {kUnknown}, {2, 3}},
      {op::ensure_shape, {Ints{-1, 3}}, {2, kUnknown}, {2, 3}},
      {op::matrix_transpose, {false}, {kUnknown, 2, 3}, {kUnknown, 3, 2}},
  };
  for (const Inferred& c : table) {
    const Spec from{float32, c.from};
    EXPECT_EQ(infer(c.op, std::span(&from, 1), c.attrs)[0].shape, c.to)
        << c.op.name() << " of " << c.from.to_string();
  }
}

}  // namespace
}  // namespace millstream
