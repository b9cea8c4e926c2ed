#pragma once
// The names of types and functions in GPU text.
#include <string>
#include <string_view>

#include "millstream/expr/prim.h"
#include "millstream/tensor/dtype.h"

namespace millstream {

// "float", "LONG"; Internal if `compute` is no type that is computed in.
std::string_view compute_name(DType compute);
// The unsigned type as wide as this integer type.
std::string_view unsigned_name(DType compute);

// "tanh", or "ms_floor_mod_f32" for a function of our own. Internal if there is none for integers.
std::string function_name(DType compute, Prim p);

// The text of special-inl.h; the build makes it.
extern const std::string_view kSpecialText;

}  // namespace millstream
