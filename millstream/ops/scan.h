#pragma once
// Scans: folds along one axis that give every intermediate result, in the shape of the input.
//
//   cumsum(constant({1.f, 2.f, 3.f}));                        // 1 3 6
//   cumsum(x, {.axis = -1, .exclusive = true});               // 0 1 3
//   cumsum(x, {.reverse = true});                             // 6 5 3
//
// Errors: InvalidArgument for an axis out of range, a scalar, or a dtype that the op does not take.
#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op cumsum, cumprod, cumulative_logsumexp, linear_recurrence;
}

struct ScanOptions {
  int64_t axis = 0;
  bool exclusive = false;  // leave out the element itself
  bool reverse = false;    // begin at the end
};

Tensor cumsum(const Tensor& x, const ScanOptions& options = {});   // any dtype but bool
Tensor cumprod(const Tensor& x, const ScanOptions& options = {});  // any dtype but bool
Tensor cumulative_logsumexp(const Tensor& x, const ScanOptions& options = {});  // floating-point

// y[i] = a[i] * y[i - 1] + b[i], from 0: what gradients of products are made of. `exclusive` gives
// y[i - 1] in its place. Floating-point, of equal shapes.
Tensor linear_recurrence(const Tensor& a, const Tensor& b, const ScanOptions& options = {});

}  // namespace millstream
