#include "millstream/ops/softmax.h"

#include <fmt/format.h>

#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"

namespace millstream {
namespace {

void check_floating(const InferContext& c, const Spec& logits) {
  if (!is_floating(logits.dtype)) {
    throw InvalidArgument({.message = fmt::format("{} takes floating-point logits, not {}",
                                                  c.op.name(), name_of(logits.dtype)),
                           .hint = "cast the logits to float32"});
  }
}

void check_like(const Spec& gradient, const Spec& of) {
  const bool known = gradient.shape.known() && of.shape.known();
  if (gradient.dtype == of.dtype && (!known || gradient.shape == of.shape)) return;
  throw InvalidArgument(fmt::format("a gradient has the dtype and shape of its tensor, {}, not {}",
                                    to_string(of), to_string(gradient)));
}

Specs infer_softmax(const InferContext& c) {
  const Spec& logits = c.inputs[0];
  check_floating(c, logits);
  const int64_t axis = c.attrs.none(0) ? -1 : c.attrs.integer(0);
  if (logits.shape.has_rank()) {
    const int rank = logits.shape.rank();
    if (axis < -rank || axis >= rank) {
      throw InvalidArgument(fmt::format(
          "`dim` must be in the range [{}, {}) where {} is the number of dimensions in the input. "
          "Received: dim={}",
          -rank, rank, rank, axis));
    }
  }
  return {logits};
}

// Inputs: the softmax and the gradient of it.
Specs infer_softmax_gradient(const InferContext& c) {
  const Specs result = infer_softmax(c);
  check_like(c.inputs[1], c.inputs[0]);
  return result;
}

// The shape of one number per row of the logits.
Shape row_shape(const Shape& logits) {
  if (!logits.has_rank()) return Shape::unknown();
  Dims sizes = logits.dims();
  sizes.erase(sizes.size() - 1);
  return Shape(sizes);
}

void check_labels(const InferContext& c, const Spec& labels, const Spec& logits) {
  check_floating(c, logits);
  if (labels.dtype != int32 && labels.dtype != int64) {
    throw InvalidArgument(
        {.message = fmt::format("labels are int32 or int64, not {}", name_of(labels.dtype)),
         .hint = "softmax_cross_entropy_with_logits takes probabilities"});
  }
  const Shape &x = logits.shape, &y = labels.shape;
  if (x.has_rank() && x.rank() == 0) throw InvalidArgument("logits cannot be scalars");
  if (x.has_rank() && x[-1] == 0) {
    throw InvalidArgument(
        fmt::format("Must have at least one class, but got logits shape {}", x.to_string()));
  }
  if (!x.has_rank() || !y.has_rank()) return;
  const Shape expected = row_shape(x);
  bool fits = y.rank() == expected.rank();
  for (int i = 0; fits && i < y.rank(); ++i) {
    fits = y[i] == expected[i] || y[i] == kUnknown || expected[i] == kUnknown;
  }
  if (!fits) {
    throw InvalidArgument(fmt::format(
        "`labels.shape` must equal `logits.shape` except for the last dimension. Received: "
        "labels.shape={} and logits.shape={}",
        y.to_string(), x.to_string()));
  }
}

// Inputs: labels, logits. Outputs: the loss, and log(sum(exp(logits))) for the gradient.
Specs infer_sparse(const InferContext& c) {
  check_labels(c, c.inputs[0], c.inputs[1]);
  const Spec row = {c.inputs[1].dtype, row_shape(c.inputs[1].shape)};
  return {row, row};
}

// Inputs: labels, logits, the gradient of the loss.
Specs infer_minus_one_hot(const InferContext& c) {
  check_labels(c, c.inputs[0], c.inputs[1]);
  const Spec& logits = c.inputs[1];
  check_like(c.inputs[2], {logits.dtype, row_shape(logits.shape)});
  return {logits};
}

// --- gradients -----------------------------------------------------------------------------------

Tensor along(const Tensor& x, int64_t axis) {
  return reduce_sum(x, {.axis = Ints{axis}, .keepdims = true});
}

int64_t axis_of(const Attrs& attrs) { return attrs.none(0) ? -1 : attrs.integer(0); }

Tensors gradient_softmax(const GradientContext& c) {
  return {call(op::softmax_gradient, {c.outputs[0], c.grads[0]}, c.attrs)};
}

Tensors gradient_log_softmax(const GradientContext& c) {
  return {call(op::log_softmax_gradient, {c.outputs[0], c.grads[0]}, c.attrs)};
}

// Of (g - sum(g y)) y.
Tensors gradient_softmax_gradient(const GradientContext& c) {
  const Tensor &y = c.inputs[0], &g = c.inputs[1], &flow = c.grads[0];
  const int64_t axis = axis_of(c.attrs);
  return {flow * (g - along(g * y, axis)) - g * along(flow * y, axis),
          call(op::softmax_gradient, {y, flow}, c.attrs)};
}

// Of g - exp(y) sum(g).
Tensors gradient_log_softmax_gradient(const GradientContext& c) {
  const Tensor &y = c.inputs[0], &g = c.inputs[1], &flow = c.grads[0];
  const int64_t axis = axis_of(c.attrs);
  const Tensor weighted = flow * exp(y);
  return {-(weighted * along(g, axis)), flow - along(weighted, axis)};
}

Tensors gradient_sparse(const GradientContext& c) {
  Tensors result(2);
  if (c.grads[0].defined()) {
    result[1] = call(op::softmax_minus_one_hot, {c.inputs[0], c.inputs[1], c.grads[0]});
  }
  return result;
}

// Of (softmax(x) - one_hot) * g.
Tensors gradient_minus_one_hot(const GradientContext& c) {
  const Tensor &labels = c.inputs[0], &x = c.inputs[1], &g = c.inputs[2], &flow = c.grads[0];
  const Tensor difference = call(op::softmax_minus_one_hot, {labels, x, ones_like(g)});
  const Tensor inner = call(op::softmax_gradient, {softmax(x), flow}, {Attr()});
  const Tensor scale = spread(g, x.shape(), {x.rank() - 1});
  return {Tensor(), inner * scale, reduce_sum(flow * difference, {.axis = Ints{-1}})};
}

// --- compositions --------------------------------------------------------------------------------

Tensors compose_sparse(std::span<const Tensor> x, const Attrs&) {
  return {call_all(op::sparse_cross_entropy, x)[0]};
}

Tensors compose_dense(std::span<const Tensor> x, const Attrs& attrs) {
  const int64_t axis = axis_of(attrs);
  const Tensor logits = log_softmax(x[1], axis);
  return {-reduce_sum(cast(x[0], logits.dtype()) * logits, {.axis = Ints{axis}})};
}

Tensors compose_sigmoid(std::span<const Tensor> x, const Attrs&) {
  const Tensor &labels = x[0], &logits = x[1];
  return {maximum(logits, 0) - logits * labels + log1p(exp(-abs(logits)))};
}

}  // namespace

constinit Op op::softmax = {
    .names = "nn.softmax",
    .parameters = "logits: tensor, axis: int? = None",
    .doc = "exp(logits) / sum(exp(logits)) along an axis, the last by default.",
    .infer = infer_softmax,
    .gradient = gradient_softmax,
    .saves = Saves::outputs};
constinit Op op::log_softmax = {.names = "nn.log_softmax",
                                .parameters = "logits: tensor, axis: int? = None",
                                .doc = "log(softmax(logits)) without loss of precision.",
                                .infer = infer_softmax,
                                .gradient = gradient_log_softmax,
                                .saves = Saves::outputs};
constinit Op op::softmax_gradient = {
    .names = "internal.softmax_gradient",
    .parameters = "softmax: tensor, gradient: tensor, axis: int? = None",
    .doc = "What flows to the logits when `gradient` flows to their softmax.",
    .infer = infer_softmax_gradient,
    .gradient = gradient_softmax_gradient,
    .saves = Saves::inputs};
constinit Op op::log_softmax_gradient = {
    .names = "internal.log_softmax_gradient",
    .parameters = "log_softmax: tensor, gradient: tensor, axis: int? = None",
    .doc = "What flows to the logits when `gradient` flows to their log_softmax.",
    .infer = infer_softmax_gradient,
    .gradient = gradient_log_softmax_gradient,
    .saves = Saves::inputs};
constinit Op op::sparse_cross_entropy = {
    .names = "internal.sparse_cross_entropy",
    .parameters = "labels: index, logits: tensor",
    .doc = "Cross-entropy with one true class per row, and log(sum(exp(logits))).",
    .infer = infer_sparse,
    .gradient = gradient_sparse,
    .saves = Saves::inputs};
constinit Op op::softmax_minus_one_hot = {
    .names = "internal.softmax_minus_one_hot",
    .parameters = "labels: tensor, logits: tensor, scale: tensor",
    .doc = "(softmax(logits) - one_hot(labels)) * scale, row by row.",
    .infer = infer_minus_one_hot,
    .gradient = gradient_minus_one_hot,
    .saves = Saves::inputs};
constinit Op op::sparse_softmax_cross_entropy_with_logits = {
    .names = "nn.sparse_softmax_cross_entropy_with_logits",
    .parameters = "labels: index, logits: tensor",
    .doc = "Cross-entropy of softmax(logits) with one true class per row.",
    .compose = compose_sparse};
constinit Op op::softmax_cross_entropy_with_logits = {
    .names = "nn.softmax_cross_entropy_with_logits",
    .parameters = "labels: tensor, logits: tensor, axis: int = -1",
    .doc = "Cross-entropy of softmax(logits) with a distribution per row.",
    .compose = compose_dense};
constinit Op op::sigmoid_cross_entropy_with_logits = {
    .names = "nn.sigmoid_cross_entropy_with_logits",
    .parameters = "labels: tensor, logits: tensor",
    .doc = "Cross-entropy of sigmoid(logits), each an independent probability.",
    .compose = compose_sigmoid};

static const RegisterOps family({&op::softmax, &op::log_softmax, &op::softmax_gradient,
                                 &op::log_softmax_gradient, &op::sparse_cross_entropy,
                                 &op::softmax_minus_one_hot,
                                 &op::sparse_softmax_cross_entropy_with_logits,
                                 &op::softmax_cross_entropy_with_logits,
                                 &op::sigmoid_cross_entropy_with_logits});

Tensor softmax(const Tensor& logits, int64_t axis) { return call(op::softmax, {logits}, {axis}); }

Tensor log_softmax(const Tensor& logits, int64_t axis) {
  return call(op::log_softmax, {logits}, {axis});
}

Tensor sparse_softmax_cross_entropy_with_logits(const Tensor& labels, const Tensor& logits) {
  return call(op::sparse_softmax_cross_entropy_with_logits, {labels, logits});
}

Tensor softmax_cross_entropy_with_logits(const Tensor& labels, const Tensor& logits, int64_t axis) {
  return call(op::softmax_cross_entropy_with_logits, {labels, logits}, {axis});
}

Tensor sigmoid_cross_entropy_with_logits(const Tensor& labels, const Tensor& logits) {
  return call(op::sigmoid_cross_entropy_with_logits, {labels, logits});
}

}  // namespace millstream
