#pragma once
// Parts of a tensor: views, so nothing is copied.
//
//   slice(x, {0});                        x[0]
//   slice(x, {Slice(1, 3), -1});          x[1:3, -1]
//   slice(x, {ellipsis, newaxis});        x[..., newaxis]
//   slice(x, {Slice({}, {}, -1)});        x[::-1]
//   Tensors parts = split(x, 3, -1);      three parts of equal size
//
// Errors: InvalidArgument for an index out of range, a stride of 0, too many indices, sizes that do
// not add up.
#include <optional>

#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op strided_slice, strided_slice_grad, slice, split, unstack, reverse;
}

// begin:end:stride along one axis. Negative positions count from the end; what is left out means
// as far as it goes.
struct Slice {
  constexpr Slice(std::optional<int64_t> from = {}, std::optional<int64_t> to = {},
                  int64_t step = 1)
      : begin(from), end(to), stride(step) {}
  std::optional<int64_t> begin, end;
  int64_t stride;
};

// One place of an index: a position (its axis goes), a Slice, `newaxis` (a new axis of size 1) or
// `ellipsis` (all axes that no other index takes).
class Index {
 public:
  enum class Kind : uint8_t { position, slice, newaxis, ellipsis };

  template <std::integral T>
  constexpr Index(T position) : kind_(Kind::position), slice_(static_cast<int64_t>(position)) {}
  constexpr Index(const Slice& slice) : kind_(Kind::slice), slice_(slice) {}
  constexpr explicit Index(Kind kind) : kind_(kind) {}

  Kind kind() const { return kind_; }
  const Slice& slice() const { return slice_; }

 private:
  Kind kind_;
  Slice slice_;
};

inline constexpr Index newaxis{Index::Kind::newaxis};
inline constexpr Index ellipsis{Index::Kind::ellipsis};

// x[indices...]
Tensor slice(const Tensor& x, std::initializer_list<Index> indices);
// The block of `size` elements from `begin`; a size of -1 takes the rest.
Tensor slice(const Tensor& input, const Ints& begin, const Ints& size);

// Parts of equal size along an axis.
Tensors split(const Tensor& value, int64_t num_splits, int64_t axis = 0);
// Parts of the given sizes; one may be -1: it takes the rest.
Tensors split(const Tensor& value, const Ints& sizes, int64_t axis = 0);
// The slices along an axis, which goes.
Tensors unstack(const Tensor& value, int64_t axis = 0);
// The elements in reverse order along the given axes.
Tensor reverse(const Tensor& tensor, const Ints& axis);

// What the attributes of strided_slice make of a tensor of this shape and these strides.
struct SliceLayout {
  Shape shape;
  Dims strides;
  int64_t offset;  // of the first element
};
SliceLayout slice_layout(const Attrs& attrs, size_t first, const Shape& shape, const Dims& strides);

}  // namespace millstream
