#include <gtest/gtest.h>

#include "millstream/autodiff/tape.h"
#include "millstream/ops/array.h"
#include "millstream/ops/matmul.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"

namespace millstream {
namespace {

TEST(Jacobian, HoldsTheDerivativeOfEveryElementByEveryElement) {
  const Tensor x = constant({1.f, 2.f});
  const Tensor a = constant({{1.f, 2.f}, {3.f, 4.f}, {5.f, 6.f}});
  GradientTape tape;
  tape.watch(x);
  const Tensor y = matvec(a, square(x));
  const Tensor jacobian = tape.jacobian(y, x);
  EXPECT_EQ(jacobian.shape(), Shape({3, 2}));
  EXPECT_EQ(jacobian.to_vector<float>(), (std::vector<float>{2, 8, 6, 16, 10, 24}));
  EXPECT_THROW(tape.jacobian(y, x), FailedPrecondition);
}

TEST(Jacobian, OfAScalarIsTheGradient) {
  const Variable w(constant({{1.f, 2.f}, {3.f, 4.f}}));
  const Tensor other = constant({1.f});
  GradientTape tape({.persistent = true});
  const Tensor y = reduce_sum(w * w);
  EXPECT_EQ(tape.jacobian(y, w).to_vector<float>(), (std::vector<float>{2, 4, 6, 8}));
  EXPECT_FALSE(tape.jacobian(y, other).defined());
  const Tensor zero = tape.jacobian(y, other, UnconnectedGradients::zero);
  EXPECT_EQ(zero.to_vector<float>(), std::vector<float>{0});
}

TEST(Jacobian, OfABatchIsThatOfEachExample) {
  const Tensor x = constant({{1.f, 2.f}, {3.f, 4.f}});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = square(x) * reduce_sum(x, {.axis = Ints{1}, .keepdims = true});
  const Tensor whole = tape.jacobian(y, x);  // [2, 2, 2, 2]
  const Tensor each = tape.batch_jacobian(y, x);
  EXPECT_EQ(whole.shape(), Shape({2, 2, 2, 2}));
  EXPECT_EQ(each.shape(), Shape({2, 2, 2}));
  const auto all = whole.to_vector<float>(), some = each.to_vector<float>();
  for (int b = 0; b < 2; ++b) {
    for (int i = 0; i < 2; ++i) {
      for (int j = 0; j < 2; ++j) {
        EXPECT_EQ(some[(b * 2 + i) * 2 + j], all[((b * 2 + i) * 2 + b) * 2 + j]);
      }
    }
  }
  EXPECT_THROW(tape.batch_jacobian(y, constant({1.f})), InvalidArgument);
}

TEST(Jacobian, OfNothingIsEmpty) {
  const Tensor x = zeros({0, 3});
  GradientTape tape;
  tape.watch(x);
  EXPECT_EQ(tape.jacobian(square(x), x).shape(), Shape({0, 3, 0, 3}));
}

}  // namespace
}  // namespace millstream
