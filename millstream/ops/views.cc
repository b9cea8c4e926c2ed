#include "millstream/ops/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "millstream/ops/array.h"
#include "millstream/ops/axes.h"
#include "millstream/ops/reduce.h"

namespace millstream {
namespace {

// --- reshape -------------------------------------------------------------------------------------

// Where -1 stands in the requested sizes, else -1.
int inferred_axis(const Ints& sizes) {
  int found = -1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] >= 0) continue;
    if (sizes[i] < kUnknown) {
      throw InvalidArgument(
          {.message = fmt::format("Size {} must be non-negative, not {}", i, sizes[i]),
           .hint = "use -1 for the one size that follows from the rest"});
    }
    if (found >= 0) {
      throw InvalidArgument(
          {.message = fmt::format("Only one input size may be -1, not both {} and {}", found, i),
           .hint = "give all sizes but one"});
    }
    found = static_cast<int>(i);
  }
  return found;
}

int64_t product_of_known(const Ints& sizes) {
  Dims known;
  for (const int64_t size : sizes) known.push_back(std::max<int64_t>(size, 1));
  for (const int64_t size : sizes) {
    if (size == 0) return 0;
  }
  return Shape(known).elements();
}

Specs infer_reshape(const InferContext& c) {
  Ints sizes = c.attrs.ints(0);
  const int inferred = inferred_axis(sizes);
  const int64_t rest = product_of_known(sizes);
  const int64_t elements = c.inputs[0].shape.elements();
  if (elements != kUnknown && inferred >= 0) {
    if (rest == 0 && elements == 0) {
      throw InvalidArgument(
          {.message = "reshape cannot infer the missing input size for an empty tensor unless all "
                      "specified input sizes are non-zero",
           .hint = "give the size instead of -1"});
    }
    if (rest == 0 || elements % rest != 0) {
      throw InvalidArgument(
          {.message = fmt::format("Input to reshape is a tensor with {} values, but the requested "
                                  "shape {} requires a multiple of {}",
                                  elements, to_shape(sizes).to_string(), rest)});
    }
    sizes[inferred] = elements / rest;
  } else if (elements != kUnknown && elements != rest) {
    throw InvalidArgument(
        {.message = fmt::format("Input to reshape is a tensor with {} values, but the requested "
                                "shape {} has {}",
                                elements, to_shape(sizes).to_string(), rest),
         .hint = "-1 stands for the size that fits"});
  }
  return {{c.inputs[0].dtype, to_shape(sizes)}};
}

// A stretch of axes that strides join into one: `size` elements, `step` apart.
struct Stretch {
  int64_t size;
  int64_t step;
};

std::vector<Stretch> stretches(const Tensor& x) {
  std::vector<Stretch> joined;
  for (int i = 0; i < x.rank(); ++i) {
    if (x.dim(i) == 1) continue;
    if (!joined.empty() && joined.back().step == x.dim(i) * x.strides()[i]) {
      joined.back() = {joined.back().size * x.dim(i), x.strides()[i]};
    } else {
      joined.push_back({x.dim(i), x.strides()[i]});
    }
  }
  return joined;
}

// Strides that show x in `shape`, if there are such; x is not empty.
std::optional<Dims> strides_for(const Tensor& x, const Shape& shape) {
  std::vector<Stretch> left = stretches(x);
  Dims strides(shape.rank(), 1);
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (shape[i] == 1) continue;
    if (left.back().size % shape[i] != 0) return std::nullopt;
    strides[i] = left.back().step;
    left.back() = {left.back().size / shape[i], left.back().step * shape[i]};
    if (left.back().size == 1) left.pop_back();
  }
  return strides;
}

Tensor view_reshape(const Tensor& x, const Attrs&, const Shape& shape) {
  if (x.contiguous()) return x.view(shape, contiguous_strides(shape));
  if (const auto strides = strides_for(x, shape)) return x.view(shape, *strides);
  const Tensor copy = Observer::paused([&] { return identity(x); });
  return copy.view(shape, contiguous_strides(shape));
}

