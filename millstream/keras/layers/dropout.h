#pragma once
#include "millstream/keras/layers/configured.h"

namespace millstream::keras::layers {

struct DropoutOptions {
  double rate = 0;
  std::optional<std::vector<int64_t>> noise_shape = {};  // -1 where the input's size is meant
  std::optional<int64_t> seed = {};
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};
// In training sets a share `rate` of the inputs to zero and scales the others by 1 / (1 - rate).
struct Dropout : Layer {
  explicit Dropout(DropoutOptions options);
};

}  // namespace millstream::keras::layers
