#pragma once
// Elementwise kernels, generated from expressions.
#include <functional>
#include <span>

#include "millstream/backend/gpu/device.h"

namespace millstream::gpu {

// A map of a program of maps. The program is known by its key.
struct MapKernel {
  std::string program;
  std::string name;
  std::function<std::vector<MapText>()> maps;
};

// One of its two kernels: for inputs that lie as the output does or hold one element, or for any.
Function map_function(GpuDevice& device, const MapKernel& kernel, bool flat);

// The kernel of an elementwise op for inputs of these dtypes. Where programs shall hold many
// kernels
// (`together`), that of all ops and their first gradients, if it is among them.
MapKernel map_kernel_of(const Op& op, std::span<const DType> dtypes, bool together);

// Appends the scalar, which is on the host, as a number of the type `compute`; 0 if undefined.
void append_number(Arguments& arguments, DType compute, const Tensor& scalar);

// Whether x is a scalar on the host.
bool by_value(const Tensor& x);

}  // namespace millstream::gpu
