#pragma once
// Pooling of images [batch, height, width, channels], or [batch, channels, height, width] with
// data_format "channels_first".
#include "millstream/keras/layers/configured.h"

namespace millstream::keras::layers {

struct Pooling2DOptions {
  Pair pool_size = 2;
  std::optional<Pair> strides = {};  // pool_size unless given
  std::string padding = "valid";
  std::string data_format = "channels_last";
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};
struct MaxPooling2D : Layer {
  explicit MaxPooling2D(Pooling2DOptions options = {});
};
// With padding "same" the mean is over those pixels of a window that the image has.
struct AveragePooling2D : Layer {
  explicit AveragePooling2D(Pooling2DOptions options = {});
};

struct GlobalPooling2DOptions {
  std::string data_format = "channels_last";
  bool keepdims = false;
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};
// One value per channel: [batch, channels], or with height and width of 1.
struct GlobalAveragePooling2D : Layer {
  explicit GlobalAveragePooling2D(GlobalPooling2DOptions options = {});
};
struct GlobalMaxPooling2D : Layer {
  explicit GlobalMaxPooling2D(GlobalPooling2DOptions options = {});
};

}  // namespace millstream::keras::layers
