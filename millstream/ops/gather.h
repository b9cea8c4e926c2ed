#pragma once
// Reading and writing at positions that a tensor of indices (int32 or int64) names.
//
//   gather(table, ids);                              rows of a table
//   gather(x, positions, {.axis = 1});               columns
//   gather_nd(x, {{0, 1}, {2, 0}});                  x[0, 1] and x[2, 0]
//   scatter_nd(indices, updates, {8});               zeros with updates added in
//   tensor_scatter_nd_update(x, indices, updates);   x with other values in some places
//
// Errors: InvalidArgument for an index out of range ("indices[0] = 5 is not in [0, 3)"), for
// indices that are no integers, for shapes that do not fit.
#include <optional>

#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op gather, gather_grad, gather_nd, scatter_nd, gather_nd_grad, tensor_scatter_nd_update,
    tensor_scatter_nd_add, tensor_scatter_nd_sub, tensor_scatter_nd_max, tensor_scatter_nd_min,
    embedding_lookup, boolean_mask, argwhere;
}

struct GatherOptions {
  std::optional<int64_t> axis = {};  // batch_dims by default
  int64_t batch_dims = 0;            // leading axes that params and indices share
};
// Shape: params[:axis] + indices[batch_dims:] + params[axis + 1:].
Tensor gather(const Tensor& params, const Tensor& indices, const GatherOptions& options = {});
// Entries along the last axis of `indices` are positions along the first axes of params. Shape:
// indices[:-1] + params[batch_dims + indices.shape[-1]:].
Tensor gather_nd(const Tensor& params, const Tensor& indices, int64_t batch_dims = 0);

// Zeros of the given shape, to which updates[i...] is added at indices[i...].
Tensor scatter_nd(const Tensor& indices, const Tensor& updates, const Shape& shape);
// The tensor with updates[i...] in the place of, or combined with, what is at indices[i...]. Of
// several updates for one place the last stays; sums and extremes take all.
Tensor tensor_scatter_nd_update(const Tensor& tensor, const Tensor& indices, const Tensor& updates);
Tensor tensor_scatter_nd_add(const Tensor& tensor, const Tensor& indices, const Tensor& updates);
Tensor tensor_scatter_nd_sub(const Tensor& tensor, const Tensor& indices, const Tensor& updates);
Tensor tensor_scatter_nd_max(const Tensor& tensor, const Tensor& indices, const Tensor& updates);
Tensor tensor_scatter_nd_min(const Tensor& tensor, const Tensor& indices, const Tensor& updates);

// Rows of params; those longer than max_norm are scaled to that length.
Tensor embedding_lookup(const Tensor& params, const Tensor& ids,
                        std::optional<double> max_norm = {});
// The places of `tensor` at which the mask is true. The mask's axes are those from `axis` on; in
// the result they are one axis.
Tensor boolean_mask(const Tensor& tensor, const Tensor& mask, std::optional<int64_t> axis = {});
// Positions of the elements that are not zero, in row-major order: int64[count, rank].
Tensor argwhere(const Tensor& condition);

}  // namespace millstream
