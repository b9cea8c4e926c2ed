#pragma once
// The steps of optimizers: each reads its parameters, gradients and slots once and writes the new
// ones, in one pass over memory for all parameters together.
//
// The tensors of a call are a learning rate (floating-point scalar), the number of the step from 1
// on (integer scalar), and then one group per parameter: its value, its gradient and its slots, all
// of one dtype and shape. The results are, per group, the new value and the new slots. With a
// weight decay d, a value is first multiplied by 1 - d * learning_rate.
#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op sgd_update, adam_update, rmsprop_update, adagrad_update;
}

// momentum == 0: no slot, w -= lr * g. Else one: m = momentum * m - lr * g; w += m, or with
// Nesterov's look-ahead w += momentum * m - lr * g.
struct SgdUpdate {
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;
};
Tensors sgd_update(std::span<const Tensor> tensors, const SgdUpdate& update = {});

// Slots m, v (and the largest v so far with amsgrad): m += (1 - beta_1) * (g - m), v likewise of
// g^2; w -= lr * sqrt(1 - beta_2^step) / (1 - beta_1^step) * m / (sqrt(v) + epsilon).
struct AdamUpdate {
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  bool amsgrad = false;
  double weight_decay = 0;
};
Tensors adam_update(std::span<const Tensor> tensors, const AdamUpdate& update = {});

// Slots v, then m with a momentum, then the mean gradient if centered: v = rho * v + (1 - rho) *
// g^2; step = lr * g / sqrt(v - mean^2 + epsilon); m = momentum * m + step; w -= m.
struct RmspropUpdate {
  double rho = 0.9;
  double momentum = 0;
  double epsilon = 1e-7;
  bool centered = false;
  double weight_decay = 0;
};
Tensors rmsprop_update(std::span<const Tensor> tensors, const RmspropUpdate& update = {});

// Slot a: a += g^2; w -= lr * g / sqrt(a + epsilon).
struct AdagradUpdate {
  double epsilon = 1e-7;
  double weight_decay = 0;
};
Tensors adagrad_update(std::span<const Tensor> tensors, const AdagradUpdate& update = {});

// How many slots a parameter has in a call of one of these ops.
int64_t optimizer_slots(const Op& op, const Attrs& attrs);

}  // namespace millstream
