#pragma once
#include "millstream/keras/layers/configured.h"

namespace millstream::keras::layers {

struct BatchNormalizationOptions {
  int64_t axis = -1;
  double momentum = 0.99;
  double epsilon = 0.001;
  bool center = true;
  bool scale = true;
  Initializer beta_initializer = "zeros";
  Initializer gamma_initializer = "ones";
  Initializer moving_mean_initializer = "zeros";
  Initializer moving_variance_initializer = "ones";
  Regularizer beta_regularizer = {};
  Regularizer gamma_regularizer = {};
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};
// gamma * (x - mean) / sqrt(variance + epsilon) + beta per channel, with the batch's own mean and
// variance in training and their moving averages otherwise (and where the layer is not trainable).
struct BatchNormalization : Layer {
  explicit BatchNormalization(BatchNormalizationOptions options = {});
};

// One axis or several.
struct Axes {
  std::vector<int64_t> axes = {-1};
  Axes() = default;
  Axes(int axis) : axes{axis} {}
  Axes(std::initializer_list<int64_t> list) : axes(list) {}
  Config to_config() const;
  static Axes from_config(const Config& config);
};

struct LayerNormalizationOptions {
  Axes axis = {};
  double epsilon = 0.001;
  bool center = true;
  bool scale = true;
  Initializer beta_initializer = "zeros";
  Initializer gamma_initializer = "ones";
  Regularizer beta_regularizer = {};
  Regularizer gamma_regularizer = {};
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};
// gamma * (x - mean) / sqrt(variance + epsilon) + beta, with each sample's own mean and variance
// over the axes.
struct LayerNormalization : Layer {
  explicit LayerNormalization(LayerNormalizationOptions options = {});
};

}  // namespace millstream::keras::layers
