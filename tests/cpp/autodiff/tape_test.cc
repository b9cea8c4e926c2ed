#include "millstream/autodiff/tape.h"

#include <gtest/gtest.h>

#include <cmath>

#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"

namespace millstream {
namespace {

TEST(GradientTape, DifferentiatesChains) {
  const Tensor x = constant({1.f, 2.f, 3.f});
  GradientTape tape;
  tape.watch(x);
  const Tensor y = reduce_sum(square(x) * 2 + x);
  EXPECT_EQ(tape.gradient(y, x).to_vector<float>(), (std::vector<float>{5, 9, 13}));
}

TEST(GradientTape, SumsBroadcastGradientsBack) {
  const Tensor x = constant({{1.f, 2.f}, {3.f, 4.f}});
  const Tensor row = constant({10.f, 20.f});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  tape.watch(row);
  const Tensor y = x * row;
  EXPECT_EQ(tape.gradient(y, x).to_vector<float>(), (std::vector<float>{10, 20, 10, 20}));
  EXPECT_EQ(tape.gradient(y, row).to_vector<float>(), (std::vector<float>{4, 6}));
}

TEST(GradientTape, WatchesTrainableVariablesOfItsOwnAccord) {
  const Variable w(Tensor(3.f), {.name = "w"});
  const Variable frozen(Tensor(3.f), {.name = "frozen", .trainable = false});
  GradientTape tape({.persistent = true});
  const Tensor y = square(w) * frozen;
  EXPECT_EQ(tape.gradient(y, w).item<float>(), 18.f);
  EXPECT_FALSE(tape.gradient(y, frozen).defined());
  ASSERT_EQ(tape.watched_variables().size(), 1u);
  EXPECT_EQ(tape.watched_variables()[0].name(), "w");
}

TEST(GradientTape, AddsTheGradientsOfAllValuesOfAVariable) {
  Variable w(Tensor(2.f));
  GradientTape tape;
  Tensor y = w * 3;
  w.assign(Tensor(5.f));
  y = y + square(w);
  EXPECT_EQ(tape.gradient(y, w).item<float>(), 3.f + 10.f);
}

TEST(GradientTape, NoGradientFlowsThroughAnAssignment) {
  Variable w(Tensor(2.f));
  const Tensor x(4.f);
  GradientTape tape({.persistent = true});
  tape.watch(x);
  w.assign(x * 2);
  const Tensor y = square(w);
  EXPECT_FALSE(tape.gradient(y, x).defined());
  EXPECT_EQ(tape.gradient(y, w).item<float>(), 16.f);
}

TEST(GradientTape, NestsForHigherOrders) {
  const Tensor x(0.5f);
  GradientTape third;
  third.watch(x);
  Tensor d2;
  {
    GradientTape second;
    second.watch(x);
    Tensor d1;
    {
      GradientTape first;
      first.watch(x);
      d1 = first.gradient(tanh(x), x);
    }
    d2 = second.gradient(d1, x);
  }
  const double t = std::tanh(0.5), s = 1 - t * t;
  EXPECT_NEAR(d2.item<float>(), -2 * t * s, 1e-6);
  EXPECT_NEAR(third.gradient(d2, x).item<float>(), -2 * s * s + 4 * t * t * s, 1e-5);
}

TEST(GradientTape, APersistentTapeSeesGradientsTakenInsideIt) {
  const Tensor x(3.f);
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = x * x * x;
  const Tensor dy = tape.gradient(y, x);
  EXPECT_EQ(dy.item<float>(), 27.f);
  EXPECT_EQ(tape.gradient(dy, x).item<float>(), 18.f);
}

TEST(GradientTape, ASecondGradientOfATapeIsRefused) {
  const Tensor x(3.f);
  GradientTape tape;
  tape.watch(x);
  const Tensor y = x * x;
  tape.gradient(y, x);
  EXPECT_THROW(tape.gradient(y, x), FailedPrecondition);
}

TEST(GradientTape, UnconnectedSourcesGiveNothingOrZeros) {
  const Tensor x = constant({1.f, 2.f});
  const Tensor other(1.f);
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = square(other);
  EXPECT_FALSE(tape.gradient(y, x).defined());
  const Tensor zero = tape.gradient(y, x, {.unconnected_gradients = UnconnectedGradients::zero});
  EXPECT_EQ(zero.to_vector<float>(), (std::vector<float>{0, 0}));
}

TEST(GradientTape, StopRecordingLeavesCallsOut) {
  const Tensor x(2.f);
  GradientTape tape;
  tape.watch(x);
  const Tensor hidden = tape.stop_recording([&] { return square(x); });
  EXPECT_EQ(tape.gradient(x * hidden, x).item<float>(), 4.f);
}

TEST(GradientTape, StopGradientCutsTheFlow) {
  const Tensor x(2.f);
  GradientTape tape;
  tape.watch(x);
  EXPECT_EQ(tape.gradient(x * stop_gradient(x), x).item<float>(), 2.f);
}

TEST(GradientTape, TakesOutputGradients) {
  const Tensor x = constant({1.f, 2.f});
  GradientTape tape;
  tape.watch(x);
  const Tensor y = square(x);
  const Tensor dx = tape.gradient(y, x, {.output_gradients = {constant({10.f, 100.f})}});
  EXPECT_EQ(dx.to_vector<float>(), (std::vector<float>{20, 400}));
}

TEST(CustomGradient, ReplacesTheDerivedOne) {
  const Tensor x(2.f);
  GradientTape tape;
  tape.watch(x);
  const Tensor y = custom_gradient(
      [](std::span<const Tensor> in) {
        return WithGradient{{square(in[0])},
                            [](std::span<const Tensor> g) -> Tensors { return {g[0] * 7}; }};
      },
      std::span(&x, 1))[0];
  EXPECT_EQ(y.item<float>(), 4.f);
  EXPECT_EQ(tape.gradient(y * 2, x).item<float>(), 14.f);
}

TEST(GradientTape, FreesWhatItKeptAfterItsGradient) {
  Device& cpu = current_device();
  const Tensor x = ones({1 << 16});
  GradientTape tape;
  tape.watch(x);
  Tensor y = x;
  for (int i = 0; i < 8; ++i) y = tanh(y);
  const size_t before = cpu.pool().stats().current;
  tape.gradient(y, x);
  EXPECT_LE(cpu.pool().stats().current + 7 * 4 * (1 << 16), before);
}

}  // namespace
}  // namespace millstream
