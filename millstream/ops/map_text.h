#pragma once
// The GPU kernels of elementwise ops.
#include <span>

#include "millstream/expr/text.h"
#include "millstream/ops/op.h"

namespace millstream {

// The kernel of an elementwise op, declared or derived, for inputs of these dtypes, with a name
// made of both. InvalidArgument if the op does not take them.
//
//   const MapText text = map_text(*find_op("math.add"), std::vector{bfloat16, bfloat16});
//   program_text(Dialect::cuda, std::span(&text, 1));
MapText map_text(const Op& op, std::span<const DType> inputs);

}  // namespace millstream
