#pragma once
// Copies between layouts and dtypes on the CPU.
#include "millstream/tensor/tensor.h"

namespace millstream::cpu {

// Copies elements of `bytes` bytes between any strides (in elements; those of the target not 0).
void copy_strided(const Dims& sizes, size_t bytes, const void* from, const Dims& from_strides,
                  void* to, const Dims& to_strides);

// Calls f with a number that has so many bytes: for what treats elements as bits.
template <class F>
void dispatch_bytes(size_t bytes, F&& f) {
  switch (bytes) {
    case 1: return f(uint8_t());
    case 2: return f(uint16_t());
    case 4: return f(uint32_t());
    default: return f(uint64_t());
  }
}

// Writes the elements of `from` to `to` in row-major order as `dtype`.
void copy_elements(const Tensor& from, DType dtype, void* to);

// x itself if it is undefined or has the dtype, else a copy.
Tensor in_dtype(const Tensor& x, DType dtype);

}  // namespace millstream::cpu
