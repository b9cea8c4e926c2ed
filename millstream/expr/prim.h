#pragma once
// The primitives of scalar expressions: what a backend must know of mathematics, and all of it.
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millstream {

enum class Prim : uint8_t {
  input,
  constant,
  // one operand
  neg,
  abs,
  sign,
  floor,
  ceil,
  round,  // half to even
  trunc,
  sqrt,
  rsqrt,
  exp,
  expm1,
  log,
  log1p,
  sin,
  cos,
  asin,
  acos,
  atan,
  tanh,
  erf,
  erfc,
  erfinv,
  erfcinv,
  lgamma,
  digamma,
  bessel_i0e,
  bessel_i1e,
  logical_not,
  // two operands
  add,
  sub,
  mul,
  div,
  min,  // NaN if either operand is
  max,
  pow,
  atan2,
  nextafter,
  floor_div,
  floor_mod,
  trunc_div,
  trunc_mod,
  igamma,
  igammac,
  zeta,
  less,
  less_equal,
  equal,
  not_equal,
  logical_and,
  logical_or,
  bit_and,
  bit_or,
  bit_xor,
  shift_left,
  shift_right,
  // three operands
  select,  // the second where the first is not zero, else the third
  betainc,
};

inline constexpr Prim kFirstUnary = Prim::neg, kFirstBinary = Prim::add,
                      kFirstTernary = Prim::select;
inline constexpr size_t kPrims = static_cast<size_t>(Prim::betainc) + 1;

constexpr int arity_of(Prim p) {
  return p < kFirstUnary ? 0 : p < kFirstBinary ? 1 : p < kFirstTernary ? 2 : 3;
}

// Comparisons and logic: the result is 0 or 1.
constexpr bool is_boolean(Prim p) {
  return p == Prim::logical_not || (p >= Prim::less && p <= Prim::logical_or);
}

// "less_equal"
std::string_view name_of(Prim p);

// Names a primitive in an overload set: apply(PrimTag<Prim::exp>{}, x).
template <Prim p>
struct PrimTag {};

}  // namespace millstream
