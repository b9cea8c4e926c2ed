#pragma once
// The callbacks of Keras.
#include <functional>
#include <optional>
#include <string>

#include "millstream/keras/callbacks/callback.h"
#include "millstream/keras/callbacks/history.h"

namespace millstream::keras::callbacks {

using keras::History;

struct EarlyStoppingOptions {
  std::string monitor = "val_loss";
  double min_delta = 0;
  int64_t patience = 0;
  int verbose = 0;
  std::string mode = "auto";  // "min", "max"; auto: max for accuracies and their like
  std::optional<double> baseline = {};
  bool restore_best_weights = false;
  int64_t start_from_epoch = 0;
};
// Ends training when a quantity has not improved for `patience` epochs.
class EarlyStopping : public Callback {
 public:
  explicit EarlyStopping(EarlyStoppingOptions options = {});
  int64_t stopped_epoch() const;  // 0 if it did not stop the training
  int64_t best_epoch() const;
  double best() const;
};

struct ModelCheckpointOptions {
  std::string filepath = {};  // may hold {epoch} and names of logs: "w-{epoch:02d}-{val_loss:.3f}"
  std::string monitor = "val_loss";
  int verbose = 0;
  bool save_best_only = false;
  bool save_weights_only = true;  // whole models come later
  std::string mode = "auto";
  std::optional<double> initial_value_threshold = {};
};
// Saves the weights after every epoch, or after the best so far. A file is complete or not there.
class ModelCheckpoint : public Callback {
 public:
  explicit ModelCheckpoint(ModelCheckpointOptions options);
};

using EpochSchedule = std::function<double(int64_t epoch, double learning_rate)>;
struct LearningRateSchedulerOptions {
  EpochSchedule schedule;
  int verbose = 0;
};
// Sets the learning rate at the start of each epoch, and logs it as "learning_rate".
class LearningRateScheduler : public Callback {
 public:
  explicit LearningRateScheduler(LearningRateSchedulerOptions options);
};

struct ReduceLROnPlateauOptions {
  std::string monitor = "val_loss";
  double factor = 0.1;
  int64_t patience = 10;
  int verbose = 0;
  std::string mode = "auto";
  double min_delta = 0.0001;
  int64_t cooldown = 0;
  double min_lr = 0;
};
// Multiplies the learning rate by `factor` when a quantity has stopped improving.
class ReduceLROnPlateau : public Callback {
 public:
  explicit ReduceLROnPlateau(ReduceLROnPlateauOptions options = {});
};

struct CSVLoggerOptions {
  std::string filename = {};
  std::string separator = ",";
  bool append = false;
};
// One line per epoch. PermissionDenied if the file cannot be written.
class CSVLogger : public Callback {
 public:
  explicit CSVLogger(CSVLoggerOptions options);
};

struct TerminateOnNaNOptions {
  bool raise_error = false;
};
// Ends training at a loss that is no finite number.
class TerminateOnNaN : public Callback {
 public:
  explicit TerminateOnNaN(TerminateOnNaNOptions options = {});
};

// Functions of one's own.
struct LambdaCallbackOptions {
  std::function<void(int64_t epoch)> on_epoch_begin = {};
  std::function<void(int64_t epoch, Logs& logs)> on_epoch_end = {};
  std::function<void()> on_train_begin = {};
  std::function<void(const Logs& logs)> on_train_end = {};
  std::function<void(int64_t batch)> on_train_batch_begin = {};
  std::function<void(int64_t batch, const Logs& logs)> on_train_batch_end = {};
};
class LambdaCallback : public Callback {
 public:
  explicit LambdaCallback(LambdaCallbackOptions options);
};

}  // namespace millstream::keras::callbacks
