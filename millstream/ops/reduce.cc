#include "millstream/ops/reduce.h"

#include <fmt/format.h>

#include "millstream/ops/array.h"
#include "millstream/ops/axes.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/scan.h"

namespace millstream {
namespace {

Attrs attrs_of(const ReduceOptions& options) {
  return {options.axis ? Attr(*options.axis) : Attr(), options.keepdims};
}

// The first two attributes of every reduction are its axis and keepdims; None means false.
bool keeps_dims(const Attrs& attrs) { return !attrs.none(1) && attrs.flag(1); }

Spec reduced(const InferContext& c, DType dtype) {
  return {dtype, reduced_shape(c.inputs[0].shape, c.attrs[0], keeps_dims(c.attrs))};
}

[[noreturn]] void refuse_dtype(const InferContext& c, const char* takes, const char* hint) {
  throw InvalidArgument({.message = fmt::format("{} takes {}, not {}", c.op.name(), takes,
                                                name_of(c.inputs[0].dtype)),
                         .hint = hint});
}

Specs infer_numeric(const InferContext& c) {
  if (c.inputs[0].dtype == boolean) {
    refuse_dtype(c, "numbers", "cast to a number first, or use reduce_any or reduce_all");
  }
  return {reduced(c, c.inputs[0].dtype)};
}

Specs infer_boolean(const InferContext& c) {
  if (c.inputs[0].dtype != boolean) {
    refuse_dtype(c, "booleans", "compare first, as in reduce_any(x != 0)");
  }
  return {reduced(c, boolean)};
}

Specs infer_floating(const InferContext& c) {
  if (!is_floating(c.inputs[0].dtype)) {
    refuse_dtype(c, "floating-point numbers", "cast the input to float32 or float64");
  }
  return {reduced(c, c.inputs[0].dtype)};
}

Specs infer_count(const InferContext& c) { return {reduced(c, int64)}; }

Specs infer_mean_and_variance(const InferContext& c) {
  const Spec spec = infer_floating(c)[0];
  return {spec, spec};
}

// --- gradients -----------------------------------------------------------------------------------

// A tensor of the shape of the output, in the shape of the input.
Tensor spread_output(const GradientContext& c, const Tensor& y) {
  const Shape& shape = c.input_specs[0].shape;
  return spread(y, shape, AxisSet::parse(c.attrs[0], shape.rank()).to_ints());
}

// How many elements folded into one.
double count(const GradientContext& c) {
  const Shape& shape = c.input_specs[0].shape;
  return static_cast<double>(reduced_elements(shape, AxisSet::parse(c.attrs[0], shape.rank())));
}

Tensors gradient_sum(const GradientContext& c) { return {spread_output(c, c.grads[0])}; }

Tensors gradient_mean(const GradientContext& c) {
  return {spread_output(c, c.grads[0] / count(c))};
}

// The product of all the others, which is right with any number of zeros; axis by axis.
Tensors gradient_prod(const GradientContext& c) {
  const Shape& shape = c.input_specs[0].shape;
  Tensors products = {c.inputs[0]};
  const Ints axes = AxisSet::parse(c.attrs[0], shape.rank()).to_ints();
  for (const int64_t axis : axes) {
    products.push_back(reduce_prod(products.back(), {.axis = Ints{axis}, .keepdims = true}));
  }
  Tensor g = spread_output(c, c.grads[0]);
  for (size_t i = 0; i < axes.size(); ++i) {
    const Tensor& x = products[i];
    g = g * (cumprod(x, {.axis = axes[i], .exclusive = true}) *
             cumprod(x, {.axis = axes[i], .exclusive = true, .reverse = true}));
  }
  return {g};
}

// Elements that are the extreme share its gradient equally.
Tensors gradient_extreme(const GradientContext& c) {
  const Tensor chosen =
      cast(equal(c.inputs[0], spread_output(c, c.outputs[0])), c.grads[0].dtype());
  const Tensor ties = call(op::reduce_sum, {chosen}, c.attrs);
  return {chosen * spread_output(c, c.grads[0] / ties)};
}

Tensors gradient_norm(const GradientContext& c) {
  return {c.inputs[0] * spread_output(c, c.grads[0] / c.outputs[0])};
}

Tensors gradient_mean_and_variance(const GradientContext& c) {
  Tensor dx;
  if (c.grads[1].defined()) {
    const Tensor distance = c.inputs[0] - spread_output(c, c.outputs[0]);
    dx = distance * spread_output(c, c.grads[1] * (2 / count(c)));
  }
  if (c.grads[0].defined()) {
    const Tensor of_mean = spread_output(c, c.grads[0] / count(c));
    dx = dx.defined() ? dx + of_mean : of_mean;
  }
  return {dx};
}

// --- spread --------------------------------------------------------------------------------------

// The input has the axes that `axes` names either with size 1 or not at all.
Specs infer_spread(const InferContext& c) {
  const Shape shape(std::span<const int64_t>(c.attrs.ints(0)));
  const Shape& from = c.inputs[0].shape;
  const bool kept = from.has_rank() && from.rank() == shape.rank();
  const Shape expected = reduced_shape(shape, c.attrs[1], kept);
  if (from.known() && expected.known() && from != expected) {
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

// --- compositions --------------------------------------------------------------------------------

Tensors compose_variance(std::span<const Tensor> x, const Attrs& attrs) {
  return {call_all(op::mean_and_variance, x, attrs)[1]};
}

Tensors compose_std(std::span<const Tensor> x, const Attrs& attrs) {
  return {sqrt(call_all(op::mean_and_variance, x, attrs)[1])};
}

// The largest element is taken out before exp, unless it is infinite or NaN.
Tensors compose_logsumexp(std::span<const Tensor> x, const Attrs& attrs) {
  const Tensor largest = stop_gradient(call(op::reduce_max, x, {attrs[0], true}));
  const Tensor shift = where(is_finite(largest), largest, 0);
  const Tensor sum = call(op::reduce_sum, {exp(x[0] - shift)}, attrs);
  // Summing over axes of size 1 drops them.
  return {log(sum) + call(op::reduce_sum, {shift}, attrs)};
}

Tensors compose_count(std::span<const Tensor> x, const Attrs& attrs) {
  return {cast(call(op::nonzeros, x, {attrs[0], attrs[1]}), attrs.dtype(2))};
}

constexpr std::string_view kParameters =
    "input_tensor: tensor, axis: ints? = None, keepdims: bool? = False";

}  // namespace

constinit Op op::reduce_sum = {.names = "math.reduce_sum reduce_sum",
                               .parameters = kParameters,
                               .doc = "The sum of the elements along the given axes.",
                               .infer = infer_numeric,
                               .gradient = gradient_sum,
                               .saves = Saves::nothing};
constinit Op op::reduce_mean = {
    .names = "math.reduce_mean reduce_mean",
    .parameters = kParameters,
    .doc = "The mean of the elements along the given axes; of integers, truncated.",
    .infer = infer_numeric,
    .gradient = gradient_mean,
    .saves = Saves::nothing};
constinit Op op::reduce_prod = {.names = "math.reduce_prod reduce_prod",
                                .parameters = kParameters,
                                .doc = "The product of the elements along the given axes.",
                                .infer = infer_numeric,
                                .gradient = gradient_prod,
                                .saves = Saves::inputs};
constinit Op op::reduce_max = {
    .names = "math.reduce_max reduce_max",
    .parameters = kParameters,
    .doc = "The largest element along the given axes; NaN if there is one.",
    .infer = infer_numeric,
    .gradient = gradient_extreme,
    .saves = Saves::both};
constinit Op op::reduce_min = {
    .names = "math.reduce_min reduce_min",
    .parameters = kParameters,
    .doc = "The smallest element along the given axes; NaN if there is one.",
    .infer = infer_numeric,
    .gradient = gradient_extreme,
    .saves = Saves::both};
constinit Op op::reduce_euclidean_norm = {
    .names = "math.reduce_euclidean_norm",
    .parameters = kParameters,
    .doc = "The root of the sum of squares along the given axes.",
    .infer = infer_numeric,
    .gradient = gradient_norm,
    .saves = Saves::both};
constinit Op op::reduce_any = {.names = "math.reduce_any reduce_any",
                               .parameters = kParameters,
                               .doc = "Whether any element along the given axes is true.",
                               .infer = infer_boolean};
constinit Op op::reduce_all = {.names = "math.reduce_all reduce_all",
                               .parameters = kParameters,
                               .doc = "Whether all elements along the given axes are true.",
                               .infer = infer_boolean};
constinit Op op::nonzeros = {.names = "internal.nonzeros",
                             .parameters = kParameters,
                             .doc = "How many elements along the given axes are not 0, as int64.",
                             .infer = infer_count};
constinit Op op::mean_and_variance = {
    .names = "internal.mean_and_variance",
    .parameters = kParameters,
    .doc = "Mean, and mean squared distance from it, along the given axes.",
    .infer = infer_mean_and_variance,
    .gradient = gradient_mean_and_variance,
    .saves = Saves::both};
constinit Op op::reduce_variance = {
    .names = "math.reduce_variance",
    .parameters = kParameters,
    .doc = "The mean squared distance from the mean along the given axes.",
    .infer = infer_floating,
    .compose = compose_variance};
constinit Op op::reduce_std = {.names = "math.reduce_std",
                               .parameters = kParameters,
                               .doc = "The root of the variance along the given axes.",
                               .infer = infer_floating,
                               .compose = compose_std};
constinit Op op::reduce_logsumexp = {
    .names = "math.reduce_logsumexp reduce_logsumexp",
    .parameters = kParameters,
    .doc = "log(sum(exp(x))) along the given axes, without overflow.",
    .infer = infer_floating,
    .compose = compose_logsumexp};
constinit Op op::count_nonzero = {
    .names = "math.count_nonzero",
    .parameters = "input: tensor, axis: ints? = None, keepdims: bool? = None, dtype: dtype = int64",
    .doc = "How many elements along the given axes are not 0.",
    .compose = compose_count};
constinit Op op::spread = {.names = "internal.spread",
                           .parameters = "x: tensor, shape: ints, axes: ints",
                           .doc = "x repeated along the given axes of a larger shape.",
                           .infer = infer_spread,
                           .gradient = gradient_spread,
                           .view = view_spread,
                           .saves = Saves::nothing};

static const RegisterOps family({&op::reduce_sum, &op::reduce_mean, &op::reduce_prod,
                                 &op::reduce_max, &op::reduce_min, &op::reduce_euclidean_norm,
                                 &op::reduce_any, &op::reduce_all, &op::nonzeros,
                                 &op::mean_and_variance, &op::reduce_variance, &op::reduce_std,
                                 &op::reduce_logsumexp, &op::count_nonzero, &op::spread});

Tensor reduce_sum(const Tensor& x, const ReduceOptions& options) {
  return call(op::reduce_sum, {x}, attrs_of(options));
}

Tensor reduce_mean(const Tensor& x, const ReduceOptions& options) {
  return call(op::reduce_mean, {x}, attrs_of(options));
}

Tensor reduce_prod(const Tensor& x, const ReduceOptions& options) {
  return call(op::reduce_prod, {x}, attrs_of(options));
}

Tensor reduce_max(const Tensor& x, const ReduceOptions& options) {
  return call(op::reduce_max, {x}, attrs_of(options));
}

Tensor reduce_min(const Tensor& x, const ReduceOptions& options) {
  return call(op::reduce_min, {x}, attrs_of(options));
}

Tensor reduce_euclidean_norm(const Tensor& x, const ReduceOptions& options) {
  return call(op::reduce_euclidean_norm, {x}, attrs_of(options));
}

Tensor reduce_variance(const Tensor& x, const ReduceOptions& options) {
  return call(op::reduce_variance, {x}, attrs_of(options));
}

Tensor reduce_std(const Tensor& x, const ReduceOptions& options) {
  return call(op::reduce_std, {x}, attrs_of(options));
}

Tensor reduce_logsumexp(const Tensor& x, const ReduceOptions& options) {
  return call(op::reduce_logsumexp, {x}, attrs_of(options));
}

Tensor reduce_any(const Tensor& x, const ReduceOptions& options) {
  return call(op::reduce_any, {x}, attrs_of(options));
}

Tensor reduce_all(const Tensor& x, const ReduceOptions& options) {
  return call(op::reduce_all, {x}, attrs_of(options));
}

Tensor count_nonzero(const Tensor& x, const CountOptions& options) {
  return call(op::count_nonzero, {x},
              {options.axis ? Attr(*options.axis) : Attr(), options.keepdims, options.dtype});
}

MeanAndVariance mean_and_variance(const Tensor& x, const ReduceOptions& options) {
  const Tensors both = call_all(op::mean_and_variance, {x}, attrs_of(options));
  return {both[0], both[1]};
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
