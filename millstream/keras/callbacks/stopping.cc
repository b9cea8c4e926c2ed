// Callbacks that end training or slow it down.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "millstream/keras/callbacks/callbacks.h"
#include "millstream/keras/callbacks/monitor.h"
#include "millstream/keras/model.h"

namespace millstream::keras::callbacks {
namespace {

class EarlyStoppingImpl : public CallbackImpl {
 public:
  explicit EarlyStoppingImpl(EarlyStoppingOptions options)
      : options_(std::move(options)),
        monitor_(options_.monitor, options_.mode, options_.min_delta, {}) {}

  void on_train_begin() override {
    wait_ = stopped_epoch_ = best_epoch_ = 0;
    best_weights_.clear();
    monitor_.restart({});
  }

  void on_epoch_end(int64_t epoch, Logs& logs) override {
    if (epoch < options_.start_from_epoch) return;
    const std::optional<double> value = monitor_.read(logs);
    if (!value) return;
    if (options_.restore_best_weights && best_weights_.empty()) keep(epoch);
    ++wait_;
    if (monitor_.improves(*value)) {
      monitor_.accept(*value);
      keep(epoch);
      if (!options_.baseline || monitor_.improves_on(*value, *options_.baseline)) wait_ = 0;
      return;
    }
    if (wait_ >= options_.patience && epoch > 0) {
      stopped_epoch_ = epoch;
      model().stop_training = true;
    }
  }

  void on_train_end(const Logs&) override {
    if (stopped_epoch_ > 0 && options_.verbose > 0) {
      fmt::print("Epoch {}: early stopping\n", stopped_epoch_ + 1);
    }
    if (!options_.restore_best_weights || best_weights_.empty()) return;
    if (options_.verbose > 0) {
      fmt::print("Restoring model weights from the end of the best epoch: {}.\n", best_epoch_ + 1);
    }
    Layer(model().shared_from_this()).set_weights(best_weights_);
  }

  int64_t stopped_epoch() const { return stopped_epoch_; }
  int64_t best_epoch() const { return best_epoch_; }
  double best() const { return monitor_.best(); }

 private:
  void keep(int64_t epoch) {
    best_epoch_ = epoch;
    if (options_.restore_best_weights) {
      best_weights_ = Layer(model().shared_from_this()).get_weights();
    }
  }

  const EarlyStoppingOptions options_;
  Monitor monitor_;
  int64_t wait_ = 0, stopped_epoch_ = 0, best_epoch_ = 0;
  Tensors best_weights_;
};

class ReduceOnPlateauImpl : public CallbackImpl {
 public:
  explicit ReduceOnPlateauImpl(ReduceLROnPlateauOptions options)
      : options_(std::move(options)),
        monitor_(options_.monitor, options_.mode, options_.min_delta, {}) {
    if (options_.factor >= 1) {
      throw InvalidArgument("ReduceLROnPlateau: factor must be less than 1");
    }
  }

  void on_train_begin() override {
    wait_ = cooling_ = 0;
    monitor_.restart({});
  }

  void on_epoch_end(int64_t epoch, Logs& logs) override {
    const Optimizer& optimizer = model().optimizer();
    logs.set("learning_rate", optimizer.learning_rate());
    const std::optional<double> value = monitor_.read(logs);
    if (!value) return;
    if (cooling_ > 0) {
      --cooling_;
      wait_ = 0;
    }
    if (monitor_.improves(*value)) {
      monitor_.accept(*value);
      wait_ = 0;
    } else if (cooling_ == 0 && ++wait_ >= options_.patience) {
      reduce(epoch, optimizer);
    }
  }

 private:
  void reduce(int64_t epoch, const Optimizer& optimizer) {
    const double old_rate = optimizer.learning_rate();
    if (old_rate <= options_.min_lr) return;
    const double rate = std::max(old_rate * options_.factor, options_.min_lr);
    optimizer.set_learning_rate(rate);
    if (options_.verbose > 0) {
      fmt::print("Epoch {}: ReduceLROnPlateau reducing learning rate to {}.\n", epoch + 1, rate);
    }
    cooling_ = options_.cooldown;
    wait_ = 0;
  }

  const ReduceLROnPlateauOptions options_;
  Monitor monitor_;
  int64_t wait_ = 0, cooling_ = 0;
};

class TerminateOnNaNImpl : public CallbackImpl {
 public:
  explicit TerminateOnNaNImpl(TerminateOnNaNOptions options) : options_(options) {}

  void on_train_batch_end(int64_t batch, const Logs& logs) override {
    if (!logs.contains("loss") || std::isfinite(logs["loss"])) return;
    if (options_.raise_error) {
      throw FailedPrecondition(fmt::format("the loss of batch {} is no finite number", batch));
    }
    std::fprintf(stderr, "millstream: batch %ld: the loss is no finite number, training ends\n",
                 static_cast<long>(batch));
    model().stop_training = true;
  }

 private:
  const TerminateOnNaNOptions options_;
};

class SchedulerImpl : public CallbackImpl {
 public:
  explicit SchedulerImpl(LearningRateSchedulerOptions options) : options_(std::move(options)) {
    if (!options_.schedule) throw InvalidArgument("LearningRateScheduler needs a schedule");
  }

  void on_epoch_begin(int64_t epoch) override {
    const Optimizer& optimizer = model().optimizer();
    const double rate = options_.schedule(epoch, optimizer.learning_rate());
    optimizer.set_learning_rate(rate);
    if (options_.verbose > 0) {
      fmt::print("Epoch {}: LearningRateScheduler setting learning rate to {}.\n", epoch + 1, rate);
    }
  }

  void on_epoch_end(int64_t, Logs& logs) override {
    logs.set("learning_rate", model().optimizer().learning_rate());
  }

 private:
  const LearningRateSchedulerOptions options_;
};

}  // namespace

EarlyStopping::EarlyStopping(EarlyStoppingOptions options)
    : Callback(std::make_shared<EarlyStoppingImpl>(std::move(options))) {}
int64_t EarlyStopping::stopped_epoch() const {
  return static_cast<EarlyStoppingImpl&>(impl()).stopped_epoch();
}
int64_t EarlyStopping::best_epoch() const {
  return static_cast<EarlyStoppingImpl&>(impl()).best_epoch();
}
double EarlyStopping::best() const { return static_cast<EarlyStoppingImpl&>(impl()).best(); }

ReduceLROnPlateau::ReduceLROnPlateau(ReduceLROnPlateauOptions options)
    : Callback(std::make_shared<ReduceOnPlateauImpl>(std::move(options))) {}
TerminateOnNaN::TerminateOnNaN(TerminateOnNaNOptions options)
    : Callback(std::make_shared<TerminateOnNaNImpl>(options)) {}
LearningRateScheduler::LearningRateScheduler(LearningRateSchedulerOptions options)
    : Callback(std::make_shared<SchedulerImpl>(std::move(options))) {}

}  // namespace millstream::keras::callbacks
