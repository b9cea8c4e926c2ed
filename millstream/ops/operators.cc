#include "millstream/ops/operators.h"

#include "millstream/ops/array.h"

namespace millstream {

Tensor operator/(const Tensor& a, const Tensor& b) {
  const auto real = [](const Tensor& x) {
    if (is_floating(x.dtype()) || x.dtype() == boolean) return x;
    return cast(x, size_of(x.dtype()) <= 2 ? float32 : float64);
  };
  // A literal follows the other operand, so only the operand that is no literal decides.
  if (a.defined() && !a.node()->weak) return divide(real(a), b.node()->weak ? b : real(b));
  return divide(a.defined() && b.node()->weak ? real(a) : a, real(b));
}

}  // namespace millstream
