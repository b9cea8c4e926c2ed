#include "millstream/ops/scan.h"

#include <fmt/format.h>

#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"

namespace millstream {
namespace {

Attrs attrs_of(const ScanOptions& options) {
  return {options.axis, options.exclusive, options.reverse};
}

ScanOptions options_of(const Attrs& attrs) {
  return {.axis = attrs.integer(0), .exclusive = attrs.flag(1), .reverse = attrs.flag(2)};
}

void check_axis(const InferContext& c) {
  const int64_t axis = c.attrs.integer(0);
  for (const Spec& input : c.inputs) {
    if (!input.shape.has_rank()) continue;
    const int rank = input.shape.rank();
    if (axis < -rank || axis >= rank) {
      throw InvalidArgument(fmt::format(
          "ScanOp: Expected scan axis in the range [{}, {}), but got {}", -rank, rank, axis));
    }
  }
}

Specs infer_numeric(const InferContext& c) {
  if (c.inputs[0].dtype == boolean) {
    throw InvalidArgument({.message = fmt::format("{} takes numbers, not bool", c.op.name()),
                           .hint = "cast the input to a number first"});
  }
  check_axis(c);
  return {c.inputs[0]};
}

Specs infer_floating(const InferContext& c) {
  for (const Spec& input : c.inputs) {
    if (!is_floating(input.dtype) || input.dtype != c.inputs[0].dtype) {
      throw InvalidArgument(fmt::format("{} takes floating-point numbers of one dtype, not {}",
                                        c.op.name(), name_of(input.dtype)));
    }
  }
  check_axis(c);
  return {c.inputs[0]};
}

Specs infer_recurrence(const InferContext& c) {
  infer_floating(c);
  const Shape &a = c.inputs[0].shape, &b = c.inputs[1].shape;
  if (a.known() && b.known() && a != b) {
    throw InvalidArgument(
        fmt::format("shapes {} and {} are not equal", a.to_string(), b.to_string()));
  }
  return {a.known() ? c.inputs[0] : c.inputs[1]};
}

// --- gradients -----------------------------------------------------------------------------------

Tensors gradient_cumsum(const GradientContext& c) {
  ScanOptions back = options_of(c.attrs);
  back.reverse = !back.reverse;
  return {cumsum(c.grads[0], back)};
}

// The gradient that reaches y[i], directly and through all later elements, in
// y[i] = a[i] * y[i - 1] + b[i].
Tensor reaching(const Tensor& a, const Tensor& g, const Attrs& attrs) {
  const ScanOptions options = options_of(attrs);
  const ScanOptions back = {.axis = options.axis, .exclusive = true, .reverse = !options.reverse};
  if (options.exclusive) return linear_recurrence(a, g, back);
  return g + linear_recurrence(a, a * g, back);
}

Tensors gradient_cumprod(const GradientContext& c) {
  ScanOptions before = options_of(c.attrs);
  const bool exclusive = std::exchange(before.exclusive, true);
  const Tensor& x = c.inputs[0];
  return {reaching(x, c.grads[0], c.attrs) * (exclusive ? c.outputs[0] : cumprod(x, before))};
}

Tensors gradient_recurrence(const GradientContext& c) {
  ScanOptions before = options_of(c.attrs);
  const bool exclusive = std::exchange(before.exclusive, true);
  const Tensor &a = c.inputs[0], &b = c.inputs[1];
  const Tensor flow = reaching(a, c.grads[0], c.attrs);
  return {flow * (exclusive ? c.outputs[0] : linear_recurrence(a, b, before)), flow};
}

// exp(x) * the sum of g * exp(-y) over all later elements, in logarithms; the positive and the
// negative gradients apart.
Tensors gradient_logsumexp(const GradientContext& c) {
  ScanOptions back = options_of(c.attrs);
  back.reverse = !back.reverse;
  const Tensor &g = c.grads[0], &x = c.inputs[0], &y = c.outputs[0];
  const auto part = [&](const Tensor& chosen, const Tensor& size) {
    const Tensor nothing = Tensor::scalar(-std::numeric_limits<double>::infinity(), g.dtype());
    const Tensor logs = where(chosen, log(where(chosen, size, 1)) - y, nothing);
    return exp(cumulative_logsumexp(logs, back) + x);
  };
  return {part(g > 0, g) - part(g < 0, -g)};
}

constexpr std::string_view kParameters =
    "x: tensor, axis: int = 0, exclusive: bool = False, reverse: bool = False";

}  // namespace

constinit Op op::cumsum = {.names = "math.cumsum cumsum",
                           .parameters = kParameters,
                           .doc = "The sum of the elements up to each one along an axis.",
                           .infer = infer_numeric,
                           .gradient = gradient_cumsum,
                           .saves = Saves::nothing};
constinit Op op::cumprod = {.names = "math.cumprod",
                            .parameters = kParameters,
                            .doc = "The product of the elements up to each one along an axis.",
                            .infer = infer_numeric,
                            .gradient = gradient_cumprod};
constinit Op op::cumulative_logsumexp = {
    .names = "math.cumulative_logsumexp",
    .parameters = kParameters,
    .doc = "log(sum(exp(x))) of the elements up to each one along an axis.",
    .infer = infer_floating,
    .gradient = gradient_logsumexp};
constinit Op op::linear_recurrence = {
    .names = "internal.linear_recurrence",
    .parameters =
        "a: tensor, b: tensor, axis: int = 0, exclusive: bool = False, "
        "reverse: bool = False",
    .doc = "y[i] = a[i] * y[i - 1] + b[i] along an axis, from 0.",
    .infer = infer_recurrence,
    .gradient = gradient_recurrence};

static const RegisterOps family({&op::cumsum, &op::cumprod, &op::cumulative_logsumexp,
                                 &op::linear_recurrence});

Tensor cumsum(const Tensor& x, const ScanOptions& options) {
  return call(op::cumsum, {x}, attrs_of(options));
}

Tensor cumprod(const Tensor& x, const ScanOptions& options) {
  return call(op::cumprod, {x}, attrs_of(options));
}

Tensor cumulative_logsumexp(const Tensor& x, const ScanOptions& options) {
  return call(op::cumulative_logsumexp, {x}, attrs_of(options));
}

Tensor linear_recurrence(const Tensor& a, const Tensor& b, const ScanOptions& options) {
  return call(op::linear_recurrence, {a, b}, attrs_of(options));
}

}  // namespace millstream
