#pragma once
#include "millstream/keras/activations.h"
#include "millstream/keras/layers/configured.h"

namespace millstream::keras::layers {

struct ActivationOptions {
  ActivationFunction activation = {};
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};
struct Activation : Layer {
  explicit Activation(ActivationOptions options);
};

struct ReLUOptions {
  std::optional<double> max_value = {};
  double negative_slope = 0;
  double threshold = 0;
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};
// x from the threshold up to max_value; negative_slope * (x - threshold) below.
struct ReLU : Layer {
  explicit ReLU(ReLUOptions options = {});
};

struct SoftmaxOptions {
  int64_t axis = -1;
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};
struct Softmax : Layer {
  explicit Softmax(SoftmaxOptions options = {});
};

struct RescalingOptions {
  double scale = 1;
  double offset = 0;
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};
// x * scale + offset, in floating point: uint8 images go in as they are.
struct Rescaling : Layer {
  explicit Rescaling(RescalingOptions options);
};

}  // namespace millstream::keras::layers
