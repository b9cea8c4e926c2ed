#include <fmt/format.h>

#include "millstream/ops/array.h"
#include "millstream/ops/axes.h"
#include "millstream/ops/join.h"
#include "millstream/ops/slice.h"
#include "millstream/ops/views.h"

namespace millstream {
namespace {

// --- split and unstack ---------------------------------------------------------------------------

// Sizes of the parts: a number of parts, or a list in which -1 takes the rest.
Ints part_sizes(const Attrs& attrs, int64_t whole, int axis) {
  if (const auto* count = std::get_if<int64_t>(&attrs[0])) {
    if (*count < 1 || (whole != kUnknown && whole % *count != 0)) {
      throw InvalidArgument(
          {.message = fmt::format("Dimension size, {}, must be evenly divisible by {} along "
                                  "dimension {}",
                                  whole, *count, axis),
           .hint = "give a list of sizes for parts of different sizes"});
    }
    return Ints(static_cast<size_t>(*count), whole == kUnknown ? whole : whole / *count);
  }
  Ints sizes = attrs.ints(0);
  int64_t sum = 0;
  int64_t* rest = nullptr;
  for (int64_t& size : sizes) {
    if (size < -1 || (size == -1 && rest != nullptr)) {
      throw InvalidArgument(
          fmt::format("a part of size {}: sizes are not negative, except for one "
                      "that may be -1",
                      size));
    }
    if (size == -1) {
      rest = &size;
    } else if (__builtin_add_overflow(sum, size, &sum)) {
      throw InvalidArgument("the sizes of the parts add up to more than 2^63");
    }
  }
  if (whole == kUnknown) return sizes;
  if (rest != nullptr && sum <= whole) *rest = whole - sum;
  if (rest != nullptr ? sum > whole : sum != whole) {
    throw InvalidArgument(
        fmt::format("Determined shape must either match input shape along split_dim exactly if "
                    "fully specified, or be less than the size of the input along split_dim if not "
                    "fully specified. Got: {}, and the size is {}",
                    sum, whole));
  }
  return sizes;
}

void check_number(const Attrs& attrs, size_t found) {
  if (!attrs.none(2) && attrs.integer(2) != static_cast<int64_t>(found)) {
    throw InvalidArgument(
        fmt::format("num is {}, but there are {} parts", attrs.integer(2), found));
  }
}

Specs infer_split(const InferContext& c) {
  const Shape& from = c.inputs[0].shape;
  if (!from.has_rank()) {
    const size_t parts = part_sizes(c.attrs, kUnknown, 0).size();
    return Specs(parts, {c.inputs[0].dtype, Shape::unknown()});
  }
  const int axis = normalize_axis(c.attrs.integer(1), from.rank());
  const Ints sizes = part_sizes(c.attrs, from[axis], axis);
  check_number(c.attrs, sizes.size());
  Specs parts;
  for (const int64_t size : sizes) {
    Dims dims = from.dims();
    dims[axis] = size;
    parts.push_back({c.inputs[0].dtype, Shape(dims)});
  }
  return parts;
}

Tensors views_split(const Tensor& x, const Attrs& attrs, const Specs& parts) {
  const int axis = normalize_axis(attrs.integer(1), x.rank());
  Tensors views;
  int64_t at = 0;
  for (const Spec& part : parts) {
    views.push_back(x.view(part.shape, x.strides(), at * x.strides()[axis]));
    at += part.shape[axis];
  }
  return views;
}

// The gradients of all outputs, zeros where nothing flows.
Tensors gradients_or_zeros(const GradientContext& c) {
  Tensors grads(c.grads.begin(), c.grads.end());
  for (size_t i = 0; i < grads.size(); ++i) {
    const Spec& spec = c.output_specs[i];
    if (!grads[i].defined()) grads[i] = zeros(spec.shape, spec.dtype);
  }
  return grads;
}

Tensors gradient_split(const GradientContext& c) {
  return {concat(gradients_or_zeros(c), c.attrs.integer(1))};
}

Specs infer_unstack(const InferContext& c) {
  const Shape& from = c.inputs[0].shape;
  const bool number_given = !c.attrs.none(0);
  if (!from.has_rank() && number_given) {
    return Specs(static_cast<size_t>(c.attrs.integer(0)), {c.inputs[0].dtype, from});
  }
  const int axis = from.has_rank() ? normalize_axis(c.attrs.integer(1), from.rank()) : 0;
  const int64_t size = from.has_rank() ? from[axis] : kUnknown;
  if (size == kUnknown && !number_given) {
    throw FailedPrecondition(
        {.message = fmt::format("Cannot infer argument `num` from shape {}", from.to_string()),
         .hint = "give num, the size of the axis"});
  }
  const int64_t count = number_given ? c.attrs.integer(0) : size;
  if (count < 0 || (size != kUnknown && size != count)) {
    throw InvalidArgument(fmt::format("Input shape axis {} must equal {}, got shape {}", axis,
                                      count, from.to_string()));
  }
  Dims dims = from.dims();
  dims.erase(axis);
  return Specs(static_cast<size_t>(count), {c.inputs[0].dtype, Shape(dims)});
}

Tensors views_unstack(const Tensor& x, const Attrs& attrs, const Specs& parts) {
  const int axis = normalize_axis(attrs.integer(1), x.rank());
  Dims strides = x.strides();
  strides.erase(axis);
  Tensors views;
  for (const Spec& part : parts) {
    const auto i = static_cast<int64_t>(views.size());
    views.push_back(x.view(part.shape, strides, i * x.strides()[axis]));
  }
  return views;
}

Tensors gradient_unstack(const GradientContext& c) {
  return {stack(gradients_or_zeros(c), c.attrs.integer(1))};
}

// --- reverse -------------------------------------------------------------------------------------

AxisSet reversed_axes(const Attrs& attrs, int rank) {
  AxisSet axes;
  for (const int64_t given : attrs.ints(0)) {
    const int axis = normalize_axis(given, rank);
    if (axes.has(axis))
      throw InvalidArgument(fmt::format("axis {} specified more than once", axis));
    axes.add(axis);
  }
  return axes;
}

Specs infer_reverse(const InferContext& c) {
  if (c.inputs[0].shape.has_rank()) reversed_axes(c.attrs, c.inputs[0].shape.rank());
  return {c.inputs[0]};
}

Tensor view_reverse(const Tensor& x, const Attrs& attrs, const Shape& shape) {
  const AxisSet axes = reversed_axes(attrs, x.rank());
  if (x.elements() == 0) return x.alias();
  Dims strides = x.strides();
  int64_t offset = 0;
  for (int i = 0; i < x.rank(); ++i) {
    if (!axes.has(i)) continue;
    offset += (x.dim(i) - 1) * strides[i];
    strides[i] = -strides[i];
  }
  return x.view(shape, strides, offset);
}

Tensors gradient_reverse(const GradientContext& c) {
  return {reverse(c.grads[0], c.attrs.ints(0))};
}

}  // namespace

constinit Op op::split = {
    .names = "split",
    .parameters = "value: tensor, num_or_size_splits: int|ints, axis: int = 0, num: int? = None",
    .doc = "Parts along an axis: a number of equal ones, or parts of the given sizes.",
    .outputs = "tensors",
    .infer = infer_split,
    .gradient = gradient_split,
    .views = views_split,
    .saves = Saves::nothing};
constinit Op op::unstack = {.names = "unstack",
                            .parameters = "value: tensor, num: int? = None, axis: int = 0",
                            .doc = "The slices along an axis, which goes.",
                            .outputs = "tensors",
                            .infer = infer_unstack,
                            .gradient = gradient_unstack,
                            .views = views_unstack,
                            .saves = Saves::nothing};
constinit Op op::reverse = {.names = "reverse",
                            .parameters = "tensor: tensor, axis: ints",
                            .doc = "The elements in reverse order along the given axes.",
                            .infer = infer_reverse,
                            .gradient = gradient_reverse,
                            .view = view_reverse,
                            .saves = Saves::nothing};

static const RegisterOps family({&op::split, &op::unstack, &op::reverse});

Tensors split(const Tensor& value, int64_t num_splits, int64_t axis) {
  return call_all(op::split, {value}, {num_splits, axis, Attr()});
}

Tensors split(const Tensor& value, const Ints& sizes, int64_t axis) {
  return call_all(op::split, {value}, {sizes, axis, Attr()});
}

Tensors unstack(const Tensor& value, int64_t axis) {
  return call_all(op::unstack, {value}, {Attr(), axis});
}

Tensor reverse(const Tensor& tensor, const Ints& axis) {
  return call(op::reverse, {tensor}, {axis});
}

}  // namespace millstream
