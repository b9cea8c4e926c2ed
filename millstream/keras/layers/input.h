#pragma once
#include "millstream/keras/layers/configured.h"

namespace millstream::keras::layers {

struct InputLayerOptions {
  Shape shape = {};  // without the batch dimension
  int64_t batch_size = kUnknown;
  DType dtype = float32;
  std::string name = {};
};

// Where a model's data come in; usually made by Input().
struct InputLayer : Layer {
  explicit InputLayer(InputLayerOptions options);
};

bool is_input(const Layer& layer);
// What the input layer takes, with the batch dimension.
Spec input_spec(const Layer& input);
// x as the input layer wants it: in its dtype, with a last dimension of 1 added or dropped.
// InvalidArgument names the layer and both shapes if that does not fit.
Tensor fit_to_input(const Tensor& x, const Layer& input);

}  // namespace millstream::keras::layers
