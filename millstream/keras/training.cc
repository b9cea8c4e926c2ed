// The steps of training, and what compile sets up for them.
#include "millstream/autodiff/tape.h"
#include "millstream/keras/model.h"
#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"

namespace millstream::keras {

void ModelImpl::compile(CompileOptions options) {
  optimizer_ = options.optimizer;
  losses_ = options.loss.losses;
  loss_weights_ = options.loss_weights;
  metrics_ = options.metrics;
  weighted_metrics_ = options.weighted_metrics;
  if (!loss_weights_.empty() && loss_weights_.size() != losses_.size()) {
    throw InvalidArgument(fmt::format("compile: {} loss_weights for {} losses",
                                      loss_weights_.size(), losses_.size()));
  }
}

const Optimizer& ModelImpl::optimizer() const {
  if (!compiled()) {
    throw FailedPrecondition({.message = "model '" + name() + "' has not been compiled",
                              .hint = "call compile({.optimizer = ..., .loss = ...}) first"});
  }
  return optimizer_;
}

Tensor ModelImpl::compute_loss(const Batch& batch, const Tensors& predictions) {
  const size_t count = losses_.size();
  if (count > 1 && count != predictions.size()) {
    throw InvalidArgument(
        fmt::format("{} losses for {} outputs of model '{}'", count, predictions.size(), name()));
  }
  Tensor total;
  const auto add_term = [&](const Tensor& term) { total = total.defined() ? total + term : term; };
  for (size_t i = 0; count != 0 && i < predictions.size(); ++i) {
    if (i >= batch.y.size()) {
      throw InvalidArgument(fmt::format("model '{}' has {} outputs and there are {} targets",
                                        name(), predictions.size(), batch.y.size()));
    }
    const size_t at = count == 1 ? 0 : i;
    const Tensor loss = losses_[at](batch.y[i], predictions[i], batch.sample_weight);
    add_term(loss_weights_.empty() ? loss : loss * loss_weights_[at]);
  }
  for (const Tensor& penalty : losses()) add_term(penalty);
  if (!total.defined()) {
    throw FailedPrecondition({.message = "model '" + name() + "' has nothing to minimise",
                              .hint = "give compile a loss, or call add_loss in a layer"});
  }
  return total;
}

Logs ModelImpl::train_step(const Batch& batch) {
  GradientTape tape({.watch_accessed_variables = !built()});
  const Layer self(shared_from_this());
  Variables variables;
  if (built()) {
    variables = self.trainable_variables();
    for (const Variable& variable : variables) tape.watch(variable);
  }
  const Tensors predictions = run(batch.x, {.training = true});
  const Tensor loss = compute_loss(batch, predictions);
  tape.stop();
  if (variables.empty()) variables = self.trainable_variables();
  const Tensors gradients = tape.gradient(loss, variables);
  optimizer().apply_gradients(gradients, variables);
  return update_metrics(batch, predictions, loss);
}

Logs ModelImpl::test_step(const Batch& batch) {
  const Tensors predictions = run(batch.x, {.training = false});
  return update_metrics(batch, predictions, compute_loss(batch, predictions));
}

Tensors ModelImpl::predict_step(const Batch& batch) { return run(batch.x, {.training = false}); }

Logs ModelImpl::update_metrics(const Batch& batch, const Tensors& predictions, const Tensor& loss) {
  Logs logs;
  loss_tracker_.update_state(loss, constant(static_cast<float>(batch.size()), float32));
  logs.set("loss", loss_tracker_);
  for (const Metric& metric : metrics_) {
    metric.update_state(batch.y.at(0), predictions.at(0));
    logs.set(metric.name(), metric);
  }
  for (const Metric& metric : weighted_metrics_) {
    metric.update_state(batch.y.at(0), predictions.at(0), batch.sample_weight);
    logs.set(metric.name(), metric);
  }
  return logs;
}

void ModelImpl::reset_metrics() {
  loss_tracker_.reset_state();
  for (const Metric& metric : metrics_) metric.reset_state();
  for (const Metric& metric : weighted_metrics_) metric.reset_state();
}

}  // namespace millstream::keras
