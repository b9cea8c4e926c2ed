#include "millstream/ops/optimizer.h"

#include <fmt/format.h>

namespace millstream {
namespace {

constexpr size_t kScalars = 2;  // learning rate, step

void check_scalars(std::span<const Spec> inputs) {
  if (inputs.size() < kScalars || !is_floating(inputs[0].dtype) || !is_integer(inputs[1].dtype) ||
      inputs[0].shape.rank() != 0 || inputs[1].shape.rank() != 0) {
    throw InvalidArgument(
        "the first two tensors must be the learning rate, a floating-point scalar, and the step, "
        "an integer scalar");
  }
}

Specs infer_update(const InferContext& c) {
  check_scalars(c.inputs);
  const auto group = static_cast<size_t>(2 + optimizer_slots(c.op, c.attrs));
  const std::span<const Spec> rest = c.inputs.subspan(kScalars);
  if (rest.size() % group != 0) {
    throw InvalidArgument(fmt::format(
        "{} tensors do not make groups of {}: value, gradient and slots of each parameter",
        rest.size(), group));
  }
  Specs outputs;
  for (size_t i = 0; i < rest.size(); i += group) {
    const Spec& value = rest[i];
    for (size_t j = 0; j < group; ++j) {
      const Spec& other = rest[i + j];
      if (!is_floating(other.dtype) || other.dtype != value.dtype || other.shape != value.shape) {
        throw InvalidArgument(fmt::format("parameter {} is {}, and its {} is {}", i / group,
                                          to_string(value), j == 1 ? "gradient" : "slot",
                                          to_string(other)));
      }
      if (j != 1) outputs.push_back(value);
    }
  }
  return outputs;
}

}  // namespace

constinit Op op::sgd_update = {
    .names = "keras.optimizers.sgd_update",
    .parameters =
        "tensors: tensors, momentum: float = 0.0, nesterov: bool = False, "
        "weight_decay: float = 0.0",
    .doc = "One step of stochastic gradient descent for a list of parameters.",
    .infer = infer_update};
constinit Op op::adam_update = {
    .names = "keras.optimizers.adam_update",
    .parameters =
        "tensors: tensors, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-07, "
        "amsgrad: bool = False, weight_decay: float = 0.0",
    .doc = "One step of Adam for a list of parameters.",
    .infer = infer_update};
constinit Op op::rmsprop_update = {
    .names = "keras.optimizers.rmsprop_update",
    .parameters =
        "tensors: tensors, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-07, "
        "centered: bool = False, weight_decay: float = 0.0",
    .doc = "One step of RMSprop for a list of parameters.",
    .infer = infer_update};
constinit Op op::adagrad_update = {
    .names = "keras.optimizers.adagrad_update",
    .parameters = "tensors: tensors, epsilon: float = 1e-07, weight_decay: float = 0.0",
    .doc = "One step of Adagrad for a list of parameters.",
    .infer = infer_update};

static const RegisterOps family({&op::sgd_update, &op::adam_update, &op::rmsprop_update,
                                 &op::adagrad_update});

int64_t optimizer_slots(const Op& op, const Attrs& attrs) {
  if (&op == &op::sgd_update) return attrs.number(0) != 0 ? 1 : 0;
  if (&op == &op::adam_update) return attrs.flag(3) ? 3 : 2;
  if (&op == &op::rmsprop_update)
    return 1 + (attrs.number(1) > 0 ? 1 : 0) + (attrs.flag(3) ? 1 : 0);
  return 1;
}

Tensors sgd_update(std::span<const Tensor> tensors, const SgdUpdate& u) {
  return call_all(op::sgd_update, tensors, {u.momentum, u.nesterov, u.weight_decay});
}

Tensors adam_update(std::span<const Tensor> tensors, const AdamUpdate& u) {
  return call_all(op::adam_update, tensors,
                  {u.beta_1, u.beta_2, u.epsilon, u.amsgrad, u.weight_decay});
}

Tensors rmsprop_update(std::span<const Tensor> tensors, const RmspropUpdate& u) {
  return call_all(op::rmsprop_update, tensors,
                  {u.rho, u.momentum, u.epsilon, u.centered, u.weight_decay});
}

Tensors adagrad_update(std::span<const Tensor> tensors, const AdagradUpdate& u) {
  return call_all(op::adagrad_update, tensors, {u.epsilon, u.weight_decay});
}

}  // namespace millstream
