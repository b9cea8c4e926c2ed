#include "millstream/ops/normalize.h"

#include <fmt/format.h>

#include "millstream/ops/array.h"
#include "millstream/ops/axes.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/views.h"

namespace millstream {
namespace {

Tensors compose_moments(std::span<const Tensor> x, const Attrs& attrs) {
  return call_all(op::mean_and_variance, x, {attrs[0], attrs.flag(2)});
}

// Without an offset or a scale where they are undefined.
Tensor normalized(const Tensor& x, const Tensor& mean, const Tensor& variance, const Tensor& offset,
                  const Tensor& scale, double epsilon) {
  Tensor slope = rsqrt(variance + epsilon);
  if (scale.defined()) slope = slope * scale;
  const Tensor shift = mean * slope;
  return offset.defined() ? x * slope + (offset - shift) : x * slope - shift;
}

Tensors compose_batch(std::span<const Tensor> x, const Attrs& attrs) {
  const auto given = [&](size_t i) { return i < x.size() ? x[i] : Tensor(); };
  return {normalized(x[0], x[1], x[2], given(3), given(4), attrs.number(0))};
}

// Whether the axes are the last ones of x and the scales and offsets have just these.
bool are_rows(std::span<const Tensor> x, AxisSet axes) {
  const int rank = x[0].rank(), rows = rank - static_cast<int>(axes.to_ints().size());
  if (rows == rank) return false;
  for (int i = rows; i < rank; ++i) {
    if (!axes.has(i)) return false;
  }
  const Shape row(std::span<const int64_t>(x[0].shape().dims()).subspan(static_cast<size_t>(rows)));
  for (const Tensor& weight : x.subspan(1)) {
    if (weight.rank() > rank || weight.elements() != row.elements()) return false;
    for (int i = 1; i <= std::min(weight.rank(), row.rank()); ++i) {
      if (weight.dim(-i) != row[-i]) return false;
    }
    if (weight.dtype() != x[0].dtype()) return false;
  }
  return is_floating(x[0].dtype());
}

Tensors compose_layer(std::span<const Tensor> x, const Attrs& attrs) {
  if (are_rows(x, AxisSet::parse(attrs[0], x[0].rank()))) {
    const int64_t size = x[1].elements();
    const Tensor gamma = reshape(x[1], Shape{size}), beta = reshape(x[2], Shape{size});
    if (x[0].dim(-1) == size) {
      return {call(op::normalize_rows, {x[0], gamma, beta}, {attrs[1]})};
    }
    const Tensor rows = reshape(x[0], Shape{size == 0 ? 0 : x[0].elements() / size, size});
    return {reshape(call(op::normalize_rows, {rows, gamma, beta}, {attrs[1]}), x[0].shape())};
  }
  const Tensors statistics = call_all(op::mean_and_variance, {x[0]}, {attrs[0], true});
  const Tensor distance = x[0] - statistics[0];
  return {distance * rsqrt(statistics[1] + attrs.number(1)) * x[1] + x[2]};
}

// --- normalize_rows, normalize_columns -----------------------------------------------------------

// x of a floating dtype, then as many vectors as long as its rows.
void check_rows(const InferContext& c, size_t vectors) {
  const Spec& x = c.inputs[0];
  if (!is_floating(x.dtype) || (x.shape.has_rank() && x.shape.rank() == 0)) {
    throw InvalidArgument({.message = fmt::format("{} takes rows of floating-point numbers, not {}",
                                                  c.op.name(), to_string(x)),
                           .hint = "cast(x, float32)"});
  }
  for (const Spec& weight : c.inputs.subspan(1, vectors)) {
    const bool known = weight.shape.known() && x.shape.has_rank() && x.shape[-1] != kUnknown;
    const bool fits = !known || (weight.shape.rank() == 1 && weight.shape[0] == x.shape[-1]);
    if (weight.dtype != x.dtype || !fits) {
      throw InvalidArgument(fmt::format("{} where rows of {} ask for one number per column",
                                        to_string(weight), to_string(x)));
    }
  }
}

Specs infer_rows(const InferContext& c) {
  check_rows(c, 2);
  return {c.inputs[0]};
}

void check_gradient(const Spec& x, const Spec& g) {
  const bool known = g.shape.known() && x.shape.known();
  if (g.dtype == x.dtype && (!known || g.shape == x.shape)) return;
  throw InvalidArgument(fmt::format("the gradient of {} is not {}", to_string(x), to_string(g)));
}

// Inputs: x, gamma, and the gradient of the result. Outputs: those of x, gamma and beta.
Specs infer_rows_gradient(const InferContext& c) {
  check_rows(c, 1);
  check_gradient(c.inputs[0], c.inputs[2]);
  return {c.inputs[0], c.inputs[1], c.inputs[1]};
}

Tensors gradient_rows(const GradientContext& c) {
  return call_all(op::normalize_rows_gradient, {c.inputs[0], c.inputs[1], c.grads[0]}, c.attrs);
}

// Inputs: x, gamma, beta, and mean and variance of x.
Specs infer_columns(const InferContext& c) {
  check_rows(c, 4);
  return {c.inputs[0]};
}

// Inputs: x, gamma, the gradient of the result, and mean and variance of x.
Specs infer_columns_gradient(const InferContext& c) {
  const Spec &x = c.inputs[0], &vector = c.inputs[1], &g = c.inputs[2];
  const Spec vectors[] = {x, vector, c.inputs[3], c.inputs[4]};
  check_rows({c.op, vectors, c.attrs}, 3);
  check_gradient(x, g);
  return {x, vector, vector};
}

// The mean and variance depend on x: what flows through them is in the gradient of x.
Tensors gradient_columns(const GradientContext& c) {
  Tensors result =
      call_all(op::normalize_columns_gradient,
               {c.inputs[0], c.inputs[1], c.grads[0], c.inputs[3], c.inputs[4]}, c.attrs);
  result.resize(5);
  return result;
}

// With h = (x - mean) r and a = g gamma, the outputs are P(a), the column sums of g h, and those of
// g, where P(v) = r (v - mean(v) - h mean(v h)) is the derivative of h by x, a symmetric matrix.
template <bool rows>
Tensors gradient_of_gradient(const GradientContext& c) {
  const Tensor &x = c.inputs[0], &gamma = c.inputs[1], &g = c.inputs[2];
  Ints axes;
  for (int i = rows ? x.rank() - 1 : 0; i < (rows ? x.rank() : x.rank() - 1); ++i)
    axes.push_back(i);
  const ReduceOptions along = {.axis = axes, .keepdims = true};
  const auto flow = [&](size_t i) {
    return c.grads[i].defined() ? c.grads[i] : zeros(c.output_specs[i].shape, x.dtype());
  };
  const Tensor u = flow(0), v = flow(1), w = flow(2);
  const auto [mean, variance] = mean_and_variance(x, along);
  const Tensor r = rsqrt(variance + c.attrs.number(0)), h = (x - mean) * r, a = g * gamma;
  const auto average = [&](const Tensor& z) { return reduce_mean(z, along); };
  const auto by_x = [&](const Tensor& z) { return r * (z - average(z) - h * average(z * h)); };
  const Tensor pu = by_x(u), mean_ah = average(a * h), mean_uh = average(u * h);
  const Tensor inner = average(u * a) - average(u) * average(a) - mean_uh * mean_ah;
  const Tensor dx = by_x(v * g) - by_x(r * (u * mean_ah + a * mean_uh)) - square(r) * h * inner;
  Tensors result = {dx, sum_to_shape(g * pu, gamma.shape()), gamma * pu + v * h + w};
  result.resize(c.inputs.size());
  return result;
}

Tensors compose_l2(std::span<const Tensor> x, const Attrs& attrs) {
  const Tensor squares = call(op::reduce_sum, {square(x[0])}, {attrs[0], true});
  return {x[0] * rsqrt(maximum(squares, attrs.number(1)))};
}

}  // namespace

constinit Op op::moments = {
    .names = "nn.moments",
    .parameters = "x: tensor, axes: ints, shift: float? = None, keepdims: bool = False",
    .doc = "Mean and variance along the given axes; shift is not used.",
    .outputs = "mean, variance",
    .compose = compose_moments};
constinit Op op::batch_normalization = {
    .names = "nn.batch_normalization",
    .parameters =
        "x: tensor, mean: tensor, variance: tensor, offset: tensor?, scale: tensor?, "
        "variance_epsilon: float",
    .doc = "(x - mean) / sqrt(variance + variance_epsilon) * scale + offset.",
    .compose = compose_batch,
    .takes_none = true};
constinit Op op::layer_normalization = {
    .names = "keras.ops.layer_normalization",
    .parameters = "x: tensor, gamma: tensor, beta: tensor, axis: ints = -1, epsilon: float = 0.001",
    .doc = "x with mean 0 and variance 1 along the axes, times gamma plus beta.",
    .compose = compose_layer};
constinit Op op::normalize_rows = {
    .names = "internal.normalize_rows",
    .parameters = "x: tensor, gamma: tensor, beta: tensor, epsilon: float",
    .doc = "Rows along the last axis with mean 0 and variance 1, times gamma plus beta.",
    .infer = infer_rows,
    .gradient = gradient_rows,
    .saves = Saves::inputs};
constinit Op op::normalize_rows_gradient = {
    .names = "internal.normalize_rows_gradient",
    .parameters = "x: tensor, gamma: tensor, gradient: tensor, epsilon: float",
    .doc = "What flows to the inputs of normalize_rows when `gradient` flows to its result.",
    .outputs = "of_x, of_gamma, of_beta",
    .infer = infer_rows_gradient,
    .gradient = gradient_of_gradient<true>,
    .saves = Saves::inputs};
constinit Op op::normalize_columns = {
    .names = "internal.normalize_columns",
    .parameters =
        "x: tensor, gamma: tensor, beta: tensor, mean: tensor, variance: tensor, epsilon: float",
    .doc = "x by its own mean and variance along all axes but the last, times gamma plus beta.",
    .infer = infer_columns,
    .gradient = gradient_columns,
    .saves = Saves::inputs};
constinit Op op::normalize_columns_gradient = {
    .names = "internal.normalize_columns_gradient",
    .parameters =
        "x: tensor, gamma: tensor, gradient: tensor, mean: tensor, variance: tensor, "
        "epsilon: float",
    .doc = "What flows to the inputs of normalize_columns when `gradient` flows to its result.",
    .outputs = "of_x, of_gamma, of_beta",
    .infer = infer_columns_gradient,
    .gradient = gradient_of_gradient<false>,
    .saves = Saves::inputs};
constinit Op op::l2_normalize = {
    .names = "math.l2_normalize linalg.l2_normalize nn.l2_normalize",
    .parameters = "x: tensor, axis: ints? = None, epsilon: float = 1e-12",
    .doc = "x / sqrt(max(sum(x * x), epsilon)) along the given axes.",
    .compose = compose_l2};

static const RegisterOps family({&op::moments, &op::batch_normalization, &op::layer_normalization,
                                 &op::normalize_rows, &op::normalize_rows_gradient,
                                 &op::normalize_columns, &op::normalize_columns_gradient,
                                 &op::l2_normalize});

MeanAndVariance moments(const Tensor& x, const Ints& axes, bool keepdims) {
  const Tensors both = call_all(op::moments, {x}, {axes, Attr(), keepdims});
  return {both[0], both[1]};
}

Tensor batch_normalization(const Tensor& x, const Tensor& mean, const Tensor& variance,
                           const Tensor& offset, const Tensor& scale, double variance_epsilon) {
  return call(op::batch_normalization, {x, mean, variance, offset, scale}, {variance_epsilon});
}

Tensor layer_normalization(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                           const Ints& axis, double epsilon) {
  return call(op::layer_normalization, {x, gamma, beta}, {axis, epsilon});
}

Normalized normalize_columns(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                             double epsilon) {
  if (size_of(x.dtype()) < size_of(float32)) {
    const auto [y, mean, variance] =
        normalize_columns(cast(x, float32), cast(gamma, float32), cast(beta, float32), epsilon);
    return {cast(y, x.dtype()), cast(mean, x.dtype()), cast(variance, x.dtype())};
  }
  Ints axes;
  for (int i = 0; i + 1 < x.rank(); ++i) axes.push_back(i);
  const auto [mean, variance] = mean_and_variance(x, {.axis = axes});
  return {call(op::normalize_columns, {x, gamma, beta, mean, variance}, {epsilon}), mean, variance};
}

Tensor l2_normalize(const Tensor& x, const L2NormalizeOptions& options) {
  return call(op::l2_normalize, {x},
              {options.axis ? Attr(*options.axis) : Attr(), options.epsilon});
}

}  // namespace millstream
