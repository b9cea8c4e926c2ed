#pragma once
// The one driver of elementwise work on the CPU: it brings the operands of any dtype and strides to
// a kernel in tiles, and spreads the tiles over threads where there are enough of them.
#include <span>

#include "millstream/ops/map_info.h"
#include "millstream/tensor/dtype.h"
#include "millstream/tensor/shape.h"

namespace millstream::cpu {

// An array that is read. Strides count elements, one per dimension of the result; 0 broadcasts.
struct MapInput {
  const void* data;
  DType dtype;
  Dims strides;
};

// Writes `info.body` of the inputs to `out`, row-major, for each element of a result with these
// sizes. Arithmetic is done in `compute`, one of those that compute_dtype names. InvalidArgument
// for an integer division by zero or a negative power of an integer.
void run_map(const MapInfo& info, const Dims& sizes, std::span<const MapInput> inputs,
             DType compute, DType out_dtype, void* out);

}  // namespace millstream::cpu
