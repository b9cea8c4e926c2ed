#pragma once
// Making tensors, and changing how their elements are arranged or stored.
#include <initializer_list>
#include <vector>

#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op identity, cast, fill, zeros_like, ones_like, stop_gradient;
}

// Lists of equal length, nested to any depth that is written out: constant({{1.f, 2.f},
// {3.f, 4.f}}). Elements keep their C++ type, except that double makes float32 unless a dtype says
// otherwise.
template <class T>
Tensor constant(std::initializer_list<T> values);
template <class T>
Tensor constant(std::initializer_list<std::initializer_list<T>> rows);
template <class T>
Tensor constant(std::initializer_list<std::initializer_list<std::initializer_list<T>>> blocks);
// `values` in row-major order; InvalidArgument if their number does not fit the shape.
template <class T>
Tensor constant(const std::vector<T>& values, const Shape& shape);
template <class T>
Tensor constant(const std::vector<T>& values) {
  return constant(values, Shape{static_cast<int64_t>(values.size())});
}
// Keeps double as float64 when asked for: constant(0.5, float64).
template <class T>
requires(std::is_arithmetic_v<T>) Tensor constant(T value, DType dtype) {
  return copy_to(Tensor::scalar(value, dtype), current_device());
}

Tensor fill(const Shape& shape, const Tensor& value);
Tensor zeros(const Shape& shape, DType dtype = float32);
Tensor ones(const Shape& shape, DType dtype = float32);
Tensor zeros_like(const Tensor& x);
Tensor ones_like(const Tensor& x);

// A row-major copy.
Tensor identity(const Tensor& x);
// The same values in another dtype: rounds towards zero to integers, x != 0 to bool.
Tensor cast(const Tensor& x, DType dtype);
// x, through which no gradient flows.
Tensor stop_gradient(const Tensor& x);

// --- templates -----------------------------------------------------------------------------------

template <class T>
Tensor constant(const std::vector<T>& values, const Shape& shape) {
  if (shape.elements() != static_cast<int64_t>(values.size())) {
    throw InvalidArgument("constant: " + std::to_string(values.size()) +
                          " values do not fill the shape " + shape.to_string());
  }
  if constexpr (std::is_same_v<T, bool>) {
    const std::vector<uint8_t> bytes(values.begin(), values.end());
    return Tensor::from_host(boolean, shape, bytes.data(), current_device());
  } else if constexpr (std::is_same_v<T, double>) {
    const std::vector<float> floats(values.begin(), values.end());
    return Tensor::from_host(float32, shape, floats.data(), current_device());
  } else {
    return Tensor::from_host(dtype_of<T>(), shape, values.data(), current_device());
  }
}

template <class T>
Tensor constant(std::initializer_list<T> values) {
  return constant(std::vector<T>(values));
}

template <class T>
Tensor constant(std::initializer_list<std::initializer_list<T>> rows) {
  std::vector<T> values;
  const size_t columns = rows.size() == 0 ? 0 : rows.begin()->size();
  for (const auto& row : rows) {
    if (row.size() != columns) throw InvalidArgument("constant: rows of different lengths");
    values.insert(values.end(), row.begin(), row.end());
  }
  return constant(values, Shape{int64_t(rows.size()), int64_t(columns)});
}

template <class T>
Tensor constant(std::initializer_list<std::initializer_list<std::initializer_list<T>>> blocks) {
  std::vector<T> values;
  const size_t rows = blocks.size() == 0 ? 0 : blocks.begin()->size();
  const size_t columns = rows == 0 ? 0 : blocks.begin()->begin()->size();
  for (const auto& block : blocks) {
    if (block.size() != rows) throw InvalidArgument("constant: blocks of different lengths");
    for (const auto& row : block) {
      if (row.size() != columns) throw InvalidArgument("constant: rows of different lengths");
      values.insert(values.end(), row.begin(), row.end());
    }
  }
  return constant(values, Shape{int64_t(blocks.size()), int64_t(rows), int64_t(columns)});
}

}  // namespace millstream
