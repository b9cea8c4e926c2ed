#include "millstream/ops/operators.h"

#include <fmt/format.h>

#include "millstream/ops/array.h"
#include "millstream/tensor/variable.h"

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

namespace {

void check_update(const Tensor& now, const Tensor& delta) {
  if (delta.shape() == now.shape()) return;
  throw InvalidArgument(
      {.message = fmt::format("Cannot update variable with shape {} using a Tensor with shape {}, "
                              "shapes must be equal.",
                              now.shape().to_string(), delta.shape().to_string())});
}

}  // namespace

void Variable::assign_add(const Tensor& delta) {
  update([&](const Tensor& now) {
    check_update(now, delta);
    return Observer::paused([&] { return add(now, delta); });
  });
}

void Variable::assign_sub(const Tensor& delta) {
  update([&](const Tensor& now) {
    check_update(now, delta);
    return Observer::paused([&] { return subtract(now, delta); });
  });
}

}  // namespace millstream
