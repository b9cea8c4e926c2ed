#pragma once
// Layers of several tensors: Add{}({a, b}).
#include "millstream/keras/layers/configured.h"

namespace millstream::keras::layers {

struct MergeOptions {
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};
// Elementwise, with NumPy's broadcasting.
struct Add : Layer {
  explicit Add(MergeOptions options = {});
};
struct Subtract : Layer {
  explicit Subtract(MergeOptions options = {});
};
struct Multiply : Layer {
  explicit Multiply(MergeOptions options = {});
};
struct Average : Layer {
  explicit Average(MergeOptions options = {});
};
struct Maximum : Layer {
  explicit Maximum(MergeOptions options = {});
};
struct Minimum : Layer {
  explicit Minimum(MergeOptions options = {});
};

struct ConcatenateOptions {
  int64_t axis = -1;
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};
struct Concatenate : Layer {
  explicit Concatenate(ConcatenateOptions options = {});
};

}  // namespace millstream::keras::layers
