#include "millstream/keras/layers/dense.h"

#include "millstream/ops/array.h"
#include "millstream/ops/matmul.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/views.h"

namespace millstream::keras::layers {
namespace {

class DenseImpl : public Configured<DenseOptions> {
 public:
  explicit DenseImpl(DenseOptions options) : Configured("Dense", std::move(options)) {
    check_positive("Dense: units", options_.units);
  }

  void build(const Shape& input) override {
    kernel_ = add_weight({.name = "kernel",
                          .shape = {known_channels(input), options_.units},
                          .initializer = options_.kernel_initializer,
                          .regularizer = options_.kernel_regularizer});
    if (!options_.use_bias) return;
    bias_ = add_weight({.name = "bias",
                        .shape = {options_.units},
                        .initializer = options_.bias_initializer,
                        .regularizer = options_.bias_regularizer});
  }

  Tensor call(const Tensor& input, const CallContext&) override {
    const Tensor x = cast(input, dtype());
    if (x.rank() < 2) throw InvalidArgument("the input needs a batch and a feature dimension");
    if (x.rank() == 2) return project(x);
    Dims dims = x.shape().dims();
    const Tensor y = project(reshape(x, {-1, x.dim(-1)}));
    dims[dims.size() - 1] = options_.units;
    return reshape(y, Shape(dims));
  }

  Spec compute_output_spec(const Spec& input) override {
    Dims dims = input.shape.dims();
    dims[dims.size() - 1] = options_.units;
    return {dtype(), Shape(dims)};
  }

 private:
  Tensor project(const Tensor& x) const {
    if (!options_.use_bias) return options_.activation(matmul(x, kernel_));
    const bool fused = options_.activation.name() == "relu";
    const Tensor y = fused_dense(x, kernel_, bias_, {.activation = fused ? "relu" : ""});
    return fused ? y : options_.activation(y);
  }

  Variable kernel_, bias_;
};

}  // namespace

Dense::Dense(DenseOptions options) : Layer(std::make_shared<DenseImpl>(std::move(options))) {}

static const Listed<Dense, DenseOptions> listed("Dense");

}  // namespace millstream::keras::layers
