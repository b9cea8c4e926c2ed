#pragma once
// Elementwise ops at run time: the Ops made from the declarations in elementwise.h, the derived
// ones (their gradients), and the rules for dtypes and shapes that all of them share.
#include <span>

#include "millstream/ops/op.h"

namespace millstream {

// The declared op at this position of the list `Elementwise`.
size_t map_op_count();
const Op& map_op(size_t index);

// What a declared op does when it is called with tensors.
Tensor call_map(size_t index, const Tensor& x);
Tensor call_map(size_t index, const Tensor& x, const Tensor& y);
Tensor call_map(size_t index, const Tensor& x, const Tensor& y, const Tensor& z);

// dtype of the result; InvalidArgument if the inputs' dtypes do not fit the op or each other.
DType map_dtype(const Op& op, std::span<const Tensor> inputs);
// The type in which elements of a dtype are computed: float32 for the half types, int32 for bool
// and small integers, int64 for uint32, else the dtype itself.
DType compute_dtype(DType dtype);
// The one in which an op computes, by its first input and its output: a comparison computes in what
// it compares, every other op in what it gives.
DType compute_dtype(const Op& op, DType input, DType output);
// The broadcast shape of the inputs.
Shape map_shape(std::span<const Tensor> inputs);
// The inputs with each literal in the dtype of the operand beside it. `adopted` owns what had to be
// made; without literals the span stays on `inputs`.
std::span<const Tensor> adopt_dtypes(const Op& op, std::span<const Tensor> inputs,
                                     Tensors& adopted);

// The op of the gradient by an input, of the inputs and outputs that it reads; nullptr where no
// gradient flows or flows unchanged.
const Op* map_gradient_op(const Op& op, size_t input);

// The one kernel of a backend that runs every elementwise op, declared or derived.
struct RegisterMapKernel {
  RegisterMapKernel(Backend backend, Kernel kernel);
};
const Kernel* map_kernel(Backend backend);

}  // namespace millstream
