#pragma once
// Gaussian error linear units.
#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op gelu;
}

// x * P(X <= x) for a normal X (Hendrycks and Gimpel, arXiv:1606.08415), exactly or by a tanh.
//   gelu(x, true);
Tensor gelu(const Tensor& features, bool approximate = false);

}  // namespace millstream
