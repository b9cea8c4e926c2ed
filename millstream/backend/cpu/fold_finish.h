#pragma once
// What of a simple fold is the same for every SIMD target.
#include "millstream/backend/cpu/fold_driver.h"
#include "millstream/ops/fold.h"

namespace millstream::cpu {

// The type that elements of type T are folded in.
template <class T, Carry carry>
using CarryOf = std::conditional_t<
    !std::is_integral_v<T>,
    std::conditional_t<carry == Carry::count, uint64_t,
                       std::conditional_t<std::is_same_v<T, double>, double, float>>,
    std::conditional_t<carry == Carry::same && std::is_signed_v<T>, int64_t, uint64_t>>;

template <const auto& kFold, class T, class C>
void finish_fold(const FoldState& s, int64_t width, const KernelContext& c, int64_t at) {
  using Out = std::conditional_t<kFold.carry == Carry::count, int64_t, T>;
  // Signed integers are carried unsigned where they may wrap around.
  using Total = std::conditional_t<std::is_integral_v<T> && std::is_signed_v<T>, int64_t, C>;
  const int64_t least = std::is_integral_v<Total> ? 1 : 0;
  const Total n = static_cast<Total>(std::max(s.n, least));
  Out* out = c.out<Out>() + at;
  for (int64_t j = 0; j < width; ++j) {
    out[j] = static_cast<Out>(kFold.finish(static_cast<Total>(s.plane<C>(0)[j]), n));
  }
}

}  // namespace millstream::cpu
