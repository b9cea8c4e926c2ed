#pragma once
// Reductions: every op folds the axes that `axis` names (all of them by default) into one value.
//
//   reduce_sum(x);                                          // a scalar
//   reduce_max(x, {.axis = Ints{-1}, .keepdims = true});
//
// `axis` holds axes in [-rank, rank), each at most once; an empty list folds nothing. With keepdims
// the folded axes stay with size 1. Errors: InvalidArgument for an axis out of range or named
// twice, or for a dtype that the op does not take. NaN is contagious. The half types are folded as
// float, and what is folded in which order depends on the shape alone.
#include <optional>

#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op reduce_sum, reduce_mean, reduce_prod, reduce_max, reduce_min, reduce_any, reduce_all,
    reduce_euclidean_norm, reduce_logsumexp, reduce_variance, reduce_std, count_nonzero;
// Parts of the above and of gradients.
extern Op spread, mean_and_variance, nonzeros;
}  // namespace op

struct ReduceOptions {
  std::optional<Ints> axis = {};
  bool keepdims = false;
};

// Numbers: any dtype but bool, and the same dtype out. Integers wrap around. Where nothing is
// folded: 0, NaN (0 for integers), 1, -infinity or the lowest integer, infinity or the highest, 0.
Tensor reduce_sum(const Tensor& x, const ReduceOptions& options = {});
Tensor reduce_mean(const Tensor& x, const ReduceOptions& options = {});  // of integers: truncated
Tensor reduce_prod(const Tensor& x, const ReduceOptions& options = {});
Tensor reduce_max(const Tensor& x, const ReduceOptions& options = {});
Tensor reduce_min(const Tensor& x, const ReduceOptions& options = {});
Tensor reduce_euclidean_norm(const Tensor& x, const ReduceOptions& options = {});

// Floating-point numbers. log(sum(exp(x))) without overflow; mean squared distance from the mean;
// its root.
Tensor reduce_logsumexp(const Tensor& x, const ReduceOptions& options = {});
Tensor reduce_variance(const Tensor& x, const ReduceOptions& options = {});
Tensor reduce_std(const Tensor& x, const ReduceOptions& options = {});

// Booleans. False and true where nothing is folded.
Tensor reduce_any(const Tensor& x, const ReduceOptions& options = {});
Tensor reduce_all(const Tensor& x, const ReduceOptions& options = {});

struct CountOptions {
  std::optional<Ints> axis = {};
  bool keepdims = false;
  DType dtype = int64;
};
// How many elements are not 0 (NaN is not); any dtype.
Tensor count_nonzero(const Tensor& x, const CountOptions& options = {});

struct MeanAndVariance {
  Tensor mean, variance;
};
// Both in one pass over a floating-point x.
MeanAndVariance mean_and_variance(const Tensor& x, const ReduceOptions& options = {});

// The adjoint of reduce_sum over `axes`: x repeated along them, in the given shape. A view.
Tensor spread(const Tensor& x, const Shape& shape, const Ints& axes);

// The adjoint of broadcasting: x summed over what broadcasting from `shape` repeated. Returns x
// itself if it has that shape. InvalidArgument if `shape` does not broadcast to that of x.
Tensor sum_to_shape(const Tensor& x, const Shape& shape);

}  // namespace millstream
