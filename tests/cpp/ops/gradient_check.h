#pragma once
// Gradients against central differences in float64, of first and second order.
#include <functional>

#include "millstream/tensor/tensor.h"

namespace millstream {

using Function = std::function<Tensor(const Tensors& inputs)>;

// Fails the test unless the gradients of a weighted sum of f's output by each input agree with
// central differences, and so do those of a weighted sum of these gradients (order 2). The inputs
// are float64; those of another dtype are held fixed.
void expect_gradients(const Function& f, const Tensors& inputs, int order = 2);

// Numbers of both signs that are not close to each other.
Tensor spread_out(const Shape& shape, double offset = 0);

}  // namespace millstream
