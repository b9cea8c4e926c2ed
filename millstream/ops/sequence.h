#pragma once
// Tensors of regular numbers, and numbers about tensors.
//
//   range(5);  range(0, 10, 2);  linspace(0.f, 1.f, 11);  one_hot(labels, 10);
//
// Errors: InvalidArgument for a step of 0 or away from the limit, a negative count, indices that
// are no integers.
#include <optional>

#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op range, sequence, linspace, meshgrid, sequence_mask, one_hot, one_hot_of,
    invert_permutation, shape, size, rank;
}

// start, start + delta, ... before limit: in the widest dtype of the three.
Tensor range(const Tensor& start, const Tensor& limit, const Tensor& delta = 1);
// 0, 1, ... before limit.
Tensor range(const Tensor& limit);
// num numbers at equal distances, the first and the last given; along a new axis if these are no
// scalars. Of integers, float64.
Tensor linspace(const Tensor& start, const Tensor& stop, int64_t num, int64_t axis = 0);
// Each vector's elements along an axis of their own. With "xy" the first two axes are exchanged.
Tensors meshgrid(std::span<const Tensor> args, const std::string& indexing = "xy");
// Whether each of maxlen places comes before the length: bool[..., maxlen]. The longest length is
// the default.
Tensor sequence_mask(const Tensor& lengths, std::optional<int64_t> maxlen = {},
                     DType dtype = boolean);

struct OneHotOptions {
  Tensor on_value = {};              // 1 by default
  Tensor off_value = {};             // 0 by default
  std::optional<int64_t> axis = {};  // of the new axis; the last by default
  std::optional<DType> dtype = {};   // of the values if they are given, else float32
};
// on_value where an index points, off_value elsewhere; indices out of [0, depth) point nowhere.
Tensor one_hot(const Tensor& indices, int64_t depth, const OneHotOptions& options = {});
// y with y[x[i]] = i.
Tensor invert_permutation(const Tensor& x);

// The sizes, their product, their number, as tensors.
Tensor shape(const Tensor& input, DType out_type = int32);
Tensor size(const Tensor& input, DType out_type = int32);
Tensor rank(const Tensor& input);

}  // namespace millstream
