#include "millstream/ops/normalize.h"

#include "millstream/ops/operators.h"

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

Tensors compose_layer(std::span<const Tensor> x, const Attrs& attrs) {
  const Tensors statistics = call_all(op::mean_and_variance, {x[0]}, {attrs[0], true});
  const Tensor distance = x[0] - statistics[0];
  return {distance * rsqrt(statistics[1] + attrs.number(1)) * x[1] + x[2]};
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
constinit Op op::l2_normalize = {
    .names = "math.l2_normalize linalg.l2_normalize nn.l2_normalize",
    .parameters = "x: tensor, axis: ints? = None, epsilon: float = 1e-12",
    .doc = "x / sqrt(max(sum(x * x), epsilon)) along the given axes.",
    .compose = compose_l2};

static const RegisterOps family({&op::moments, &op::batch_normalization, &op::layer_normalization,
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

Tensor l2_normalize(const Tensor& x, const L2NormalizeOptions& options) {
  return call(op::l2_normalize, {x},
              {options.axis ? Attr(*options.axis) : Attr(), options.epsilon});
}

}  // namespace millstream
