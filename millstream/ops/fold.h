#pragma once
// The mathematics of the reductions. A fold is three generic lambdas: `lift` makes an element what
// is folded, `combine` (associative and commutative) folds two into one, `finish` makes the result
// of what n elements folded to. Called with numbers they are the CPU kernel, called with Expr they
// are expressions for GPU text.
#include <cmath>
#include <limits>
#include <type_traits>

#include "millstream/expr/prim.h"

namespace millstream {

// The primitives of scalar numbers that folds are made of.
template <class T>
requires(std::is_arithmetic_v<T>) constexpr T apply(PrimTag<Prim::max>, T a, T b) {
  return a > b || a != a ? a : b;
}
template <class T>
requires(std::is_arithmetic_v<T>) constexpr T apply(PrimTag<Prim::min>, T a, T b) {
  return a < b || a != a ? a : b;
}
template <class T>
requires(std::is_arithmetic_v<T>) T apply(PrimTag<Prim::sqrt>, T a) {
  return static_cast<T>(std::sqrt(a));
}

// What no elements fold to.
enum class Start : uint8_t { zero, one, lowest, highest };

// What is folded, by the dtype of the elements. The half types always fold as float.
enum class Carry : uint8_t {
  same,   // the dtype itself
  wide,   // 64 bits for integers, which wrap around
  count,  // 64-bit integers for every dtype
};

template <class Lift, class Combine, class Finish>
struct Fold {
  Start start;
  Carry carry;
  Lift lift;
  Combine combine;
  Finish finish;
};

namespace fold {

inline constexpr auto keep = [](auto x) { return x; };
inline constexpr auto total = [](auto folded, auto) { return folded; };
inline constexpr auto plus = [](auto a, auto b) { return a + b; };
inline constexpr auto larger = [](auto a, auto b) { return apply(PrimTag<Prim::max>{}, a, b); };
inline constexpr auto smaller = [](auto a, auto b) { return apply(PrimTag<Prim::min>{}, a, b); };

inline constexpr Fold sum{Start::zero, Carry::wide, keep, plus, total};
inline constexpr Fold mean{Start::zero, Carry::wide, keep, plus,
                           [](auto sum, auto n) { return sum / n; }};
inline constexpr Fold prod{Start::one, Carry::wide, keep, [](auto a, auto b) { return a * b; },
                           total};
inline constexpr Fold max{Start::lowest, Carry::same, keep, larger, total};
inline constexpr Fold min{Start::highest, Carry::same, keep, smaller, total};
inline constexpr Fold any{Start::lowest, Carry::same, keep, larger, total};  // of 0 and 1
inline constexpr Fold all{Start::highest, Carry::same, keep, smaller, total};
inline constexpr Fold count_nonzero{Start::zero, Carry::count, [](auto x) { return x != 0; }, plus,
                                    total};
inline constexpr Fold euclidean_norm{
    Start::zero, Carry::wide, [](auto x) { return x * x; }, plus,
    [](auto sum, auto) { return apply(PrimTag<Prim::sqrt>{}, sum); }};

}  // namespace fold
}  // namespace millstream
