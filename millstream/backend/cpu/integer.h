#pragma once
// Int: an integer that elementwise declarations can be called with. It wraps around instead of
// overflowing; what has no result (division by zero, a negative power) is 0 and sets `fault`.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "millstream/backend/cpu/kernels.h"

namespace millstream::cpu {

template <class T>
struct Int {
  using U = std::make_unsigned_t<T>;
  static constexpr int kBits = std::numeric_limits<U>::digits;
  T v;

  Int(T value) : v(value) {}
  template <class S>
  requires(std::is_integral_v<S> && !std::is_same_v<S, T>) Int(S constant)
      : v(static_cast<T>(constant)) {}

  friend Int operator-(Int a) { return wrapped(U(0) - U(a.v)); }
  friend Int operator+(Int a, Int b) { return wrapped(U(a.v) + U(b.v)); }
  friend Int operator-(Int a, Int b) { return wrapped(U(a.v) - U(b.v)); }
  friend Int operator*(Int a, Int b) { return wrapped(U(a.v) * U(b.v)); }
  friend Int operator<(Int a, Int b) { return a.v < b.v; }
  friend Int operator<=(Int a, Int b) { return a.v <= b.v; }
  friend Int operator>(Int a, Int b) { return a.v > b.v; }
  friend Int operator>=(Int a, Int b) { return a.v >= b.v; }
  friend Int operator==(Int a, Int b) { return a.v == b.v; }
  friend Int operator!=(Int a, Int b) { return a.v != b.v; }
  friend Int operator!(Int a) { return a.v == 0; }
  friend Int operator&&(Int a, Int b) { return (a.v != 0) & (b.v != 0); }
  friend Int operator||(Int a, Int b) { return (a.v != 0) | (b.v != 0); }

  template <Prim p>
  friend Int apply(PrimTag<p>, Int a) {
    if constexpr (p == Prim::neg) {
      return -a;
    } else if constexpr (p == Prim::abs) {
      return a.v < 0 ? -a : a;
    } else if constexpr (p == Prim::sign) {
      return (a.v > 0) - (a.v < 0);
    } else if constexpr (p == Prim::logical_not) {
      return !a;
    } else {
      static_assert(p >= Prim::floor && p <= Prim::trunc, "not a primitive of integers");
      return a;
    }
  }
  template <Prim p>
  friend Int apply(PrimTag<p>, Int a, Int b) {
    return binary<p>(a, b);
  }
  friend Int apply(PrimTag<Prim::select>, Int c, Int a, Int b) { return c.v != 0 ? a : b; }

 private:
  static Int wrapped(U bits) { return static_cast<T>(bits); }

  template <Prim p>
  static Int binary(Int a, Int b) {
    if constexpr (p == Prim::add)
      return a + b;
    else if constexpr (p == Prim::sub)
      return a - b;
    else if constexpr (p == Prim::mul)
      return a * b;
    else if constexpr (p == Prim::min)
      return a.v < b.v ? a : b;
    else if constexpr (p == Prim::max)
      return a.v < b.v ? b : a;
    else if constexpr (p == Prim::pow)
      return power(a, b);
    else if constexpr (p == Prim::floor_div)
      return floor_quotient(a, b);
    else if constexpr (p == Prim::floor_mod)
      return a - floor_quotient(a, b) * b;
    else if constexpr (p == Prim::trunc_div)
      return quotient(a, b);
    else if constexpr (p == Prim::trunc_mod)
      return a - quotient(a, b) * b;
    else if constexpr (p == Prim::bit_and)
      return a.v & b.v;
    else if constexpr (p == Prim::bit_or)
      return a.v | b.v;
    else if constexpr (p == Prim::bit_xor)
      return a.v ^ b.v;
    else if constexpr (p == Prim::shift_left)
      return wrapped(U(a.v) << distance(b));
    else if constexpr (p == Prim::shift_right)
      return a.v >> distance(b);
    else if constexpr (p == Prim::less)
      return a < b;
    else if constexpr (p == Prim::less_equal)
      return a <= b;
    else if constexpr (p == Prim::equal)
      return a == b;
    else if constexpr (p == Prim::not_equal)
      return a != b;
    else if constexpr (p == Prim::logical_and)
      return a && b;
    else {
      static_assert(p == Prim::logical_or, "not a primitive of integers");
      return a || b;
    }
  }

  static int distance(Int b) { return static_cast<int>(std::clamp<T>(b.v, 0, kBits - 1)); }

  static Int quotient(Int a, Int b) {
    if (b.v == 0) {
      fault = Fault::division_by_zero;
      return 0;
    }
    if (std::is_signed_v<T> && b.v == T(-1)) return -a;  // the processor traps at min / -1
    return a.v / b.v;
  }

  static Int floor_quotient(Int a, Int b) {
    const Int q = quotient(a, b), rest = a - q * b;
    return q - ((rest.v != 0) & ((rest.v < 0) != (b.v < 0)));
  }

  static Int power(Int base, Int exponent) {
    if (exponent.v < 0) {
      fault = Fault::negative_power;
      return 0;
    }
    Int result = 1;
    for (T rest = exponent.v; rest > 0; rest /= 2) {
      if (rest % 2 == 1) result = result * base;
      base = base * base;
    }
    return result;
  }
};

}  // namespace millstream::cpu
