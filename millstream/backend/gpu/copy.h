#pragma once
// Copies between layouts on a GPU.
#include "millstream/backend/gpu/program.h"

namespace millstream::gpu {

// Copies elements of `dtype` between any strides (in elements; those of the target not 0).
void copy_strided(GpuDevice& device, const Dims& sizes, DType dtype, const void* from,
                  const Dims& from_strides, void* to, const Dims& to_strides);

// Sets every element of `to`, which is contiguous, to the bits of a scalar on the host.
void fill(GpuDevice& device, const Tensor& to, const Tensor& value);
// Sets the elements of `to` to 0.
void clear(GpuDevice& device, const Tensor& to);

// Text of SCALAR(T, name), the parameter of a kernel that is one element, and of USE_SCALAR(T,
// name), the statement that reads it.
extern const std::string_view kScalarText;
// What is passed for a SCALAR: one that is on the host goes by value.
void add_scalar(Arguments& arguments, const Tensor& scalar);

}  // namespace millstream::gpu
