#include "ops/numeric_gradient.h"

#include <gtest/gtest.h>

#include <random>

#include "millstream/autodiff/tape.h"
#include "millstream/ops/array.h"
#include "millstream/ops/elementwise.h"
#include "millstream/ops/reduce.h"

namespace millstream::testing {
namespace {

constexpr double kStep = 1e-4, kTolerance = 2e-6;
constexpr size_t kMostElements = 16;  // of each input that are moved

Tensor from_doubles(const std::vector<double>& values, const Shape& shape) {
  return Tensor::from_host(float64, shape, values.data(), current_device());
}

double value_of(const Function& f, const Tensors& inputs) {
  return reduce_sum(f(inputs)).item<double>();
}

Tensors gradients(const Function& f, const Tensors& inputs) {
  GradientTape tape;
  for (const Tensor& input : inputs) tape.watch(input);
  const Tensor y = f(inputs);
  const std::vector<Source> sources(inputs.begin(), inputs.end());
  return tape.gradient(std::span(&y, 1), sources,
                       {.unconnected_gradients = UnconnectedGradients::zero});
}

void compare(const Function& f, const Tensors& inputs, const char* order) {
  const Tensors grads = gradients(f, inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    ASSERT_EQ(grads[i].shape(), inputs[i].shape()) << order << ": input " << i;
    const std::vector<double> at = inputs[i].to_vector<double>();
    const std::vector<double> derived = grads[i].to_vector<double>();
    for (size_t k = 0; k < at.size(); k += 1 + at.size() / kMostElements) {
      double difference = 0;
      for (const double sign : {1.0, -1.0}) {
        std::vector<double> moved = at;
        moved[k] += sign * kStep;
        Tensors changed = inputs;
        changed[i] = from_doubles(moved, inputs[i].shape());
        difference += sign * value_of(f, changed);
      }
      ASSERT_NEAR(derived[k], difference / (2 * kStep), kTolerance * (1 + std::abs(derived[k])))
          << order << ": input " << i << ", element " << k;
    }
  }
}

}  // namespace

Tensor random_tensor(const Shape& shape, uint64_t seed, DType dtype) {
  std::mt19937_64 random(seed * 7919 + static_cast<uint64_t>(shape.elements()));
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<double> values(static_cast<size_t>(shape.elements()));
  for (double& value : values)
    value = is_integer(dtype) ? std::floor(uniform(random) * 9) : uniform(random);
  return cast(from_doubles(values, shape), dtype);
}

void expect_gradients(const Function& f, const Tensors& inputs, bool second) {
  const auto weighted = [&](const Tensors& x) {
    const Tensor y = f(x);
    return multiply(y, random_tensor(y.shape(), 99));
  };
  compare(weighted, inputs, "first order");
  if (!second || ::testing::Test::HasFatalFailure()) return;
  const auto first_order = [&](const Tensors& x) {
    const Tensors grads = gradients(weighted, x);
    Tensor total;
    for (size_t i = 0; i < grads.size(); ++i) {
      const Tensor part = reduce_sum(multiply(grads[i], random_tensor(grads[i].shape(), 7 + i)));
      total = total.defined() ? add(total, part) : part;
    }
    return total;
  };
  compare(first_order, inputs, "second order");
}

}  // namespace millstream::testing
