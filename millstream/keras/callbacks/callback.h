#pragma once
// Callback: told of what happens in fit, evaluate and predict.
//
//   class LoudImpl : public keras::CallbackImpl {
//    public:
//     void on_epoch_end(int64_t epoch, const Logs& logs) override { ... logs["loss"] ... }
//   };
//   model.fit(x, y, {.callbacks = {keras::Handle<LoudImpl>()}});
#include <memory>

#include "millstream/keras/logs.h"
#include "millstream/keras/registry.h"

namespace millstream::keras {

class Callback;
class ModelImpl;

// What a run of fit is about.
struct FitInfo {
  int64_t epochs = 1;
  int64_t steps = kUnknown;  // batches of an epoch
  int64_t initial_epoch = 0;
};

class CallbackImpl {
 public:
  using HandleType = Callback;
  virtual ~CallbackImpl() = default;

  virtual void on_train_begin() {}
  virtual void on_train_end(const Logs& /*logs*/) {}
  virtual void on_epoch_begin(int64_t /*epoch*/) {}
  // May add to the logs, for the callbacks after it and for History.
  virtual void on_epoch_end(int64_t /*epoch*/, Logs& /*logs*/) {}
  virtual void on_train_batch_begin(int64_t /*batch*/) {}
  virtual void on_train_batch_end(int64_t /*batch*/, const Logs& /*logs*/) {}
  virtual void on_test_begin() {}
  virtual void on_test_end(const Logs& /*logs*/) {}
  virtual void on_test_batch_begin(int64_t /*batch*/) {}
  virtual void on_test_batch_end(int64_t /*batch*/, const Logs& /*logs*/) {}
  virtual void on_predict_begin() {}
  virtual void on_predict_end() {}
  virtual void on_predict_batch_begin(int64_t /*batch*/) {}
  virtual void on_predict_batch_end(int64_t /*batch*/) {}

  // Set by fit, evaluate and predict before anything else.
  void attach(ModelImpl& model, const FitInfo& info) {
    model_ = &model;
    info_ = info;
  }

 protected:
  ModelImpl& model() const { return *model_; }
  const FitInfo& info() const { return info_; }

 private:
  ModelImpl* model_ = nullptr;
  FitInfo info_;
};

class Callback : public Shared<CallbackImpl> {
 public:
  Callback() = default;
  explicit Callback(std::shared_ptr<CallbackImpl> impl) : Shared(std::move(impl)) {}
};

}  // namespace millstream::keras
