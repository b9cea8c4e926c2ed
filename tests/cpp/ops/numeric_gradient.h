#pragma once
// Gradients by central differences, for comparison with a tape's.
#include <functional>

#include "millstream/ops/op.h"

namespace millstream::testing {

// float64 numbers in [-1, 1) that follow from the shape and `seed`.
Tensor random_tensor(const Shape& shape, uint64_t seed, DType dtype = float64);

// Expects the tape's gradients of sum(f(inputs) * weights) by each input, for fixed random weights,
// to equal central differences. With `second`, checks the gradients of these gradients as well.
using Function = std::function<Tensor(const Tensors&)>;
void expect_gradients(const Function& f, const Tensors& inputs, bool second = false);

}  // namespace millstream::testing
