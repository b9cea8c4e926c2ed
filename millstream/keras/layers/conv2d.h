#pragma once
// Convolutions of images [batch, height, width, channels], or [batch, channels, height, width] with
// data_format "channels_first". padding is "valid" or "same".
#include "millstream/keras/activations.h"
#include "millstream/keras/layers/configured.h"

namespace millstream::keras::layers {

struct Conv2DOptions {
  int64_t filters = 0;
  Pair kernel_size = 0;
  Pair strides = 1;
  std::string padding = "valid";
  std::string data_format = "channels_last";
  Pair dilation_rate = 1;
  int64_t groups = 1;
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
struct Conv2D : Layer {
  explicit Conv2D(Conv2DOptions options);
};

struct DepthwiseConv2DOptions {
  Pair kernel_size = 0;
  Pair strides = 1;
  std::string padding = "valid";
  int64_t depth_multiplier = 1;
  std::string data_format = "channels_last";
  Pair dilation_rate = 1;
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer depthwise_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer depthwise_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};
// Every channel by its own filters: depth_multiplier outputs per channel.
struct DepthwiseConv2D : Layer {
  explicit DepthwiseConv2D(DepthwiseConv2DOptions options);
};

struct Conv2DTransposeOptions {
  int64_t filters = 0;
  Pair kernel_size = 0;
  Pair strides = 1;
  std::string padding = "valid";
  std::optional<Pair> output_padding = {};
  std::string data_format = "channels_last";
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
// The adjoint of Conv2D: makes images larger by the strides.
struct Conv2DTranspose : Layer {
  explicit Conv2DTranspose(Conv2DTransposeOptions options);
};

}  // namespace millstream::keras::layers
