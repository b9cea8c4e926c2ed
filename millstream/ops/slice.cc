#include "millstream/ops/slice.h"

#include <fmt/format.h>

#include <algorithm>

#include "millstream/ops/views.h"

namespace millstream {
namespace {

// --- strided_slice -------------------------------------------------------------------------------

// The attributes of a strided_slice: one entry of the lists and one bit of the masks for each
// index.
class Indices {
 public:
  Indices(const Attrs& attrs, size_t first)
      : begin_(attrs.ints(first)),
        end_(attrs.ints(first + 1)),
        strides_(attrs.none(first + 2) ? nullptr : &attrs.ints(first + 2)),
        begin_mask_(attrs.integer(first + 3)),
        end_mask_(attrs.integer(first + 4)),
        ellipsis_mask_(attrs.integer(first + 5)),
        new_axis_mask_(attrs.integer(first + 6)),
        shrink_mask_(attrs.integer(first + 7)) {
    const size_t strides = strides_ == nullptr ? begin_.size() : strides_->size();
    if (begin_.size() != end_.size() || begin_.size() != strides) {
      throw InvalidArgument(
          fmt::format("Expected begin, end, and strides to be 1D equal size tensors, but got "
                      "sizes {}, {} and {}",
                      begin_.size(), end_.size(), strides));
    }
    if (begin_.size() > kMost) {
      throw InvalidArgument(fmt::format("{} indices: at most {}", begin_.size(), kMost));
    }
  }

  size_t count() const { return begin_.size(); }
  bool ellipsis(size_t i) const { return bit(ellipsis_mask_, i); }
  bool new_axis(size_t i) const { return bit(new_axis_mask_, i); }
  bool shrinks(size_t i) const { return bit(shrink_mask_, i); }
  int64_t position(size_t i) const { return begin_[i]; }
  std::optional<int64_t> begin(size_t i) const { return unless(begin_mask_, i, begin_[i]); }
  std::optional<int64_t> end(size_t i) const { return unless(end_mask_, i, end_[i]); }
  int64_t stride(size_t i) const { return strides_ == nullptr ? 1 : (*strides_)[i]; }

  // How many axes of the tensor the indices take, the ellipsis left aside.
  int taken() const {
    int axes = 0;
    for (size_t i = 0; i < count(); ++i) axes += !ellipsis(i) && !new_axis(i);
    return axes;
  }

 private:
  static constexpr size_t kMost = 32;  // bits of a mask that count
  static bool bit(int64_t mask, size_t i) { return (mask >> i & 1) != 0; }
  static std::optional<int64_t> unless(int64_t mask, size_t i, int64_t value) {
    return bit(mask, i) ? std::nullopt : std::optional(value);
  }

  const Ints& begin_;
  const Ints& end_;
  const Ints* strides_;
  int64_t begin_mask_, end_mask_, ellipsis_mask_, new_axis_mask_, shrink_mask_;
};

// What is taken of one axis.
struct Range {
  int64_t first, count;
};

int64_t checked_position(int64_t position, int axis, int64_t size) {
  if (size == kUnknown) return 0;
  if (position < -size || position >= size) {
    throw InvalidArgument(
        {.message = fmt::format("slice index {} of dimension {} out of bounds", position, axis),
         .hint =
             fmt::format("positions of an axis of size {} are in [{}, {})", size, -size, size)});
  }
  return position < 0 ? position + size : position;
}

Range range_of(const Indices& indices, size_t i, int64_t size) {
  const int64_t stride = indices.stride(i);
  if (stride == 0) {
    throw InvalidArgument(fmt::format("strides[{}] must be non-zero", i));
  }
  if (size == kUnknown) return {0, kUnknown};
  // Positions from which a step may start, and at which it ends.
  const int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? size : size - 1;
  const auto clamp = [&](std::optional<int64_t> position, int64_t otherwise) {
    if (!position) return otherwise;
    return std::clamp(*position < 0 ? *position + size : *position, low, high);
  };
  const int64_t first = clamp(indices.begin(i), stride > 0 ? low : high);
  const int64_t end = clamp(indices.end(i), stride > 0 ? high : low);
  if (stride > 0 ? end <= first : end >= first) return {0, 0};
  const uint64_t length = static_cast<uint64_t>(stride > 0 ? end - first : first - end);
  const uint64_t step = stride > 0 ? static_cast<uint64_t>(stride) : -static_cast<uint64_t>(stride);
  return {first, static_cast<int64_t>((length - 1) / step + 1)};
}

// Builds the result axis by axis.
struct Builder {
  const Shape& shape;
  const Dims& strides;
  Dims sizes = {}, steps = {};
  int64_t offset = 0;
  int axis = 0;  // next of the input

