#pragma once
// What gather and scatter kernels share: where their indices point.
#include <vector>

#include "millstream/ops/op.h"

namespace millstream::cpu {

// Calls f with a pointer to the indices: int32_t or int64_t.
template <class F>
void with_indices(const Tensor& indices, F&& f) {
  if (indices.dtype() == int32) {
    f(indices.data<int32_t>());
  } else {
    f(indices.data<int64_t>());
  }
}

// params as gather sees it: [batch, outer, size, inner], of which each batch takes `count` indices.
struct GatherPlan {
  int64_t batch = 1, outer = 1, size = 1, inner = 1;
  int64_t count = 1;
  GatherPlan(const Shape& params, const Shape& indices, const Attrs& attrs);
  int64_t slices() const { return batch * outer * count; }
};

// InvalidArgument "indices[1,0] = 5 is not in [0, 3)" for the first that is out of range.
void check_range(const Tensor& indices, int64_t size);

// Where each entry of the last axis of `indices` points into params: the first element's offset.
// InvalidArgument if one is out of range.
std::vector<int64_t> nd_offsets(const Tensor& indices, const Shape& params, int64_t batch_dims);
// Elements of a slice at such an offset.
int64_t nd_slice(const Tensor& indices, const Shape& params, int64_t batch_dims);

}  // namespace millstream::cpu
