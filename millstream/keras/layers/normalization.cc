#include "millstream/keras/layers/normalization.h"

#include <algorithm>

#include "millstream/ops/array.h"
#include "millstream/ops/normalize.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/views.h"

namespace millstream::keras::layers {

Config Axes::to_config() const {
  if (axes.size() == 1) return axes[0];
  return encode(axes);
}

Axes Axes::from_config(const Config& config) {
  Axes read;
  read.axes = config.is_list() ? decode<std::vector<int64_t>>(config)
                               : std::vector<int64_t>{config.integer()};
  return read;
}

namespace {

class BatchNormalizationImpl : public Configured<BatchNormalizationOptions> {
 public:
  explicit BatchNormalizationImpl(BatchNormalizationOptions options)
      : Configured("BatchNormalization", std::move(options)) {}

  void build(const Shape& input) override {
    const int axis = normalize_axis(options_.axis, input.rank());
    const int64_t size = input[axis];
    if (size == kUnknown) {
      throw InvalidArgument(
          fmt::format("dimension {} of the input must be known, not {}", axis, input.to_string()));
    }
    const auto& o = options_;
    if (o.scale) {
      gamma_ = add_weight({.name = "gamma",
                           .shape = {size},
                           .initializer = o.gamma_initializer,
                           .regularizer = o.gamma_regularizer});
    }
    if (o.center) {
      beta_ = add_weight({.name = "beta",
                          .shape = {size},
                          .initializer = o.beta_initializer,
                          .regularizer = o.beta_regularizer});
    }
    moving_mean_ = add_weight({.name = "moving_mean",
                               .shape = {size},
                               .initializer = o.moving_mean_initializer,
                               .trainable = false});
    moving_variance_ = add_weight({.name = "moving_variance",
                                   .shape = {size},
                                   .initializer = o.moving_variance_initializer,
                                   .trainable = false});
  }

  Tensor call(const Tensor& x, const CallContext& context) override {
    const int axis = normalize_axis(options_.axis, x.rank());
    if (!context.training || !trainable()) {
      return normalize(x, axis, moving_mean_, moving_variance_);
    }
    const auto [result, mean, variance] = normalize_by_batch(x, axis);
    move(moving_mean_, mean);
    move(moving_variance_, variance);
    return result;
  }

  Spec compute_output_spec(const Spec& input) override { return {dtype(), input.shape}; }

 private:
  void move(Variable& average, const Tensor& present) const {
    const double momentum = options_.momentum;
    average.assign(average * momentum + stop_gradient(present) * (1 - momentum));
  }

  Normalized normalize_by_batch(const Tensor& x, int axis) const {
    if (axis == x.rank() - 1) {
      const Shape shape{x.dim(axis)};
      const Tensor gamma = gamma_.defined() ? gamma_.value() : ones(shape, dtype());
      const Tensor beta = beta_.defined() ? beta_.value() : zeros(shape, dtype());
      return normalize_columns(x, gamma, beta, options_.epsilon);
    }
    Ints others;
    for (int i = 0; i < x.rank(); ++i) {
      if (i != axis) others.push_back(i);
    }
    const auto [mean, variance] = mean_and_variance(x, {.axis = others});
    return {normalize(x, axis, mean, variance), mean, variance};
  }

  Tensor normalize(const Tensor& x, int axis, const Tensor& mean, const Tensor& variance) const {
    Tensor scale = rsqrt(variance + options_.epsilon);
    if (gamma_.defined()) scale = scale * gamma_;
    Tensor shift = -mean * scale;
    if (beta_.defined()) shift = shift + beta_;
    if (axis != x.rank() - 1) {
      Dims dims(x.rank(), 1);
      dims[axis] = x.dim(axis);
      scale = reshape(scale, Shape(dims));
      shift = reshape(shift, Shape(dims));
    }
    return x * scale + shift;
  }

  Variable gamma_, beta_, moving_mean_, moving_variance_;
};

class LayerNormalizationImpl : public Configured<LayerNormalizationOptions> {
 public:
  explicit LayerNormalizationImpl(LayerNormalizationOptions options)
      : Configured("LayerNormalization", std::move(options)) {}

  void build(const Shape& input) override {
    Dims sizes;
    for (const int axis : axes_of(input.rank())) sizes.push_back(input[axis]);
    const auto& o = options_;
    if (o.scale) {
      gamma_ = add_weight({.name = "gamma",
                           .shape = Shape(sizes),
                           .initializer = o.gamma_initializer,
                           .regularizer = o.gamma_regularizer});
    }
    if (o.center) {
      beta_ = add_weight({.name = "beta",
                          .shape = Shape(sizes),
                          .initializer = o.beta_initializer,
                          .regularizer = o.beta_regularizer});
    }
  }

  Tensor call(const Tensor& input, const CallContext&) override {
    const Tensor x = cast(input, dtype());
    const std::vector<int> axes = axes_of(x.rank());
    Dims dims(x.rank(), 1);
    for (const int axis : axes) dims[axis] = x.dim(axis);
    const Shape shape(dims);
    const Tensor gamma = gamma_.defined() ? reshape(gamma_, shape) : ones(shape, dtype());
    const Tensor beta = beta_.defined() ? reshape(beta_, shape) : zeros(shape, dtype());
    return layer_normalization(x, gamma, beta, Ints(axes.begin(), axes.end()), options_.epsilon);
  }

  Spec compute_output_spec(const Spec& input) override { return {dtype(), input.shape}; }

 private:
  std::vector<int> axes_of(int rank) const {
    std::vector<int> axes;
    for (const int64_t axis : options_.axis.axes) axes.push_back(normalize_axis(axis, rank));
    std::sort(axes.begin(), axes.end());
    return axes;
  }

  Variable gamma_, beta_;
};

}  // namespace

BatchNormalization::BatchNormalization(BatchNormalizationOptions options)
    : Layer(std::make_shared<BatchNormalizationImpl>(std::move(options))) {}
LayerNormalization::LayerNormalization(LayerNormalizationOptions options)
    : Layer(std::make_shared<LayerNormalizationImpl>(std::move(options))) {}

static const Listed<BatchNormalization, BatchNormalizationOptions> batch("BatchNormalization");
static const Listed<LayerNormalization, LayerNormalizationOptions> layer("LayerNormalization");

}  // namespace millstream::keras::layers
