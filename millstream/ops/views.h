#pragma once
// Other shapes over the same data: nothing is copied, except where strides cannot express the
// result (a reshape of a transposed tensor makes a row-major copy).
//
//   reshape(x, {-1, 28, 28});  transpose(x, {0, 2, 1});  squeeze(expand_dims(x, 0), {0});
//
// Errors: InvalidArgument if the sizes do not fit, an axis is out of range or named twice, or a
// permutation is none.
#include <optional>

#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op reshape, broadcast_to, expand_dims, squeeze, transpose, matrix_transpose, ensure_shape;
}

// The elements in row-major order under another shape. One size may be -1: it follows from the
// rest.
Tensor reshape(const Tensor& tensor, const Shape& shape);
// x repeated along new leading axes and along those of size 1.
Tensor broadcast_to(const Tensor& input, const Shape& shape);
// A new axis of size 1 before `axis`, which is in [-rank - 1, rank].
Tensor expand_dims(const Tensor& input, int64_t axis);
// Without the axes of size 1 that are named; without all of them if none is.
Tensor squeeze(const Tensor& input, const Ints& axis = {});
// Axis i of the result is axis perm[i] of `a`; by default the axes in reverse order.
Tensor transpose(const Tensor& a, const std::optional<Ints>& perm = {});
// The last two axes exchanged.
Tensor matrix_transpose(const Tensor& a);
// x; InvalidArgument unless its shape is compatible with `shape`, where -1 fits any size.
Tensor ensure_shape(const Tensor& x, const Shape& shape);

// The attribute that names a shape; unknown sizes are -1.
Ints to_ints(const Shape& shape);
Shape to_shape(const Ints& sizes);

}  // namespace millstream
