#pragma once
// Where the largest and the smallest elements are.
//
//   argmax(constant({1.f, 5.f, 3.f}));                                   // 1, as int64
//   argmin(x, {.axis = -1, .output_type = int32});
//
// The first of equal ones; NaN is never chosen, and where there is nothing else the result is 0.
// Errors: InvalidArgument for an axis out of range, an axis of size 0, or an output_type other than
// int64, int32, int16 and uint16.
#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op argmax, argmin;
}

struct ArgmaxOptions {
  int64_t axis = 0;
  DType output_type = int64;
};

// Any dtype. The shape of x without the axis.
Tensor argmax(const Tensor& x, const ArgmaxOptions& options = {});
Tensor argmin(const Tensor& x, const ArgmaxOptions& options = {});

}  // namespace millstream
