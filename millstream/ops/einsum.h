#pragma once
// Sums of products over named or numbered axes; each becomes a batched product of matrices.
//
//   einsum("bqhd,bkhd->bhqk", {queries, keys});
//   tensordot(a, b, 2);                       // the last two axes of a with the first two of b
//   tensordot(a, b, {1, 2}, {0, 1});
//
// Errors: InvalidArgument for an equation that makes no sense or does not fit the operands' shapes,
// and for axes that are out of range or of different sizes.
#include <string>

#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op einsum, tensordot;
}

// Letters name axes, "..." stands for axes that broadcast. A letter twice in one operand takes the
// diagonal; letters that the output lacks are summed over. Without "->" the output has the letters
// that occur once, in alphabetical order.
Tensor einsum(const std::string& equation, const Tensors& inputs);

Tensor tensordot(const Tensor& a, const Tensor& b, int64_t axes);
Tensor tensordot(const Tensor& a, const Tensor& b, const Ints& a_axes, const Ints& b_axes);

}  // namespace millstream
