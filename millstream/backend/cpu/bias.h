#pragma once
// What follows a product or a convolution in the same pass: the bias and the relu.
#include <cstdint>

#include "millstream/tensor/dtype.h"

namespace millstream::cpu {

// y = y + bias, or relu of that: `rows` rows of `columns` elements of a floating dtype. A null bias
// adds nothing.
void add_bias(DType dtype, void* y, int64_t rows, int64_t columns, const void* bias, bool relu);

}  // namespace millstream::cpu
