#include "millstream/keras/layers/activation.h"

#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/softmax.h"

namespace millstream::keras::layers {
namespace {

// Layers that change every element by itself keep the shape.
template <class Options>
class Elementwise : public Configured<Options> {
 public:
  using Configured<Options>::Configured;
  Spec compute_output_spec(const Spec& input) override {
    return {is_floating(input.dtype) ? this->dtype() : input.dtype, input.shape};
  }
};

class ActivationImpl : public Elementwise<ActivationOptions> {
 public:
  using Elementwise::Elementwise;
  Tensor call(const Tensor& x, const CallContext&) override { return options_.activation(x); }
};

class ReluImpl : public Elementwise<ReLUOptions> {
 public:
  ReluImpl(const char* name, ReLUOptions options) : Elementwise(name, std::move(options)) {
    if (options_.max_value && *options_.max_value < 0) {
      throw InvalidArgument("ReLU: max_value must not be negative");
    }
    if (options_.negative_slope < 0 || options_.threshold < 0) {
      throw InvalidArgument("ReLU: negative_slope and threshold must not be negative");
    }
  }

  Tensor call(const Tensor& x, const CallContext&) override {
    const auto& o = options_;
    if (!o.max_value && o.negative_slope == 0 && o.threshold == 0) return relu(x);
    const Tensor low = o.negative_slope * (x - o.threshold);
    const Tensor y = where(x >= o.threshold, x, low);
    return o.max_value ? minimum(y, *o.max_value) : y;
  }
};

class SoftmaxImpl : public Elementwise<SoftmaxOptions> {
 public:
  using Elementwise::Elementwise;
  Tensor call(const Tensor& x, const CallContext&) override { return softmax(x, options_.axis); }
};

class RescalingImpl : public Configured<RescalingOptions> {
 public:
  using Configured::Configured;
  Tensor call(const Tensor& x, const CallContext&) override {
    const Tensor scaled = cast(x, dtype()) * options_.scale;
    return options_.offset == 0 ? scaled : scaled + options_.offset;
  }
  Spec compute_output_spec(const Spec& input) override { return {dtype(), input.shape}; }
};

}  // namespace

Activation::Activation(ActivationOptions options)
    : Layer(std::make_shared<ActivationImpl>("Activation", std::move(options))) {}
ReLU::ReLU(ReLUOptions options) : Layer(std::make_shared<ReluImpl>("ReLU", std::move(options))) {}
Softmax::Softmax(SoftmaxOptions options)
    : Layer(std::make_shared<SoftmaxImpl>("Softmax", std::move(options))) {}
Rescaling::Rescaling(RescalingOptions options)
    : Layer(std::make_shared<RescalingImpl>("Rescaling", std::move(options))) {}

static const Listed<Activation, ActivationOptions> activation("Activation");
static const Listed<ReLU, ReLUOptions> relu_layer("ReLU");
static const Listed<Softmax, SoftmaxOptions> softmax_layer("Softmax");
static const Listed<Rescaling, RescalingOptions> rescaling("Rescaling");

}  // namespace millstream::keras::layers
