#include "millstream/keras/layers/embedding.h"

#include "millstream/ops/array.h"
#include "millstream/ops/gather.h"

namespace millstream::keras::layers {
namespace {

class EmbeddingImpl : public Configured<EmbeddingOptions> {
 public:
  explicit EmbeddingImpl(EmbeddingOptions options) : Configured("Embedding", std::move(options)) {
    check_positive("Embedding: input_dim", options_.input_dim);
    check_positive("Embedding: output_dim", options_.output_dim);
  }

  void build(const Shape&) override {
    table_ = add_weight({.name = "embeddings",
                         .shape = {options_.input_dim, options_.output_dim},
                         .initializer = options_.embeddings_initializer,
                         .regularizer = options_.embeddings_regularizer});
  }

  Tensor call(const Tensor& x, const CallContext&) override {
    const bool indices = x.dtype() == int32 || x.dtype() == int64;
    return gather(table_, indices ? x : cast(x, int32));
  }

  Spec compute_output_spec(const Spec& input) override {
    Dims dims = input.shape.dims();
    dims.push_back(options_.output_dim);
    return {dtype(), Shape(dims)};
  }

 private:
  Variable table_;
};

}  // namespace

Embedding::Embedding(EmbeddingOptions options)
    : Layer(std::make_shared<EmbeddingImpl>(std::move(options))) {}

static const Listed<Embedding, EmbeddingOptions> listed("Embedding");

}  // namespace millstream::keras::layers
