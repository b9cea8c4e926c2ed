#pragma once
#include "millstream/keras/layers/configured.h"

namespace millstream::keras::layers {

struct FlattenOptions {
  std::string data_format = "channels_last";
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};
// [batch, a, b, ...] -> [batch, a * b * ...], with the channels last.
struct Flatten : Layer {
  explicit Flatten(FlattenOptions options = {});
};

struct ReshapeOptions {
  std::vector<int64_t> target_shape = {};  // without the batch; one size may be -1
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};
struct Reshape : Layer {
  explicit Reshape(ReshapeOptions options);
};

}  // namespace millstream::keras::layers
