#pragma once
// Checks of dtypes that the families of ops share, in TensorFlow's words.
#include "millstream/ops/op.h"

namespace millstream {

// InvalidArgument: input `input` of the op has the dtype `got` where `wanted` was expected.
[[noreturn]] void refuse_dtype(const Op& op, size_t input, DType got, DType wanted);

// InvalidArgument unless all inputs have the dtype of the first.
void require_equal_dtypes(const InferContext& context);

// InvalidArgument unless the first input holds numbers (any dtype but bool).
void require_numbers(const InferContext& context);

// InvalidArgument unless the first input is floating.
void require_floating(const InferContext& context);

}  // namespace millstream
