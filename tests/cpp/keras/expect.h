#pragma once
// Comparing tensors with numbers that Keras gave.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "millstream/ops/array.h"
#include "millstream/tensor/tensor.h"

namespace millstream::keras {

// The first elements in row-major order are `expected`, to a relative 1e-4 of the largest.
inline void expect_begins(const Tensor& actual, const std::vector<double>& expected,
                          double tolerance = 1e-4) {
  const std::vector<double> values = actual.to_vector<double>();
  ASSERT_GE(values.size(), expected.size());
  double scale = 1;
  for (const double value : expected) scale = std::max(scale, std::abs(value));
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(values[i], expected[i], tolerance * scale) << "element " << i;
  }
}

inline void expect_equals(const Tensor& actual, const std::vector<double>& expected,
                          double tolerance = 1e-4) {
  ASSERT_EQ(static_cast<size_t>(actual.elements()), expected.size());
  expect_begins(actual, expected, tolerance);
}

inline double sum_of(const Tensor& x) {
  double sum = 0;
  for (const double value : x.to_vector<double>()) sum += value;
  return sum;
}

// 0.5 * sin(0.7 i + k) + offset: weights that every run has.
inline Tensor weight_pattern(const Shape& shape, double k, double offset = 0,
                             DType dtype = float32) {
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(0.5 * std::sin(0.7 * static_cast<double>(i) + k) + offset);
  }
  return cast(constant(values, shape), dtype);
}

// cos(0.3 i + k): inputs that every run has.
inline Tensor input_pattern(const Shape& shape, double k = 0, DType dtype = float32) {
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(std::cos(0.3 * static_cast<double>(i) + k));
  }
  return cast(constant(values, shape), dtype);
}

}  // namespace millstream::keras
