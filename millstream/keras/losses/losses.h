#pragma once
// The losses of Keras. Unless said otherwise y_true and y_pred have one shape, [batch, ..., n], and
// the loss of a sample is the mean over the last dimension.
#include <optional>

#include "millstream/keras/losses/loss.h"

namespace millstream::keras::losses {

struct MeanSquaredErrorOptions {
  std::string reduction = "sum_over_batch_size";
  std::string name = "mean_squared_error";
};
// (y_true - y_pred)^2
struct MeanSquaredError : Loss {
  explicit MeanSquaredError(MeanSquaredErrorOptions options = {});
};

struct MeanAbsoluteErrorOptions {
  std::string reduction = "sum_over_batch_size";
  std::string name = "mean_absolute_error";
};
// |y_true - y_pred|
struct MeanAbsoluteError : Loss {
  explicit MeanAbsoluteError(MeanAbsoluteErrorOptions options = {});
};

struct HuberOptions {
  double delta = 1;
  std::string reduction = "sum_over_batch_size";
  std::string name = "huber_loss";
};
// Half the squared error up to delta, linear beyond.
struct Huber : Loss {
  explicit Huber(HuberOptions options = {});
};

struct BinaryCrossentropyOptions {
  bool from_logits = false;
  double label_smoothing = 0;
  int64_t axis = -1;
  std::string reduction = "sum_over_batch_size";
  std::string name = "binary_crossentropy";
};
// y_true in [0, 1]; y_pred probabilities, or logits. Smoothing squeezes labels towards 0.5.
struct BinaryCrossentropy : Loss {
  explicit BinaryCrossentropy(BinaryCrossentropyOptions options = {});
};

struct CategoricalCrossentropyOptions {
  bool from_logits = false;
  double label_smoothing = 0;
  int64_t axis = -1;
  std::string reduction = "sum_over_batch_size";
  std::string name = "categorical_crossentropy";
};
// y_true are distributions over the classes (one-hot labels); one value per sample.
struct CategoricalCrossentropy : Loss {
  explicit CategoricalCrossentropy(CategoricalCrossentropyOptions options = {});
};

struct SparseCategoricalCrossentropyOptions {
  bool from_logits = false;
  std::optional<int64_t> ignore_class = {};
  std::string reduction = "sum_over_batch_size";
  int64_t axis = -1;
  std::string name = "sparse_categorical_crossentropy";
};
// y_true are class numbers of any integer dtype, [batch, ...] or [batch, ..., 1]. Samples of the
// ignored class count nothing; the mean is over the others.
struct SparseCategoricalCrossentropy : Loss {
  explicit SparseCategoricalCrossentropy(SparseCategoricalCrossentropyOptions options = {});
};

}  // namespace millstream::keras::losses