  void keep(int count) {
    for (; count > 0; --count, ++axis) {
      sizes.push_back(shape[axis]);
      steps.push_back(strides[axis]);
    }
  }

  void add(const Indices& indices, size_t i) {
    if (indices.shrinks(i)) {
      if (indices.stride(i) <= 0) {
        throw InvalidArgument("only stride 1 allowed on non-range indexing");
      }
      offset += checked_position(indices.position(i), axis, shape[axis]) * strides[axis];
    } else {
      const Range range = range_of(indices, i, shape[axis]);
      offset += range.first * strides[axis];
      sizes.push_back(range.count);
      steps.push_back(range.count > 1 ? strides[axis] * indices.stride(i) : strides[axis]);
    }
    ++axis;
  }
};

constexpr size_t kSliceAttrs = 8;

Specs infer_strided_slice(const InferContext& c) {
  const Shape& from = c.inputs[0].shape;
  if (!from.has_rank()) {
    const Indices check(c.attrs, 0);
    return {{c.inputs[0].dtype, Shape::unknown()}};
  }
  // Strides do not matter to the shape.
  const Dims strides(from.rank(), 0);
  return {{c.inputs[0].dtype, slice_layout(c.attrs, 0, from, strides).shape}};
}

Tensor view_strided_slice(const Tensor& x, const Attrs& attrs, const Shape& shape) {
  const SliceLayout layout = slice_layout(attrs, 0, x.shape(), x.strides());
  return x.view(shape, layout.strides, shape.elements() == 0 ? 0 : layout.offset);
}

std::vector<Attr> list_of(const Attrs& attrs, size_t first) {
  std::vector<Attr> values;
  for (size_t i = first; i < attrs.size(); ++i) values.push_back(attrs[i]);
  return values;
}

Tensors gradient_strided_slice(const GradientContext& c) {
  std::vector<Attr> attrs = list_of(c.attrs, 0);
  attrs.insert(attrs.begin(), to_ints(c.input_specs[0].shape));
  return {call(op::strided_slice_grad, {c.grads[0]}, Attrs(std::move(attrs)))};
}

Specs infer_strided_slice_grad(const InferContext& c) {
  const Shape shape = to_shape(c.attrs.ints(0));
  const Shape part = slice_layout(c.attrs, 1, shape, Dims(shape.rank(), 0)).shape;
  if (!compatible(part, c.inputs[0].shape)) {
    throw InvalidArgument(fmt::format("a slice of shape {} is to be put where one of shape {} was",
                                      c.inputs[0].shape.to_string(), part.to_string()));
  }
  return {{c.inputs[0].dtype, shape}};
}

Tensors gradient_strided_slice_grad(const GradientContext& c) {
  return {call(op::strided_slice, {c.grads[0]}, Attrs(list_of(c.attrs, 1)))};
}

// --- slice ---------------------------------------------------------------------------------------

void check_block(const Ints& begin, const Ints& size, const Shape& shape) {
  const auto rank = static_cast<size_t>(shape.rank());
  if (begin.size() != size.size() || (shape.has_rank() && begin.size() != rank)) {
    throw InvalidArgument(
        fmt::format("Expected begin and size arguments to be 1-D tensors of size {}, but got {} "
                    "and {} instead",
                    rank, begin.size(), size.size()));
  }
  if (!shape.has_rank()) return;
  for (size_t i = 0; i < rank; ++i) {
    const int64_t whole = shape[static_cast<int>(i)];
    if (whole == kUnknown) continue;
    if (begin[i] < 0 || begin[i] > whole) {
      throw InvalidArgument(
          fmt::format("Expected begin[{}] in [0, {}], but got {}", i, whole, begin[i]));
    }
    if (size[i] < -1 || size[i] > whole - begin[i]) {
      throw InvalidArgument(
          fmt::format("Expected size[{}] in [0, {}], but got {}", i, whole - begin[i], size[i]));
    }
  }
}

Specs infer_slice(const InferContext& c) {
  const Ints &begin = c.attrs.ints(0), &size = c.attrs.ints(1);
  const Shape& from = c.inputs[0].shape;
  check_block(begin, size, from);
  Dims sizes{std::span<const int64_t>(size)};
  for (int i = 0; i < from.rank(); ++i) {
    if (sizes[i] == -1 && from[i] != kUnknown) sizes[i] = from[i] - begin[static_cast<size_t>(i)];
  }
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

Attrs block_attrs(const Ints& begin, const Ints& size) {
  Ints end(begin.size());
  int64_t to_the_end = 0;
  for (size_t i = 0; i < begin.size(); ++i) {
    end[i] = begin[i] + size[i];
    if (size[i] == -1) to_the_end |= int64_t{1} << i;
  }
  return {begin, end, Attr(), int64_t{0}, to_the_end, int64_t{0}, int64_t{0}, int64_t{0}};
}

Tensors compose_slice(std::span<const Tensor> x, const Attrs& attrs) {
  check_block(attrs.ints(0), attrs.ints(1), x[0].shape());
  return {call(op::strided_slice, {x[0]}, block_attrs(attrs.ints(0), attrs.ints(1)))};
}

}  // namespace

SliceLayout slice_layout(const Attrs& attrs, size_t first, const Shape& shape,
                         const Dims& strides) {
  const Indices indices(attrs, first);
  const int taken = indices.taken();
  if (taken > shape.rank()) {
    throw InvalidArgument(
        {.message = fmt::format("Index out of range using input dim {}; input has "
                                "only {} dims",
                                shape.rank(), shape.rank()),
         .hint = fmt::format("{} indices are given", taken)});
  }
  Builder builder{shape, strides};
  bool seen_ellipsis = false;
  for (size_t i = 0; i < indices.count(); ++i) {
    if (indices.ellipsis(i)) {
      if (seen_ellipsis) throw InvalidArgument("Multiple ellipses in slice spec not allowed");
      seen_ellipsis = true;
      builder.keep(shape.rank() - taken);
    } else if (indices.new_axis(i)) {
      builder.sizes.push_back(1);
      builder.steps.push_back(1);
    } else {
      builder.add(indices, i);
    }
  }
  builder.keep(shape.rank() - builder.axis);
  return {Shape(builder.sizes), builder.steps, builder.offset};
}

constinit Op op::strided_slice = {
    .names = "strided_slice",
    .parameters =
        "input_: tensor, begin: ints, end: ints, strides: ints? = None, begin_mask: int "
        "= 0, end_mask: int = 0, ellipsis_mask: int = 0, new_axis_mask: int = 0, "
        "shrink_axis_mask: int = 0",
    .doc =
        "input_[begin:end:strides]. Bit i of a mask says of entry i that it has no begin or no "
        "end, or that it is an ellipsis, a new axis, or a position whose axis goes.",
    .infer = infer_strided_slice,
    .gradient = gradient_strided_slice,
    .view = view_strided_slice,
    .saves = Saves::nothing};
constinit Op op::strided_slice_grad = {
    .names = "internal.strided_slice_grad",
    .parameters =
        "dy: tensor, shape: ints, begin: ints, end: ints, strides: ints? = None, "
        "begin_mask: int = 0, end_mask: int = 0, ellipsis_mask: int = 0, "
        "new_axis_mask: int = 0, shrink_axis_mask: int = 0",
    .doc = "Zeros of the given shape, with dy in the place of the slice.",
    .infer = infer_strided_slice_grad,
    .gradient = gradient_strided_slice_grad,
    .saves = Saves::nothing,
    .strided = true};
constinit Op op::slice = {.names = "slice",
                          .parameters = "input_: tensor, begin: ints, size: ints",
                          .doc = "The block of the given size from `begin`; -1 takes the rest.",
                          .infer = infer_slice,
                          .compose = compose_slice};
static const RegisterOps family({&op::strided_slice, &op::strided_slice_grad, &op::slice});

Tensor slice(const Tensor& x, std::initializer_list<Index> indices) {
  Ints begin, end, strides;
  int64_t begin_mask = 0, end_mask = 0, ellipsis_mask = 0, new_axis_mask = 0, shrink_mask = 0;
  int64_t bit = 1;
  for (const Index& index : indices) {
    const Slice& part = index.slice();
    if (index.kind() == Index::Kind::ellipsis) ellipsis_mask |= bit;
    if (index.kind() == Index::Kind::newaxis) new_axis_mask |= bit;
    if (index.kind() == Index::Kind::position) shrink_mask |= bit;
    if (!part.begin) begin_mask |= bit;
    if (!part.end) end_mask |= bit;
    begin.push_back(part.begin.value_or(0));
    end.push_back(part.end.value_or(0));
    strides.push_back(part.stride);
    bit <<= 1;
  }
  return call(op::strided_slice, {x},
              {std::move(begin), std::move(end), std::move(strides), begin_mask, end_mask,
               ellipsis_mask, new_axis_mask, shrink_mask});
}

Tensor slice(const Tensor& input, const Ints& begin, const Ints& size) {
  return call(op::slice, {input}, {begin, size});
}

}  // namespace millstream
