#include "millstream/ops/array.h"

#include <fmt/format.h>

namespace millstream {
namespace {

Specs same(const InferContext& c) { return {c.inputs[0]}; }

Specs infer_cast(const InferContext& c) { return {{c.attrs.dtype(0), c.inputs[0].shape}}; }

Specs infer_fill(const InferContext& c) {
  if (c.inputs[0].shape.rank() != 0) throw InvalidArgument("the value to fill with is no scalar");
  for (const int64_t size : c.attrs.ints(0)) {
    if (size < 0) throw InvalidArgument(fmt::format("Dimension {} must be >= 0", size));
  }
  return {{c.inputs[0].dtype, Shape(std::span<const int64_t>(c.attrs.ints(0)))}};
}

Tensors gradient_identity(const GradientContext& c) { return {c.grads[0]}; }

Tensors gradient_cast(const GradientContext& c) {
  if (!is_floating(c.grads[0].dtype())) return {Tensor()};
  return {cast(c.grads[0], c.input_specs[0].dtype)};
}

Tensor view_same(const Tensor& x, const Attrs&, const Shape&) { return x.alias(); }

Specs infer_like(const InferContext& c) {
  return {{c.attrs.none(0) ? c.inputs[0].dtype : c.attrs.dtype(0), c.inputs[0].shape}};
}

template <int value>
Tensors compose_like(std::span<const Tensor> x, const Attrs& attrs) {
  const DType dtype = attrs.none(0) ? x[0].dtype() : attrs.dtype(0);
  return {fill(x[0].shape(), Tensor::scalar(value, dtype))};
}

}  // namespace

constinit Op op::identity = {.names = "identity",
                             .parameters = "input: tensor",
                             .doc = "A copy of the input, in row-major order.",
                             .infer = same,
                             .gradient = gradient_identity,
                             .saves = Saves::nothing,
                             .strided = true};
constinit Op op::cast = {.names = "cast",
                         .parameters = "x: tensor, dtype: dtype",
                         .doc = "The same values in another dtype.",
                         .infer = infer_cast,
                         .gradient = gradient_cast,
                         .saves = Saves::nothing,
                         .strided = true};
constinit Op op::fill = {.names = "fill",
                         .parameters = "dims: ints, value: tensor",
                         .doc = "A tensor of shape `dims`, every element of which is `value`.",
                         .infer = infer_fill,
                         .host_scalars = true};
constinit Op op::zeros_like = {.names = "zeros_like",
                               .parameters = "input: tensor, dtype: dtype? = None",
                               .doc = "Zeros of the input's shape and dtype.",
                               .infer = infer_like,
                               .compose = compose_like<0>};
constinit Op op::ones_like = {.names = "ones_like",
                              .parameters = "input: tensor, dtype: dtype? = None",
                              .doc = "Ones of the input's shape and dtype.",
                              .infer = infer_like,
                              .compose = compose_like<1>};
constinit Op op::stop_gradient = {.names = "stop_gradient",
                                  .parameters = "input: tensor",
                                  .doc = "The input, through which no gradient flows.",
                                  .infer = same,
                                  .view = view_same};

static const RegisterOps family({&op::identity, &op::cast, &op::fill, &op::zeros_like,
                                 &op::ones_like, &op::stop_gradient});

Tensor identity(const Tensor& x) { return call(op::identity, {x}); }

Tensor cast(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return call(op::cast, {x}, {dtype});
}

Tensor fill(const Shape& shape, const Tensor& value) {
  return call(op::fill, {value}, {Ints(shape.dims().begin(), shape.dims().end())});
}

Tensor zeros(const Shape& shape, DType dtype) { return fill(shape, Tensor::scalar(0, dtype)); }
Tensor ones(const Shape& shape, DType dtype) { return fill(shape, Tensor::scalar(1, dtype)); }
Tensor zeros_like(const Tensor& x) { return call(op::zeros_like, {x}, {Attr()}); }
Tensor ones_like(const Tensor& x) { return call(op::ones_like, {x}, {Attr()}); }
Tensor stop_gradient(const Tensor& x) { return call(op::stop_gradient, {x}); }

}  // namespace millstream
