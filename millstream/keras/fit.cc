// The loops of fit, evaluate and predict.
#include <cstring>

#include "millstream/device/out_of_memory.h"
#include "millstream/keras/callbacks/progress_bar.h"
#include "millstream/keras/model.h"
#include "millstream/ops/array.h"
#include "millstream/ops/join.h"

namespace millstream::keras {
namespace {

class CallbackList {
 public:
  CallbackList(std::vector<Callback> callbacks, ModelImpl& model, const FitInfo& info)
      : callbacks_(std::move(callbacks)) {
    for (const Callback& callback : callbacks_) callback.impl().attach(model, info);
  }

  template <class... Params, class... Args>
  void tell(void (CallbackImpl::*event)(Params...), Args&&... args) const {
    for (const Callback& callback : callbacks_) (callback.impl().*event)(args...);
  }

 private:
  std::vector<Callback> callbacks_;
};

// A sample weight for each label, by its class.
Tensor weights_of_classes(const Tensor& y, const std::map<int64_t, double>& weights) {
  std::vector<float> values;
  for (const int64_t label : y.to_vector<int64_t>()) {
    const auto found = weights.find(label);
    values.push_back(found == weights.end() ? 1.f : static_cast<float>(found->second));
  }
  if (static_cast<int64_t>(values.size()) != y.dim(0)) {
    throw InvalidArgument("class_weight needs labels that are class numbers, not the shape " +
                          y.shape().to_string());
  }
  return constant(values);
}

bool looks_like_images(const Batch& batch) {
  return !batch.x.empty() &&
         (batch.x[0].rank() == 4 || (batch.x[0].rank() == 3 && batch.x[0].dtype() == uint8));
}

// f(); if memory runs out in it, the error says how many of the batch's samples had fitted so far.
template <class F>
auto within_memory(const Batch& batch, F&& f) {
  const size_t before = current_device().pool().stats().current;
  try {
    return f();
  } catch (const OutOfMemory& error) {
    const auto fitting = error.fitting(batch.size(), before);
    if (!fitting) throw;
    throw error.hinting(fmt::format(
        "fewer than about {} samples in a batch instead of {}, or a higher memory limit", *fitting,
        batch.size()));
  }
}

// Calls step(batch, index) for the batches of an epoch, at most `limit` of them.
template <class F>
void for_each_batch(BatchSource& source, int64_t limit, F&& step) {
  source.start_epoch();
  for (int64_t i = 0; limit == kUnknown || i < limit; ++i) {
    const std::optional<Batch> batch = source.next();
    if (!batch) break;
    if (!within_memory(*batch, [&] { return step(*batch, i); })) break;
  }
}

Logs run_evaluation(ModelImpl& model, BatchSource& source, int64_t limit,
                    const CallbackList& callbacks) {
  model.reset_metrics();
  Logs last;
  callbacks.tell(&CallbackImpl::on_test_begin);
  for_each_batch(source, limit, [&](const Batch& batch, int64_t i) {
    callbacks.tell(&CallbackImpl::on_test_batch_begin, i);
    last = model.test_step(batch);
    callbacks.tell(&CallbackImpl::on_test_batch_end, i, last);
    return true;
  });
  Logs read;
  read.add(last);
  callbacks.tell(&CallbackImpl::on_test_end, read);
  return read;
}

// One epoch over the training batches.
Logs run_epoch(ModelImpl& model, BatchSource& source, int64_t limit, const Callback& bar,
               const CallbackList& callbacks) {
  model.reset_metrics();
  Logs last;
  for_each_batch(source, limit, [&](const Batch& batch, int64_t i) {
    if (bar.defined()) callbacks::count_samples(bar, batch.size(), looks_like_images(batch));
    callbacks.tell(&CallbackImpl::on_train_batch_begin, i);
    last = model.train_step(batch);
    callbacks.tell(&CallbackImpl::on_train_batch_end, i, last);
    return !model.stop_training;
  });
  if (last.empty()) {
    throw InvalidArgument({.message = "the data set gave no batch to train on",
                           .hint = "check that it holds samples and starts anew in every epoch"});
  }
  Logs read;
  read.add(last);
  return read;
}

// Parts of `outputs` end to end.
Tensor join(const std::vector<Tensors>& parts, size_t output) {
  Tensors column;
  for (const Tensors& part : parts) column.push_back(part.at(output));
  return column.size() == 1 ? column[0] : concat(column, 0);
}

}  // namespace

History Model::fit(BatchSource& batches, const FitOptions& options) const {
  ModelImpl& impl = model();
  impl.optimizer();  // complains if there is none
  const int64_t steps =
      options.steps_per_epoch != kUnknown ? options.steps_per_epoch : batches.batches();
  History history;
  Callback bar;
  std::vector<Callback> all = options.callbacks;
  if (options.verbose != 0) all.push_back(bar = callbacks::ProgressBar({options.verbose}));
  all.push_back(history);
  const CallbackList callbacks(all, impl, {options.epochs, steps, options.initial_epoch});

  std::optional<TensorSource> held;
  BatchSource* validation = options.validation_data.source;
  if (validation == nullptr && options.validation_data.given()) {
    const int64_t size = options.validation_batch_size;
    held.emplace(options.validation_data.x.tensors, options.validation_data.y.tensors,
                 TensorSourceOptions{.batch_size = size == kUnknown ? options.batch_size : size,
                                     .sample_weight = options.validation_data.sample_weight});
    validation = &*held;
  }

  impl.stop_training = false;
  callbacks.tell(&CallbackImpl::on_train_begin);
  Logs logs;
  for (int64_t epoch = options.initial_epoch; epoch < options.epochs && !impl.stop_training;
       ++epoch) {
    callbacks.tell(&CallbackImpl::on_epoch_begin, epoch);
    logs = run_epoch(impl, batches, options.steps_per_epoch, bar, callbacks);
    if (validation != nullptr && (epoch + 1) % std::max<int64_t>(1, options.validation_freq) == 0) {
      logs.add(run_evaluation(impl, *validation, options.validation_steps, callbacks), "val_");
    }
    callbacks.tell(&CallbackImpl::on_epoch_end, epoch, logs);
  }
  callbacks.tell(&CallbackImpl::on_train_end, logs);
  return history;
}

History Model::fit(const Data& x, const Data& y, const FitOptions& options) const {
  FitOptions plan = options;
  if (!options.class_weight.empty()) {
    plan.sample_weight = weights_of_classes(y.tensors.at(0), options.class_weight);
  }
  if (!(options.validation_split >= 0 && options.validation_split < 1)) {
    throw InvalidArgument(
        fmt::format("validation_split must be in [0, 1), not {}", options.validation_split));
  }
  const int64_t samples = x.tensors.empty() ? 0 : x.tensors[0].dim(0);
  const auto first_held_out =
      static_cast<int64_t>(static_cast<double>(samples) * (1 - options.validation_split));
  TensorSource source(x.tensors, y.tensors,
                      {.batch_size = options.batch_size,
                       .shuffle = options.shuffle,
                       .sample_weight = plan.sample_weight,
                       .end = first_held_out});
  if (options.validation_split == 0 || options.validation_data.given()) return fit(source, plan);
  TensorSource held_out(
      x.tensors, y.tensors,
      {.batch_size = options.validation_batch_size == kUnknown ? options.batch_size
                                                               : options.validation_batch_size,
       .sample_weight = plan.sample_weight,
       .begin = first_held_out});
  plan.validation_data = held_out;
  return fit(source, plan);
}

Logs Model::evaluate(BatchSource& batches, const EvaluateOptions& options) const {
  const CallbackList callbacks(options.callbacks, model(), {1, batches.batches(), 0});
  const Logs logs = run_evaluation(model(), batches, options.steps, callbacks);
  if (options.verbose != 0) {
    std::string text;
    for (const auto& [name, value] : logs.values()) text += fmt::format("  {} {:.4f}", name, value);
    fmt::print("Evaluate{}\n", text);
  }
  return logs;
}

Logs Model::evaluate(const Data& x, const Data& y, const EvaluateOptions& options) const {
  TensorSource source(x.tensors, y.tensors,
                      {.batch_size = options.batch_size, .sample_weight = options.sample_weight});
  return evaluate(source, options);
}

Tensors Model::predict_all(BatchSource& batches, const PredictOptions& options) const {
  const CallbackList callbacks(options.callbacks, model(), {1, batches.batches(), 0});
  std::vector<Tensors> parts;
  callbacks.tell(&CallbackImpl::on_predict_begin);
  for_each_batch(batches, options.steps, [&](const Batch& batch, int64_t i) {
    callbacks.tell(&CallbackImpl::on_predict_batch_begin, i);
    parts.push_back(model().predict_step(batch));
    callbacks.tell(&CallbackImpl::on_predict_batch_end, i);
    return true;
  });
  callbacks.tell(&CallbackImpl::on_predict_end);
  if (parts.empty()) throw InvalidArgument("there is no sample to predict from");
  Tensors outputs;
  for (size_t i = 0; i < parts[0].size(); ++i) outputs.push_back(join(parts, i));
  return outputs;
}

Tensor Model::predict(const Data& x, const PredictOptions& options) const {
  TensorSource source(x.tensors, {}, {.batch_size = options.batch_size});
  return predict_all(source, options).at(0);
}

Logs Model::train_on_batch(const Data& x, const Data& y, const Tensor& sample_weight) const {
  model().optimizer();
  return model().train_step({x.tensors, y.tensors, sample_weight});
}

Logs Model::test_on_batch(const Data& x, const Data& y, const Tensor& sample_weight) const {
  return model().test_step({x.tensors, y.tensors, sample_weight});
}

Tensor Model::predict_on_batch(const Data& x) const {
  return model().predict_step({x.tensors}).at(0);
}

Layer Model::get_layer(const std::string& name) const {
  std::string known;
  for (const Layer& layer : layers()) {
    if (layer.name() == name) return layer;
    known += (known.empty() ? "" : ", ") + layer.name();
  }
  throw InvalidArgument(
      fmt::format("model '{}' has no layer '{}'; it has {}", this->name(), name, known));
}

}  // namespace millstream::keras
