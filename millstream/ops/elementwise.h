// Every elementwise op, declared once.
//
// A declaration is a generic lambda with names. What it is called with decides what it means:
//   Tensor  the op: broadcast, run, recorded by tapes             tanh(x)
//   Expr    a scalar expression: GPU text, derivative, fusion     map_infos() calls them all
//   Vec     a SIMD register: the CPU kernel (backend/cpu, where this header is included once per
//           SIMD target, hence the unusual guard)
// To add an op, declare it in its family's file, name it in the list below, and give it a row in
// the op test table.
#if defined(MILLSTREAM_OPS_ELEMENTWISE_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MILLSTREAM_OPS_ELEMENTWISE_H
#undef MILLSTREAM_OPS_ELEMENTWISE_H
#else
#define MILLSTREAM_OPS_ELEMENTWISE_H
#endif

#include <array>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <numbers>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "millstream/expr/prim.h"
#include "millstream/ops/map_info.h"

#ifdef HWY_TARGET_INCLUDE
HWY_BEFORE_NAMESPACE();
namespace millstream::HWY_NAMESPACE {
#else
#include "millstream/ops/map.h"
namespace millstream {
#endif

// Each file uses the names of those above it.
// clang-format off
#include "millstream/ops/elementwise/declare-inl.h"
#include "millstream/ops/elementwise/arithmetic-inl.h"
#include "millstream/ops/elementwise/logic-inl.h"
#include "millstream/ops/elementwise/exponential-inl.h"
#include "millstream/ops/elementwise/trigonometric-inl.h"
#include "millstream/ops/elementwise/special-inl.h"
#include "millstream/ops/elementwise/activation-inl.h"
// clang-format on

// The one list of elementwise ops. An op is known by its position in it.
using Elementwise = Declarations<
    // arithmetic
    abs, negative, sign, add, subtract, multiply, divide, floordiv, floormod, truncatediv,
    truncatemod, divide_no_nan, multiply_no_nan, reciprocal, reciprocal_no_nan, square,
    squared_difference, sqrt, rsqrt, maximum, minimum, clip_by_value, floor, ceil, round, rint,
    nextafter,
    // comparison, logic, bits
    equal, not_equal, less, less_equal, greater, greater_equal, is_nan, is_inf, is_finite,
    logical_not, logical_and, logical_or, logical_xor, where, bitwise_and, bitwise_or, bitwise_xor,
    invert, left_shift, right_shift,
    // exponentials and powers
    exp, expm1, log, log1p, pow, xlogy, xlog1py, xdivy, sinh, cosh, tanh, asinh, acosh, atanh,
    // trigonometric functions
    sin, cos, tan, asin, acos, atan, atan2,
    // special functions
    erf, erfc, erfinv, erfcinv, ndtri, lgamma, digamma, polygamma, zeta, igamma, igammac, betainc,
    bessel_i0, bessel_i0e, bessel_i1, bessel_i1e,
    // activations
    sigmoid, log_sigmoid, softplus, softsign, relu, relu6, leaky_relu, elu, selu, silu, mish,
    gelu_erf, gelu_tanh, hard_sigmoid, hard_silu, weighted_cross_entropy_with_logits>;

template <class M>
constexpr size_t position_of() {
  constexpr auto found = Elementwise::find<M>();
  static_assert(found.occurrences != 0,
                "This elementwise op is missing from the list `Elementwise` at the foot of "
                "millstream/ops/elementwise.h: name it there.");
  static_assert(found.occurrences < 2,
                "Two elementwise ops have one type: give each its own lambda.");
  return found.position;
}

#ifdef HWY_TARGET_INCLUDE
}  // namespace millstream::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#else
}  // namespace millstream
#endif
#endif
