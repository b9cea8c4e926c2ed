#pragma once
// Reductions: every op folds the axes that `axis` names (all of them by default) into one value.
//
//   reduce_sum(x);                                   // a scalar
//   reduce_sum(x, {.axis = Ints{-1}, .keepdims = true});
//
// `axis` holds axes in [-rank, rank), each at most once; an empty list folds nothing. With keepdims
// the folded axes stay with size 1. Errors: InvalidArgument for an axis out of range or named
// twice, or for a dtype that the op does not take.
#include <optional>

#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op reduce_sum, spread;
}

struct ReduceOptions {
  std::optional<Ints> axis = {};
  bool keepdims = false;
};

// The sum; any dtype but bool. 0 where nothing is folded.
Tensor reduce_sum(const Tensor& x, const ReduceOptions& options = {});

// The adjoint of reduce_sum over `axes`: x repeated along them, in the given shape. A view.
Tensor spread(const Tensor& x, const Shape& shape, const Ints& axes);

// The adjoint of broadcasting: x summed over what broadcasting from `shape` repeated. Returns x
// itself if it has that shape.
Tensor sum_to_shape(const Tensor& x, const Shape& shape);

}  // namespace millstream
