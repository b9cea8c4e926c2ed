#include "millstream/keras/optimizers/optimizer.h"

#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"

namespace millstream::keras {
namespace {

// Scaled so that its norm is `limit` at most.
Tensor scale_to_norm(const Tensor& x, const Tensor& norm, double limit) {
  return x * (limit / maximum(norm, limit));
}

Tensor sum_of_squares(const Tensor& x) { return reduce_sum(square(x)); }

}  // namespace

OptimizerImpl::OptimizerImpl(Basics basics)
    : basics_(std::move(basics)),
      iterations_(constant(0, int64), {.name = "iterations", .trainable = false}),
      learning_rate_(constant(basics_.learning_rate.value(), float32),
                     {.name = "learning_rate", .trainable = false}) {
  const int clips =
      (basics_.clipnorm ? 1 : 0) + (basics_.clipvalue ? 1 : 0) + (basics_.global_clipnorm ? 1 : 0);
  if (clips > 1) {
    throw InvalidArgument("only one of clipnorm, clipvalue and global_clipnorm can be set");
  }
  for (const auto& limit : {basics_.clipnorm, basics_.clipvalue, basics_.global_clipnorm}) {
    if (limit && !(*limit > 0)) throw InvalidArgument("a limit for gradients must be positive");
  }
}

const std::string& OptimizerImpl::name() const {
  if (basics_.name.empty()) {
    const_cast<std::string&>(basics_.name) = auto_name(to_snake_case(class_name()));
  }
  return basics_.name;
}

Config OptimizerImpl::get_config() const { return Config::Dict{{"name", name()}}; }

Tensor OptimizerImpl::learning_rate() const {
  const Schedule& schedule = basics_.learning_rate.schedule();
  return schedule.defined() ? schedule(iterations_) : learning_rate_.value();
}

void OptimizerImpl::set_learning_rate(double value) {
  if (basics_.learning_rate.schedule().defined()) {
    throw FailedPrecondition("the learning rate of optimizer '" + name() + "' follows a schedule");
  }
  learning_rate_.assign(constant(value, float32));
}

Variables OptimizerImpl::variables() const {
  Variables all{iterations_, learning_rate_};
  all.insert(all.end(), slot_order_.begin(), slot_order_.end());
  return all;
}

void OptimizerImpl::exclude_from_weight_decay(const Variables& variables) {
  for (const Variable& variable : variables) undecayed_.insert(variable.id());
}

void OptimizerImpl::build(const Variables& variables) {
  for (const Variable& variable : variables) {
    if (slots_.contains(variable.id())) continue;
    Variables& slots = slots_[variable.id()];
    for (const std::string& slot : this->slots()) {
      const Tensor value = fill(variable.shape(), constant(initial_slot_value(), variable.dtype()));
      slots.emplace_back(value,
                         VariableOptions{.name = variable.name() + "_" + slot, .trainable = false});
      slot_order_.push_back(slots.back());
    }
  }
}

Tensors OptimizerImpl::clip(const Tensors& gradients) const {
  if (!basics_.clipnorm && !basics_.clipvalue && !basics_.global_clipnorm) return gradients;
  Tensors clipped;
  Tensor global;
  if (basics_.global_clipnorm) {
    global = constant(0, gradients[0].dtype());
    for (const Tensor& g : gradients) global = global + cast(sum_of_squares(g), global.dtype());
    global = sqrt(global);
  }
  for (const Tensor& g : gradients) {
    if (basics_.clipvalue) {
      clipped.push_back(clip_by_value(g, -*basics_.clipvalue, *basics_.clipvalue));
    } else if (basics_.clipnorm) {
      clipped.push_back(scale_to_norm(g, sqrt(sum_of_squares(g)), *basics_.clipnorm));
    } else {
      clipped.push_back(scale_to_norm(g, cast(global, g.dtype()), *basics_.global_clipnorm));
    }
  }
  return clipped;
}

void OptimizerImpl::step(const Tensors& gradients, const Variables& variables,
                         double weight_decay) {
  if (variables.empty()) return;
  Tensors tensors{learning_rate(), iterations_ + constant(1, int64)};
  for (size_t i = 0; i < variables.size(); ++i) {
    tensors.push_back(variables[i]);
    tensors.push_back(gradients[i]);
    for (const Variable& slot : slots_.at(variables[i].id())) tensors.push_back(slot);
  }
  const Tensors updated = update(tensors, weight_decay);
  size_t at = 0;
  for (Variable variable : variables) {
    variable.assign(updated[at++]);
    for (Variable& slot : slots_.at(variable.id())) slot.assign(updated[at++]);
  }
}

void OptimizerImpl::apply(std::span<const Tensor> gradients, const Variables& variables) {
  if (gradients.size() != variables.size()) {
    throw InvalidArgument(fmt::format("optimizer '{}' is given {} gradients for {} variables",
                                      name(), gradients.size(), variables.size()));
  }
  build(variables);
  Tensors given, decayed, plain;
  Variables with_gradient, decayed_variables, plain_variables;
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined()) continue;
    given.push_back(gradients[i]);
    with_gradient.push_back(variables[i]);
  }
  if (given.empty() && !variables.empty()) {
    throw InvalidArgument({.message = "no variable of optimizer '" + name() + "' has a gradient",
                           .hint = "compute the loss from the variables while the tape records"});
  }
  given = clip(given);
  const double weight_decay = basics_.weight_decay.value_or(0);
  if (weight_decay == 0 || undecayed_.empty()) {
    step(given, with_gradient, weight_decay);
  } else {
    for (size_t i = 0; i < given.size(); ++i) {
      const bool decays = !undecayed_.contains(with_gradient[i].id());
      (decays ? decayed : plain).push_back(given[i]);
      (decays ? decayed_variables : plain_variables).push_back(with_gradient[i]);
    }
    step(decayed, decayed_variables, weight_decay);
    step(plain, plain_variables, 0);
  }
  iterations_.assign(iterations_ + constant(1, int64));
}

Config Optimizer::to_config() const {
  return nested_object("keras.optimizers", impl().class_name(), impl().get_config());
}

Optimizer Optimizer::from_config(const Config& config) {
  return Registry<Optimizer>::from_config(config);
}

}  // namespace millstream::keras
