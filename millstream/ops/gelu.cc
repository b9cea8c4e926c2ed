#include "millstream/ops/gelu.h"

#include "millstream/ops/elementwise.h"

namespace millstream {
namespace {

Tensors compose_gelu(std::span<const Tensor> x, const Attrs& attrs) {
  return {attrs.flag(0) ? gelu_tanh(x[0]) : gelu_erf(x[0])};
}

}  // namespace

constinit Op op::gelu = {.names = "nn.gelu",
                         .parameters = "features: tensor, approximate: bool = False",
                         .doc = "x * P(X <= x) for a normal X, exactly or by a tanh.",
                         .compose = compose_gelu};

static const RegisterOps family({&op::gelu});

Tensor gelu(const Tensor& features, bool approximate) {
  return call(op::gelu, {features}, {approximate});
}

}  // namespace millstream
