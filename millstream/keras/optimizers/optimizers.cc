#include "millstream/keras/optimizers/optimizers.h"

#include "millstream/ops/optimizer.h"

namespace millstream::keras::optimizers {
namespace {

template <class Options>
class Configured : public OptimizerImpl {
 public:
  Configured(const char* class_name, const Options& o)
      : OptimizerImpl({.learning_rate = o.learning_rate,
                       .weight_decay = o.weight_decay,
                       .clipnorm = o.clipnorm,
                       .clipvalue = o.clipvalue,
                       .global_clipnorm = o.global_clipnorm,
                       .name = o.name}),
        options_(o),
        class_name_(class_name) {}
  std::string class_name() const override { return class_name_; }
  // The rate is the present one, as in Keras, unless it follows a schedule.
  Config get_config() const override {
    Config config = config_of(options_);
    config.set("name", name());
    if (!options_.learning_rate.schedule().defined()) {
      config.set("learning_rate", learning_rate().template item<double>());
    }
    return config;
  }

 protected:
  const Options options_;

 private:
  const char* class_name_;
};

class GradientDescent : public Configured<SGDOptions> {
 public:
  GradientDescent(const char* name, const SGDOptions& o) : Configured(name, o) {
    if (!(o.momentum >= 0 && o.momentum <= 1)) {
      throw InvalidArgument(fmt::format("SGD: momentum must be in [0, 1], not {}", o.momentum));
    }
  }
  std::vector<std::string> slots() const override {
    return options_.momentum == 0 ? std::vector<std::string>{}
                                  : std::vector<std::string>{"momentum"};
  }
  Tensors update(std::span<const Tensor> tensors, double weight_decay) const override {
    return sgd_update(tensors, {.momentum = options_.momentum,
                                .nesterov = options_.nesterov,
                                .weight_decay = weight_decay});
  }
};

// Adam and AdamW.
template <class Options>
class Moments : public Configured<Options> {
 public:
  using Configured<Options>::Configured;
  std::vector<std::string> slots() const override {
    std::vector<std::string> names{"momentum", "velocity"};
    if (this->options_.amsgrad) names.push_back("velocity_hat");
    return names;
  }
  Tensors update(std::span<const Tensor> tensors, double weight_decay) const override {
    const Options& o = this->options_;
    return adam_update(tensors, {.beta_1 = o.beta_1,
                                 .beta_2 = o.beta_2,
                                 .epsilon = o.epsilon,
                                 .amsgrad = o.amsgrad,
                                 .weight_decay = weight_decay});
  }
};

class MeanSquares : public Configured<RMSpropOptions> {
 public:
  using Configured::Configured;
  std::vector<std::string> slots() const override {
    std::vector<std::string> names{"velocity"};
    if (options_.momentum > 0) names.push_back("momentum");
    if (options_.centered) names.push_back("average_gradient");
    return names;
  }
  Tensors update(std::span<const Tensor> tensors, double weight_decay) const override {
    return rmsprop_update(tensors, {.rho = options_.rho,
                                    .momentum = options_.momentum,
                                    .epsilon = options_.epsilon,
                                    .centered = options_.centered,
                                    .weight_decay = weight_decay});
  }
};

class SumOfSquares : public Configured<AdagradOptions> {
 public:
  using Configured::Configured;
  std::vector<std::string> slots() const override { return {"accumulator"}; }
  double initial_slot_value() const override { return options_.initial_accumulator_value; }
  Tensors update(std::span<const Tensor> tensors, double weight_decay) const override {
    return adagrad_update(tensors, {.epsilon = options_.epsilon, .weight_decay = weight_decay});
  }
};

template <class Impl, class Options>
Optimizer make(const char* name, const Options& options) {
  return Optimizer(std::make_shared<Impl>(name, options));
}

}  // namespace

SGD::SGD(SGDOptions o) : Optimizer(make<GradientDescent>("SGD", o)) {}
Adam::Adam(AdamOptions o) : Optimizer(make<Moments<AdamOptions>>("Adam", o)) {}
AdamW::AdamW(AdamWOptions o) : Optimizer(make<Moments<AdamWOptions>>("AdamW", o)) {}
RMSprop::RMSprop(RMSpropOptions o) : Optimizer(make<MeanSquares>("RMSprop", o)) {}
Adagrad::Adagrad(AdagradOptions o) : Optimizer(make<SumOfSquares>("Adagrad", o)) {}

namespace {

template <class T, class Options>
using Listed = Register<Optimizer, T, Options>;

const Listed<SGD, SGDOptions> sgd("SGD");
const Listed<Adam, AdamOptions> adam("Adam");
const Listed<AdamW, AdamWOptions> adam_w("AdamW");
const Listed<RMSprop, RMSpropOptions> rmsprop("RMSprop");
const Listed<Adagrad, AdagradOptions> adagrad("Adagrad");

}  // namespace
}  // namespace millstream::keras::optimizers
