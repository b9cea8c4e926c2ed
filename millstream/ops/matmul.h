#pragma once
// Products of matrices.
//
//   matmul(a, b);                             // [.., m, k] by [.., k, n] gives [.., m, n]
//   matmul(x, w, {.transpose_b = true});      // [m, k] by [n, k]
//   fused_dense(x, kernel, bias, {.activation = "relu"});
//
// Leading axes are a batch and broadcast. Views that only exchange axes are read where they lie.
// Errors: InvalidArgument if an operand has less than two axes, if the inner sizes or the batches
// do not fit, or if the dtypes differ. Any dtype but bool; the half types add up in float32.
#include <optional>
#include <string>

#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op matmul, matvec, fused_dense;
// Parts of fused_dense and of gradients.
extern Op dense, relu_bias_gradient;
}  // namespace op

struct MatmulOptions {
  bool transpose_a = false;
  bool transpose_b = false;
  bool adjoint_a = false;  // the same as transpose_a for real numbers
  bool adjoint_b = false;
  std::optional<DType> output_type = {};  // the operands' dtype by default
};
Tensor matmul(const Tensor& a, const Tensor& b, const MatmulOptions& options = {});

struct MatvecOptions {
  bool transpose_a = false;
  bool adjoint_a = false;
};
// [.., m, k] by [.., k] gives [.., m].
Tensor matvec(const Tensor& a, const Tensor& b, const MatvecOptions& options = {});

struct FusedDenseOptions {
  std::string activation = {};  // an elementwise op of tf.nn ("relu", "tanh"); none by default
};
// activation(x kernel + bias) in one pass: [.., k] by [k, n] and [n] gives [.., n]. Millstream's
// own.
Tensor fused_dense(const Tensor& x, const Tensor& kernel, const Tensor& bias,
                   const FusedDenseOptions& options = {});

// Gradients of relu(z + bias) from its output y, in one pass over memory: `gradient` is g where
// y > 0 and else 0, `bias` the sum of that over all axes but the last.
struct ReluBiasGradient {
  Tensor gradient, bias;
};
ReluBiasGradient relu_bias_gradient(const Tensor& g, const Tensor& y);

// The elementwise op of tf.nn that `name` means, applied to x; x itself for "" and "linear".
// InvalidArgument if there is no such op.
Tensor apply_activation(const std::string& name, const Tensor& x);

}  // namespace millstream