Tensors gradient_reshape(const GradientContext& c) {
  return {reshape(c.grads[0], c.input_specs[0].shape)};
}

// --- broadcast_to --------------------------------------------------------------------------------

Specs infer_broadcast_to(const InferContext& c) {
  const Shape shape = to_shape(c.attrs.ints(0));
  const Shape& from = c.inputs[0].shape;
  bool fits = !from.has_rank() || from.rank() <= shape.rank();
  for (int i = 1; fits && i <= from.rank(); ++i) {
    fits = from[-i] == shape[-i] || from[-i] == 1 || from[-i] == kUnknown;
  }
  if (!fits || !shape.known()) {
    throw InvalidArgument(
        {.message = fmt::format("Incompatible shapes: {} does not broadcast to {}",
                                from.to_string(), shape.to_string()),
         .hint = "counted from the last axis, each size must be equal to the wanted one, or 1"});
  }
  return {{c.inputs[0].dtype, shape}};
}

Tensor view_broadcast_to(const Tensor& x, const Attrs&, const Shape& shape) {
  Dims strides(shape.rank(), 0);
  for (int i = 1; i <= x.rank(); ++i) {
    const bool repeated = x.dim(-i) == 1 && shape[-i] != 1;
    strides[shape.rank() - i] = repeated ? 0 : x.strides()[x.rank() - i];
  }
  return x.view(shape, strides);
}

Tensors gradient_broadcast_to(const GradientContext& c) {
  return {sum_to_shape(c.grads[0], c.input_specs[0].shape)};
}

// --- axes of size 1 ------------------------------------------------------------------------------

int new_axis(int64_t axis, int rank) {
  if (axis < -rank - 1 || axis > rank) {
    throw InvalidArgument(
        {.message =
             fmt::format("Tried to expand dim index {} for tensor with {} dimensions", axis, rank),
         .hint = fmt::format("a new axis is in [{}, {}]", -rank - 1, rank)});
  }
  return static_cast<int>(axis < 0 ? axis + rank + 1 : axis);
}

