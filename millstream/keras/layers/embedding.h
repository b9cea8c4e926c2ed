#pragma once
#include "millstream/keras/layers/configured.h"

namespace millstream::keras::layers {

struct EmbeddingOptions {
  int64_t input_dim = 0;
  int64_t output_dim = 0;
  Initializer embeddings_initializer = "uniform";
  Regularizer embeddings_regularizer = {};
  bool trainable = true;
  DType dtype = float32;
  std::string name = {};
};
// A row of a table for each number in [0, input_dim): [...] -> [..., output_dim]. Numbers out of
// range raise InvalidArgument.
struct Embedding : Layer {
  explicit Embedding(EmbeddingOptions options);
};

}  // namespace millstream::keras::layers
