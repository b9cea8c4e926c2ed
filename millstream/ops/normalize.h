#pragma once
// Normalization of tensors by their own statistics or by given ones.
//
//   auto [mean, variance] = moments(x, {0});
//   batch_normalization(x, mean, variance, beta, gamma, 1e-3);
//
// Inputs are floating-point; errors are those of the reductions and of broadcasting.
#include "millstream/ops/reduce.h"

namespace millstream {

namespace op {
extern Op moments, batch_normalization, layer_normalization, l2_normalize;
// Parts of the above and of gradients.
extern Op normalize_rows, normalize_rows_gradient, normalize_columns, normalize_columns_gradient;
}  // namespace op

// Mean and variance along `axes`.
MeanAndVariance moments(const Tensor& x, const Ints& axes, bool keepdims = false);

// (x - mean) / sqrt(variance + epsilon) * scale + offset, by broadcasting; an undefined scale or
// offset is left out.
Tensor batch_normalization(const Tensor& x, const Tensor& mean, const Tensor& variance,
                           const Tensor& offset, const Tensor& scale, double variance_epsilon);

// The same with the mean and variance of x along `axis`.
Tensor layer_normalization(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                           const Ints& axis = {-1}, double epsilon = 1e-3);

// The same with the mean and variance of x along all axes but the last, and these; in training.
struct Normalized {
  Tensor result, mean, variance;
};
Normalized normalize_columns(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                             double epsilon);

struct L2NormalizeOptions {
  std::optional<Ints> axis = {};
  double epsilon = 1e-12;
};
// x / sqrt(max(sum(x * x), epsilon)).
Tensor l2_normalize(const Tensor& x, const L2NormalizeOptions& options = {});

}  // namespace millstream
