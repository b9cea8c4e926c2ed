#pragma once
#include "millstream/keras/activations.h"
#include "millstream/keras/layers/configured.h"

namespace millstream::keras::layers {

struct DenseOptions {
  int64_t units = 0;
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};

// activation(x kernel + bias): [..., n] -> [..., units].
struct Dense : Layer {
  explicit Dense(DenseOptions options);
};

}  // namespace millstream::keras::layers
