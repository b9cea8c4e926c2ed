#pragma once
// What the building blocks of random numbers share with the ops that are made of them.
#include "millstream/ops/op.h"

namespace millstream {

// The state of a generator is a tensor: its key and its counter, int64[3].
inline constexpr int64_t kStateSize = 3;

// The shape that an attribute names; InvalidArgument if a size is negative.
Shape known_shape(const Attr& attr);

// InvalidArgument unless random real numbers may have this dtype.
void check_floating(DType dtype);

}  // namespace millstream
