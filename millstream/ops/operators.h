#pragma once
// Arithmetic and comparison operators of tensors; variables and literals convert.
//
//   Tensor y = 2 * x + w;      // x a Tensor, w a Variable
//   Tensor mask = x > 0;       // bool
// On integers / is true division, as in TensorFlow: float32 for 8 and 16 bits, float64 for wider.
#include "millstream/ops/elementwise.h"
#include "millstream/tensor/variable.h"

namespace millstream {

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return subtract(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return multiply(a, b); }
Tensor operator/(const Tensor& a, const Tensor& b);
inline Tensor operator-(const Tensor& a) { return negative(a); }
inline Tensor operator<(const Tensor& a, const Tensor& b) { return less(a, b); }
inline Tensor operator<=(const Tensor& a, const Tensor& b) { return less_equal(a, b); }
inline Tensor operator>(const Tensor& a, const Tensor& b) { return greater(a, b); }
inline Tensor operator>=(const Tensor& a, const Tensor& b) { return greater_equal(a, b); }
inline Tensor operator==(const Tensor& a, const Tensor& b) { return equal(a, b); }
inline Tensor operator!=(const Tensor& a, const Tensor& b) { return not_equal(a, b); }
inline Tensor operator!(const Tensor& a) { return logical_not(a); }

}  // namespace millstream
