#include "millstream/ops/reduce.h"

#include <fmt/format.h>

#include "millstream/ops/axes.h"

namespace millstream {
namespace {

Attr axis_attr(const std::optional<Ints>& axis) { return axis ? Attr(*axis) : Attr(); }

Attrs attrs_of(const ReduceOptions& options) { return {axis_attr(options.axis), options.keepdims}; }

Specs infer_numeric(const InferContext& c) {
  if (c.inputs[0].dtype == boolean) {
    throw InvalidArgument({.message = fmt::format("{} of a bool tensor", c.op.name()),
                           .hint = "cast it to an integer or floating dtype, or use reduce_any"});
  }
  return {{c.inputs[0].dtype, reduced_shape(c.inputs[0].shape, c.attrs[0], c.attrs.flag(1))}};
}

// g in the shape of the reduction's input.
Tensor spread_gradient(const GradientContext& c, const Tensor& g) {
  const Shape& shape = c.input_specs[0].shape;
  return spread(g, shape, AxisSet::parse(c.attrs[0], shape.rank()).to_ints());
}

Tensors gradient_sum(const GradientContext& c) { return {spread_gradient(c, c.grads[0])}; }

// The input has the axes that `axes` names either with size 1 or not at all.
Specs infer_spread(const InferContext& c) {
  const Shape shape(std::span<const int64_t>(c.attrs.ints(0)));
  const Shape& from = c.inputs[0].shape;
  const bool kept = from.has_rank() && from.rank() == shape.rank();
  if (shape.known() && !compatible(from, reduced_shape(shape, c.attrs[1], kept))) {
    throw InvalidArgument(fmt::format("a tensor of shape {} does not spread to shape {}",
                                      from.to_string(), shape.to_string()));
  }
  return {{c.inputs[0].dtype, shape}};
}

Tensor view_spread(const Tensor& x, const Attrs& attrs, const Shape& shape) {
  const AxisSet axes = AxisSet::parse(attrs[1], shape.rank());
  const bool kept = x.rank() == shape.rank();
  Dims strides(shape.rank(), 0);
  for (int i = 0, from = 0; i < shape.rank(); ++i) {
    if (!axes.has(i)) strides[i] = x.strides()[from];
    if (kept || !axes.has(i)) ++from;
  }
  return x.view(shape, strides);
}

Tensors gradient_spread(const GradientContext& c) {
  const bool kept = c.input_specs[0].shape.rank() == c.output_specs[0].shape.rank();
  return {call(op::reduce_sum, {c.grads[0]}, {c.attrs[1], kept})};
}

}  // namespace

constinit Op op::reduce_sum = {
    .names = "math.reduce_sum reduce_sum",
    .parameters = "input_tensor: tensor, axis: ints? = None, keepdims: bool = False",
    .doc = "The sum of the elements along the given axes.",
    .infer = infer_numeric,
    .gradient = gradient_sum,
    .saves = Saves::nothing};
constinit Op op::spread = {.names = "internal.spread",
                           .parameters = "x: tensor, shape: ints, axes: ints",
                           .doc = "x repeated along the given axes of a larger shape.",
                           .infer = infer_spread,
                           .gradient = gradient_spread,
                           .view = view_spread,
                           .saves = Saves::nothing};

static const RegisterOps family({&op::reduce_sum, &op::spread});

Tensor reduce_sum(const Tensor& x, const ReduceOptions& options) {
  return call(op::reduce_sum, {x}, attrs_of(options));
}

Tensor spread(const Tensor& x, const Shape& shape, const Ints& axes) {
  return call(op::spread, {x}, {Ints(shape.dims().begin(), shape.dims().end()), axes});
}

Tensor sum_to_shape(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  const int added = x.rank() - shape.rank();
  Ints repeated, leading;
  bool fits = added >= 0;
  for (int i = 0; fits && i < x.rank(); ++i) {
    if (i < added) leading.push_back(i);
    if (i < added || shape[i - added] != x.dim(i)) repeated.push_back(i);
    fits = i < added || shape[i - added] == x.dim(i) || shape[i - added] == 1;
  }
  if (!fits) {
    throw InvalidArgument(fmt::format("shape {} does not broadcast to shape {}", shape.to_string(),
                                      x.shape().to_string()));
  }
  if (leading.size() == repeated.size()) return reduce_sum(x, {.axis = leading});
  const Tensor sum = reduce_sum(x, {.axis = repeated, .keepdims = true});
  return leading.empty() ? sum : reduce_sum(sum, {.axis = leading});
}

}  // namespace millstream