Specs infer_expand_dims(const InferContext& c) {
  const Shape& from = c.inputs[0].shape;
  if (!from.has_rank()) return {{c.inputs[0].dtype, Shape::unknown()}};
  Dims sizes = from.dims();
  sizes.insert(new_axis(c.attrs.integer(0), from.rank()), 1);
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

Tensor view_expand_dims(const Tensor& x, const Attrs& attrs, const Shape& shape) {
  const int axis = new_axis(attrs.integer(0), x.rank());
  Dims strides = x.strides();
  strides.insert(axis, axis < x.rank() ? strides[axis] * x.dim(axis) : 1);
  return x.view(shape, strides);
}

Tensors gradient_expand_dims(const GradientContext& c) {
  return {squeeze(c.grads[0], {c.attrs.integer(0)})};
}

bool names_axes(const Attrs& attrs) { return !attrs.none(0) && !attrs.ints(0).empty(); }

AxisSet named_axes(const Attrs& attrs, int rank) {
  AxisSet axes;
  for (const int64_t axis : attrs.ints(0)) axes.add(normalize_axis(axis, rank));
  return axes;
}

Specs infer_squeeze(const InferContext& c) {
  const Shape& from = c.inputs[0].shape;
  const bool named = names_axes(c.attrs);
  if (!from.has_rank() || (!named && !from.known())) {
    return {{c.inputs[0].dtype, Shape::unknown()}};
  }
  const AxisSet axes = named ? named_axes(c.attrs, from.rank()) : AxisSet();
  Dims sizes;
  for (int i = 0; i < from.rank(); ++i) {
    if (axes.has(i) && from[i] != 1 && from[i] != kUnknown) {
      throw InvalidArgument(
          {.message = fmt::format("Can not squeeze dim[{}], expected a dimension of 1, got {}", i,
                                  from[i]),
           .hint = "name the axes of size 1 only"});
    }
    if (named ? !axes.has(i) : from[i] != 1) sizes.push_back(from[i]);
  }
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

Tensor view_squeeze(const Tensor& x, const Attrs& attrs, const Shape& shape) {
  const bool named = names_axes(attrs);
  const AxisSet axes = named ? named_axes(attrs, x.rank()) : AxisSet();
  Dims strides;
  for (int i = 0; i < x.rank(); ++i) {
    if (named ? !axes.has(i) : x.dim(i) != 1) strides.push_back(x.strides()[i]);
  }
  return x.view(shape, strides);
}

// --- transpose -----------------------------------------------------------------------------------

// The axis of the input that becomes each axis of the result.
Dims permutation(const Attrs& attrs, int rank) {
  Dims perm(rank, 0);
  if (attrs.none(0)) {
    for (int i = 0; i < rank; ++i) perm[i] = rank - 1 - i;
    return perm;
  }
  const Ints& given = attrs.ints(0);
  if (static_cast<int>(given.size()) != rank) {
    throw InvalidArgument(
        {.message = fmt::format("transpose expects a vector of size {}. But input(1) is a vector "
                                "of size {}",
                                rank, given.size()),
         .hint = "the permutation names each axis of the tensor once"});
  }
  AxisSet seen;
  for (int i = 0; i < rank; ++i) {
    perm[i] = normalize_axis(given[i], rank);
    if (seen.has(static_cast<int>(perm[i]))) {
      throw InvalidArgument(
          {.message = fmt::format("axis {} is twice in the permutation", given[i]),
           .hint = "the permutation names each axis of the tensor once"});
    }
    seen.add(static_cast<int>(perm[i]));
  }
  return perm;
}

Specs infer_transpose(const InferContext& c) {
  const Shape& from = c.inputs[0].shape;
  if (!from.has_rank()) {
    const Shape ranked =
        c.attrs.none(0) ? from : Shape(Dims(static_cast<int>(c.attrs.ints(0).size()), kUnknown));
    return {{c.inputs[0].dtype, ranked}};
  }
  Dims sizes = permutation(c.attrs, from.rank());
  for (int64_t& size : sizes) size = from[static_cast<int>(size)];
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

Tensor view_transpose(const Tensor& x, const Attrs& attrs, const Shape& shape) {
  Dims strides = permutation(attrs, x.rank());
  for (int64_t& stride : strides) stride = x.strides()[static_cast<int>(stride)];
  return x.view(shape, strides);
}

Tensors gradient_transpose(const GradientContext& c) {
  if (c.attrs.none(0)) return {transpose(c.grads[0])};
  const Dims perm = permutation(c.attrs, c.grads[0].rank());
  Ints inverse(static_cast<size_t>(perm.size()));
  for (int i = 0; i < perm.size(); ++i) inverse[static_cast<size_t>(perm[i])] = i;
  return {transpose(c.grads[0], inverse)};
}

void check_matrix(const Shape& shape) {
  if (shape.has_rank() && shape.rank() < 2) {
    throw InvalidArgument(
        fmt::format("Argument should be a (batch of) matrices with rank >= 2, got shape {}",
                    shape.to_string()));
  }
}

Specs infer_matrix_transpose(const InferContext& c) {
  const Shape& from = c.inputs[0].shape;
  check_matrix(from);
  Dims sizes = from.dims();
  if (from.has_rank()) std::swap(sizes[sizes.size() - 2], sizes[sizes.size() - 1]);
  return {{c.inputs[0].dtype, from.has_rank() ? Shape(sizes) : from}};
}

Tensors compose_matrix_transpose(std::span<const Tensor> x, const Attrs&) {
  check_matrix(x[0].shape());
  Ints perm(static_cast<size_t>(x[0].rank()));
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[perm.size() - 2], perm[perm.size() - 1]);
  return {transpose(x[0], perm)};
}

// --- ensure_shape --------------------------------------------------------------------------------

Specs infer_ensure_shape(const InferContext& c) {
  const Shape wanted = to_shape(c.attrs.ints(0));
  const Shape& from = c.inputs[0].shape;
  if (!compatible(from, wanted)) {
    throw InvalidArgument(fmt::format("Shape of tensor {} is not compatible with expected shape {}",
                                      from.to_string(), wanted.to_string()));
  }
  Dims sizes = wanted.dims();
  for (int i = 0; i < from.rank(); ++i) sizes[i] = std::max(sizes[i], from[i]);
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

Tensor view_same(const Tensor& x, const Attrs&, const Shape&) { return x.alias(); }

Tensors gradient_same(const GradientContext& c) { return {c.grads[0]}; }

}  // namespace

constinit Op op::reshape = {.names = "reshape",
                            .parameters = "tensor: tensor, shape: ints",
                            .doc = "The elements in row-major order under another shape.",
                            .infer = infer_reshape,
                            .gradient = gradient_reshape,
                            .view = view_reshape,
                            .saves = Saves::nothing};
constinit Op op::broadcast_to = {.names = "broadcast_to",
                                 .parameters = "input: tensor, shape: ints",
                                 .doc = "The input, repeated along new axes and those of size 1.",
                                 .infer = infer_broadcast_to,
                                 .gradient = gradient_broadcast_to,
                                 .view = view_broadcast_to,
                                 .saves = Saves::nothing};
constinit Op op::expand_dims = {.names = "expand_dims",
                                .parameters = "input: tensor, axis: int",
                                .doc = "The input with a new axis of size 1.",
                                .infer = infer_expand_dims,
                                .gradient = gradient_expand_dims,
                                .view = view_expand_dims,
                                .saves = Saves::nothing};
constinit Op op::squeeze = {.names = "squeeze",
                            .parameters = "input: tensor, axis: ints? = None",
                            .doc = "The input without axes of size 1.",
                            .infer = infer_squeeze,
                            .gradient = gradient_reshape,
                            .view = view_squeeze,
                            .saves = Saves::nothing};
constinit Op op::transpose = {
    .names = "transpose",
    .parameters = "a: tensor, perm: ints? = None, conjugate: bool = False",
    .doc = "The input with its axes in another order.",
    .infer = infer_transpose,
    .gradient = gradient_transpose,
    .view = view_transpose,
    .saves = Saves::nothing};
constinit Op op::matrix_transpose = {.names = "linalg.matrix_transpose",
                                     .parameters = "a: tensor, conjugate: bool = False",
                                     .doc = "The input with its last two axes exchanged.",
                                     .infer = infer_matrix_transpose,
                                     .compose = compose_matrix_transpose};
constinit Op op::ensure_shape = {.names = "ensure_shape",
                                 .parameters = "x: tensor, shape: ints",
                                 .doc = "x, if its shape is compatible with the given one.",
                                 .infer = infer_ensure_shape,
                                 .gradient = gradient_same,
                                 .view = view_same,
                                 .saves = Saves::nothing};

static const RegisterOps family({&op::reshape, &op::broadcast_to, &op::expand_dims, &op::squeeze,
                                 &op::transpose, &op::matrix_transpose, &op::ensure_shape});

Ints to_ints(const Shape& shape) { return Ints(shape.dims().begin(), shape.dims().end()); }
Shape to_shape(const Ints& sizes) { return Shape(std::span<const int64_t>(sizes)); }

Tensor reshape(const Tensor& tensor, const Shape& shape) {
  return call(op::reshape, {tensor}, {to_ints(shape)});
}

Tensor broadcast_to(const Tensor& input, const Shape& shape) {
  return call(op::broadcast_to, {input}, {to_ints(shape)});
}

Tensor expand_dims(const Tensor& input, int64_t axis) {
  return call(op::expand_dims, {input}, {axis});
}

Tensor squeeze(const Tensor& input, const Ints& axis) { return call(op::squeeze, {input}, {axis}); }

Tensor transpose(const Tensor& a, const std::optional<Ints>& perm) {
  return call(op::transpose, {a}, {perm ? Attr(*perm) : Attr(), false});
}

Tensor matrix_transpose(const Tensor& a) { return call(op::matrix_transpose, {a}, {false}); }

Tensor ensure_shape(const Tensor& x, const Shape& shape) {
  return call(op::ensure_shape, {x}, {to_ints(shape)});
}

}  // namespace millstream
