#include <gtest/gtest.h>

#include <cmath>

#include "millstream/autodiff/tape.h"
#include "millstream/device/context.h"
#include "millstream/ops/array.h"
#include "millstream/ops/elementwise.h"

namespace millstream {
namespace {

TEST(MapOps, AddInEveryDType) {
  for (int d = int(int8); d < int(kDTypes); ++d) {
    const Tensor x = cast(constant({1, 2, 3}), DType(d));
    const Tensor y = add(x, x);
    EXPECT_EQ(y.dtype(), DType(d));
    EXPECT_EQ(y.to_vector<int>(), (std::vector{2, 4, 6})) << name_of(DType(d));
  }
  EXPECT_THROW(add(cast(constant({1}), boolean), cast(constant({1}), boolean)), InvalidArgument);
}

TEST(MapOps, EveryOpRunsInEveryDTypeItTakes) {
  for (size_t i = 0; i < map_op_count(); ++i) {
    const Op& op = map_op(i);
    int taken = 0;
    for (int d = 0; d < int(kDTypes); ++d) {
      const Tensor x = cast(constant({0, 1, 1, 0}), DType(d)), ones = cast(fill({4}, 1), DType(d));
      Tensors inputs(op.map->arity, ones);
      inputs[0] = op.map->rule == DTypeRule::select ? cast(x, boolean) : x;
      Specs specs;
      for (const Tensor& input : inputs) specs.push_back({input.dtype(), input.shape()});
      try {
        infer(op, specs);
      } catch (const InvalidArgument&) {
        EXPECT_THROW(call(op, inputs), InvalidArgument) << op.name();
        continue;
      }
      ++taken;
      const Tensor y = call(op, inputs);
      EXPECT_EQ(y.dtype(), infer(op, specs)[0].dtype) << op.name();
      if (d == int(boolean)) continue;
      // Once more in double precision: small integers are exact, half types nearly so.
      for (int k = 0; k < 4; ++k) {
        std::vector<double> at;
        for (const Tensor& input : inputs) at.push_back(input.to_vector<double>()[k]);
        const double right = evaluate(op.map->body, at), got = y.to_vector<double>()[k];
        if (std::isnan(right) || std::isinf(right) || right > 1e4) continue;
        if (is_unsigned(y.dtype()) && right < 0) continue;  // wraps around
        EXPECT_NEAR(got, right, std::abs(right) * (is_half(DType(d)) ? 1e-2 : 1e-6) + 1e-7)
            << op.name() << " in " << name_of(DType(d));
      }
    }
    EXPECT_GT(taken, 0) << op.name();
  }
}

TEST(MapOps, TrueDivisionOfIntegersGivesRealNumbers) {
  const Tensor half = divide(constant({1, 3}), constant({2, 2}));
  EXPECT_EQ(half.dtype(), float64);
  EXPECT_EQ(half.to_vector<double>(), (std::vector{.5, 1.5}));
  EXPECT_EQ(divide(cast(constant({1}), int8), cast(constant({2}), int8)).dtype(), float32);
}

TEST(MapOps, ParametersHaveDefaults) {
  const Tensor x = constant({-1.f, 2.f});
  EXPECT_EQ(leaky_relu(x).to_vector<float>(), (std::vector{-.2f, 2.f}));
  EXPECT_EQ(leaky_relu(x, .5f).to_vector<float>(), (std::vector{-.5f, 2.f}));
  EXPECT_FLOAT_EQ(silu(x).to_vector<float>()[1], 2 / (1 + std::exp(-2.f)));
  EXPECT_THROW(maximum(x), InvalidArgument);
}

TEST(MapOps, ImpossibleIntegerArithmeticIsAnError) {
  const device on("/CPU:0");  // on a GPU it is 0
  const Tensor x = constant({1, 2}), zero = constant({0, 1});
  EXPECT_THROW(floordiv(x, zero), InvalidArgument);
  EXPECT_THROW(floormod(x, zero), InvalidArgument);
  EXPECT_THROW(pow(x, constant({-1, 1})), InvalidArgument);
  EXPECT_EQ(pow(constant({3, 2}), constant({4, 10})).to_vector<int>(), (std::vector{81, 1024}));
}

// Of the sum of op(x, y, ...) by each input. The first input has n elements, the others one.
std::vector<std::vector<float>> gradients_of(const Op& op, int64_t n) {
  std::vector<float> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(.3f + .1f * static_cast<float>(i % 5));
  Tensors inputs(op.map->arity);
  GradientTape tape;
  for (Tensor& input : inputs) tape.watch(input = constant(.45f, float32));
  tape.watch(inputs[0] = constant(values, Shape{n}));
  const Tensor y = call(op, inputs);
  const std::vector<Source> sources(inputs.begin(), inputs.end());
  std::vector<std::vector<float>> all;
  for (const Tensor& gradient : tape.gradient(std::span(&y, 1), sources)) {
    all.push_back(gradient.defined() ? gradient.to_vector<float>() : std::vector<float>());
  }
  return all;
}

TEST(MapOps, FewElementsHaveTheGradientsOfMany) {
  for (size_t i = 0; i < map_op_count(); ++i) {
    const Op& op = map_op(i);
    const DTypeRule rule = op.map->rule;
    if (op.gradient == nullptr || rule == DTypeRule::select || rule == DTypeRule::boolean) continue;
    const auto few = gradients_of(op, 5), many = gradients_of(op, 2000);
    for (size_t k = 0; k < few.size(); ++k) {
      ASSERT_EQ(few[k].empty(), many[k].empty()) << op.name();
      for (size_t at = 0; at < few[k].size(); ++at) {
        const float wanted =
            k == 0 ? many[k][at] : many[k][at] / 400;  // summed over 400 times more
        if (std::isnan(few[k][at]) && std::isnan(wanted)) continue;
        EXPECT_NEAR(few[k][at], wanted, 1e-4f * std::abs(wanted) + 1e-6f) << op.name() << " " << k;
      }
    }
  }
}

TEST(MapOps, GradientsOfGradients) {
  const Tensor x = constant({.5f, -1.f, 2.f});
  GradientTape outer;
  outer.watch(x);
  Tensor first;
  {
    GradientTape inner;
    inner.watch(x);
    first = inner.gradient(tanh(x), x);
  }
  const std::vector<float> second = outer.gradient(first, x).to_vector<float>();
  for (size_t i = 0; i < second.size(); ++i) {
    const double t = std::tanh(x.to_vector<double>()[i]);
    EXPECT_NEAR(second[i], -2 * t * (1 - t * t), 1e-6);
  }
}

}  // namespace
}  // namespace millstream
