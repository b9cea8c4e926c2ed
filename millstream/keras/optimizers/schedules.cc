#include "millstream/keras/optimizers/schedules.h"

#include <numbers>

#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"

namespace millstream::keras {
namespace {

using namespace optimizers::schedules;

template <class Options>
class Configured : public ScheduleImpl {
 public:
  Configured(const char* class_name, Options options)
      : options_(std::move(options)), class_name_(class_name) {
    if constexpr (requires { options.decay_steps; }) {
      if (!(options_.decay_steps > 0)) {
        throw InvalidArgument(std::string(class_name) + ": decay_steps must be positive");
      }
    }
  }
  std::string class_name() const override { return class_name_; }
  Config get_config() const override { return config_of(options_); }

 protected:
  const Options options_;

 private:
  const char* class_name_;
};

class Exponential : public Configured<ExponentialDecayOptions> {
 public:
  using Configured::Configured;
  Tensor rate(const Tensor& step) const override {
    Tensor p = step / options_.decay_steps;
    if (options_.staircase) p = floor(p);
    return options_.initial_learning_rate * pow(constant(options_.decay_rate, float32), p);
  }
};

class InverseTime : public Configured<InverseTimeDecayOptions> {
 public:
  using Configured::Configured;
  Tensor rate(const Tensor& step) const override {
    Tensor p = step / options_.decay_steps;
    if (options_.staircase) p = floor(p);
    return options_.initial_learning_rate / (1 + options_.decay_rate * p);
  }
};

class Piecewise : public Configured<PiecewiseConstantDecayOptions> {
 public:
  Piecewise(const char* name, PiecewiseConstantDecayOptions options)
      : Configured(name, std::move(options)) {
    if (options_.boundaries.empty() || options_.values.size() != options_.boundaries.size() + 1) {
      throw InvalidArgument(fmt::format(
          "PiecewiseConstantDecay: {} boundaries need {} values, not {}",
          options_.boundaries.size(), options_.boundaries.size() + 1, options_.values.size()));
    }
  }
  Tensor rate(const Tensor& step) const override {
    Tensor rate = constant(options_.values.back(), float32);
    for (size_t i = options_.boundaries.size(); i-- > 0;) {
      rate = where(step <= options_.boundaries[i], constant(options_.values[i], float32), rate);
    }
    return rate;
  }
};

class Cosine : public Configured<CosineDecayOptions> {
 public:
  using Configured::Configured;
  Tensor rate(const Tensor& step) const override {
    const auto& o = options_;
    if (!o.warmup_target) return decay(minimum(step, o.decay_steps), o.initial_learning_rate);
    const Tensor at = minimum(step, o.decay_steps + o.warmup_steps);
    const Tensor warm = o.initial_learning_rate +
                        at / o.warmup_steps * (*o.warmup_target - o.initial_learning_rate);
    return where(at < o.warmup_steps, warm, decay(at - o.warmup_steps, *o.warmup_target));
  }

 private:
  Tensor decay(const Tensor& step, double from) const {
    const Tensor cosine = 0.5 * (1 + cos(std::numbers::pi * (step / options_.decay_steps)));
    return from * ((1 - options_.alpha) * cosine + options_.alpha);
  }
};

class Polynomial : public Configured<PolynomialDecayOptions> {
 public:
  using Configured::Configured;
  Tensor rate(const Tensor& step) const override {
    const auto& o = options_;
    Tensor at = step, steps = constant(o.decay_steps, float32);
    if (o.cycle) {
      steps = steps * maximum(ceil(step / o.decay_steps), 1);
    } else {
      at = minimum(step, steps);
    }
    const Tensor left = pow(1 - at / steps, constant(o.power, float32));
    return (o.initial_learning_rate - o.end_learning_rate) * left + o.end_learning_rate;
  }
};

template <class Impl, class Options>
Schedule make(const char* name, Options options) {
  return Schedule(std::make_shared<const Impl>(name, std::move(options)));
}

}  // namespace

Tensor Schedule::operator()(const Tensor& step) const { return impl().rate(cast(step, float32)); }

Config LearningRate::to_config() const {
  if (!schedule_.defined()) return value_;
  return nested_object("keras.optimizers.schedules", schedule_.impl().class_name(),
                       schedule_.impl().get_config());
}

LearningRate LearningRate::from_config(const Config& config) {
  if (!config.is_dict()) return config.number();
  return Registry<Schedule>::from_config(config);
}

namespace optimizers::schedules {

ExponentialDecay::ExponentialDecay(ExponentialDecayOptions o)
    : Schedule(make<Exponential>("ExponentialDecay", std::move(o))) {}
PiecewiseConstantDecay::PiecewiseConstantDecay(PiecewiseConstantDecayOptions o)
    : Schedule(make<Piecewise>("PiecewiseConstantDecay", std::move(o))) {}
CosineDecay::CosineDecay(CosineDecayOptions o)
    : Schedule(make<Cosine>("CosineDecay", std::move(o))) {}
PolynomialDecay::PolynomialDecay(PolynomialDecayOptions o)
    : Schedule(make<Polynomial>("PolynomialDecay", std::move(o))) {}
InverseTimeDecay::InverseTimeDecay(InverseTimeDecayOptions o)
    : Schedule(make<InverseTime>("InverseTimeDecay", std::move(o))) {}

namespace {

template <class T, class Options>
using Listed = Register<Schedule, T, Options>;

const Listed<ExponentialDecay, ExponentialDecayOptions> exponential("ExponentialDecay");
const Listed<PiecewiseConstantDecay, PiecewiseConstantDecayOptions> piecewise(
    "PiecewiseConstantDecay");
const Listed<CosineDecay, CosineDecayOptions> cosine("CosineDecay");
const Listed<PolynomialDecay, PolynomialDecayOptions> polynomial("PolynomialDecay");
const Listed<InverseTimeDecay, InverseTimeDecayOptions> inverse_time("InverseTimeDecay");

}  // namespace
}  // namespace optimizers::schedules
}  // namespace millstream::keras
