// Callbacks that write down what happens.
#include <fmt/args.h>
#include <fmt/format.h>

#include <cstdio>
#include <fstream>

#include "millstream/keras/callbacks/callbacks.h"
#include "millstream/keras/callbacks/monitor.h"
#include "millstream/keras/model.h"

namespace millstream::keras {
namespace {

class HistoryImpl : public CallbackImpl {
 public:
  void on_train_begin() override {
    history.clear();
    epochs.clear();
  }
  void on_epoch_end(int64_t epoch, Logs& logs) override {
    epochs.push_back(epoch);
    for (const auto& [name, value] : logs.values()) history[name].push_back(value);
  }

  History::Table history;
  std::vector<int64_t> epochs;
};

}  // namespace

History::History() : Callback(std::make_shared<HistoryImpl>()) {}
const History::Table& History::history() const { return static_cast<HistoryImpl&>(impl()).history; }
const std::vector<int64_t>& History::epoch() const {
  return static_cast<HistoryImpl&>(impl()).epochs;
}

namespace callbacks {
namespace {

class CsvImpl : public CallbackImpl {
 public:
  explicit CsvImpl(CSVLoggerOptions options) : options_(std::move(options)) {}

  void on_train_begin() override {
    has_header_ = options_.append && std::ifstream(options_.filename).peek() != EOF;
    file_.open(options_.filename, options_.append ? std::ios::app : std::ios::trunc);
    if (!file_) throw PermissionDenied("CSVLogger cannot write " + options_.filename);
  }

  void on_epoch_end(int64_t epoch, Logs& logs) override {
    std::string header = "epoch", row = fmt::format("{}", epoch);
    for (const auto& [name, value] : logs.values()) {
      header += options_.separator + name;
      row += options_.separator + fmt::format("{}", value);
    }
    if (!has_header_) file_ << header << '\n';
    has_header_ = true;
    file_ << row << std::endl;
  }

  void on_train_end(const Logs&) override { file_.close(); }

 private:
  const CSVLoggerOptions options_;
  std::ofstream file_;
  bool has_header_ = false;
};

// "w-{epoch:02d}.bin" with the values of the logs; Python's and fmt's formats are the same here.
std::string fill_in(const std::string& path, int64_t epoch, const Logs& logs) {
  fmt::dynamic_format_arg_store<fmt::format_context> values;
  values.push_back(fmt::arg("epoch", epoch));
  const auto numbers = logs.values();
  for (const auto& [name, value] : numbers) values.push_back(fmt::arg(name.c_str(), value));
  try {
    return fmt::vformat(path, values);
  } catch (const fmt::format_error& error) {
    throw InvalidArgument(fmt::format("ModelCheckpoint: the filepath '{}' cannot be filled in: {}",
                                      path, error.what()));
  }
}

class CheckpointImpl : public CallbackImpl {
 public:
  explicit CheckpointImpl(ModelCheckpointOptions options)
      : options_(std::move(options)),
        monitor_(options_.monitor, options_.mode, 0, options_.initial_value_threshold) {
    if (options_.filepath.empty()) throw InvalidArgument("ModelCheckpoint needs a filepath");
    if (!options_.save_weights_only) {
      throw Unimplemented("ModelCheckpoint saves weights; set save_weights_only");
    }
  }

  void on_epoch_end(int64_t epoch, Logs& logs) override {
    if (options_.save_best_only) {
      const std::optional<double> value = monitor_.read(logs);
      if (!value || !monitor_.improves(*value)) return;
      monitor_.accept(*value);
    }
    const std::string path = fill_in(options_.filepath, epoch + 1, logs);
    Model(std::static_pointer_cast<ModelImpl>(model().shared_from_this())).save_weights(path);
    if (options_.verbose > 0) fmt::print("Epoch {}: saving model to {}\n", epoch + 1, path);
  }

 private:
  const ModelCheckpointOptions options_;
  Monitor monitor_;
};

class LambdaImpl : public CallbackImpl {
 public:
  explicit LambdaImpl(LambdaCallbackOptions options) : options_(std::move(options)) {}
  void on_epoch_begin(int64_t epoch) override { tell(options_.on_epoch_begin, epoch); }
  void on_epoch_end(int64_t epoch, Logs& logs) override {
    tell(options_.on_epoch_end, epoch, logs);
  }
  void on_train_begin() override { tell(options_.on_train_begin); }
  void on_train_end(const Logs& logs) override { tell(options_.on_train_end, logs); }
  void on_train_batch_begin(int64_t batch) override { tell(options_.on_train_batch_begin, batch); }
  void on_train_batch_end(int64_t batch, const Logs& logs) override {
    tell(options_.on_train_batch_end, batch, logs);
  }

 private:
  template <class F, class... Args>
  static void tell(const F& f, Args&&... args) {
    if (f) f(std::forward<Args>(args)...);
  }
  const LambdaCallbackOptions options_;
};

}  // namespace

CSVLogger::CSVLogger(CSVLoggerOptions options)
    : Callback(std::make_shared<CsvImpl>(std::move(options))) {}
ModelCheckpoint::ModelCheckpoint(ModelCheckpointOptions options)
    : Callback(std::make_shared<CheckpointImpl>(std::move(options))) {}
LambdaCallback::LambdaCallback(LambdaCallbackOptions options)
    : Callback(std::make_shared<LambdaImpl>(std::move(options))) {}

}  // namespace callbacks
}  // namespace millstream::keras
