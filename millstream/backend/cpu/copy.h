#pragma once
// Copies between layouts and dtypes on the CPU.
#include "millstream/tensor/tensor.h"

namespace millstream::cpu {

// Writes the elements of `from` (any strides, any dtype) to `to` in row-major order as `dtype`.
void copy_elements(const Tensor& from, DType dtype, void* to);

}  // namespace millstream::cpu
