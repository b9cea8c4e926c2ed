#include "ops/gradient_check.h"

#include <gtest/gtest.h>

#include <cmath>

#include "millstream/autodiff/tape.h"
#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"

namespace millstream {
namespace {

constexpr double kStep = 1e-5;

Tensor float64s(const std::vector<double>& values, const Shape& shape) {
  return Tensor::from_host(float64, shape, values.data(), current_device());
}

// A scalar that every element of y has its own part in.
Tensor weighted_sum(const Tensor& y) {
  std::vector<double> weights(static_cast<size_t>(y.elements()));
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = std::cos(0.7 * static_cast<double>(i));
  return reduce_sum(y * cast(float64s(weights, y.shape()), y.dtype()));
}

Tensors gradients(const Function& scalar, const Tensors& inputs) {
  GradientTape tape;
  for (const Tensor& input : inputs) tape.watch(input);
  const Tensor target = scalar(inputs);
  const std::vector<Source> sources(inputs.begin(), inputs.end());
  return tape.gradient(std::span(&target, 1), sources,
                       {.unconnected_gradients = UnconnectedGradients::zero});
}

double difference(const Function& scalar, Tensors inputs, size_t which, size_t element) {
  const Shape shape = inputs[which].shape();
  std::vector<double> values = inputs[which].to_vector<double>();
  const double at = values[element];
  double sides[2];
  for (const int side : {0, 1}) {
    values[element] = side == 0 ? at - kStep : at + kStep;
    inputs[which] = float64s(values, shape);
    sides[side] = scalar(inputs).item<double>();
  }
  return (sides[1] - sides[0]) / (2 * kStep);
}

void expect_agreement(const Function& scalar, const Tensors& inputs, int order) {
  const Tensors grads = gradients(scalar, inputs);
  for (size_t k = 0; k < inputs.size(); ++k) {
    if (inputs[k].dtype() != float64) continue;
    EXPECT_EQ(grads[k].shape(), inputs[k].shape());
    const std::vector<double> actual = grads[k].to_vector<double>();
    for (size_t i = 0; i < actual.size(); ++i) {
      const double expected = difference(scalar, inputs, k, i);
      EXPECT_NEAR(actual[i], expected, 2e-6 * (1 + std::abs(expected)))
          << "order " << order << ", input " << k << ", element " << i;
    }
  }
}

}  // namespace

void expect_gradients(const Function& f, const Tensors& inputs, int order) {
  Function scalar = [f](const Tensors& x) { return weighted_sum(f(x)); };
  for (int n = 1; n <= order && !testing::Test::HasFailure(); ++n) {
    expect_agreement(scalar, inputs, n);
    scalar = [scalar](const Tensors& x) {
      Tensor total;
      for (const Tensor& g : gradients(scalar, x)) {
        if (!g.defined() || g.dtype() != float64) continue;
        const Tensor part = weighted_sum(g);
        total = total.defined() ? total + part : part;
      }
      return total;
    };
  }
}

Tensor spread_out(const Shape& shape, double offset) {
  std::vector<double> values(static_cast<size_t>(shape.elements()));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = 1.5 * std::sin(2.3 * static_cast<double>(i) + 0.5) + offset;
  }
  return float64s(values, shape);
}

}  // namespace millstream
