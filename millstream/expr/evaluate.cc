#include <algorithm>
#include <cmath>
#include <cstdint>

#include "millstream/base/error.h"
#include "millstream/expr/expr.h"
#include "millstream/expr/special.h"

namespace millstream {
namespace {

double floor_mod(double a, double b) {
  const double remainder = std::fmod(a, b);
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

// Like IEEE's maximum: NaN if either operand is.
double maximum(double a, double b) { return std::isnan(a) || a > b ? a : b; }
double minimum(double a, double b) { return std::isnan(a) || a < b ? a : b; }

double evaluate_special(Prim prim, double a) {
  switch (prim) {
    case Prim::erf: return std::erf(a);
    case Prim::erfc: return std::erfc(a);
    case Prim::erfinv: return special::erfinv(a);
    case Prim::erfcinv: return special::erfcinv(a);
    case Prim::lgamma: return special::lgamma(a);
    case Prim::digamma: return special::digamma(a);
    case Prim::bessel_i0e: return special::bessel_i0e(a);
    case Prim::bessel_i1e: return special::bessel_i1e(a);
    default: throw Internal("a primitive that takes no one operand");
  }
}

double evaluate_unary(Prim prim, double a) {
  switch (prim) {
    case Prim::neg: return -a;
    case Prim::abs: return std::abs(a);
    case Prim::sign: return std::isnan(a) ? a : (a > 0) - (a < 0);
    case Prim::floor: return std::floor(a);
    case Prim::ceil: return std::ceil(a);
    case Prim::round: return std::nearbyint(a);
    case Prim::trunc: return std::trunc(a);
    case Prim::sqrt: return std::sqrt(a);
    case Prim::rsqrt: return 1 / std::sqrt(a);
    case Prim::exp: return std::exp(a);
    case Prim::expm1: return std::expm1(a);
    case Prim::log: return std::log(a);
    case Prim::log1p: return std::log1p(a);
    case Prim::sin: return std::sin(a);
    case Prim::cos: return std::cos(a);
    case Prim::asin: return std::asin(a);
    case Prim::acos: return std::acos(a);
    case Prim::atan: return std::atan(a);
    case Prim::tanh: return std::tanh(a);
    case Prim::logical_not: return a == 0;
    default: return evaluate_special(prim, a);
  }
}

double evaluate_bits(Prim prim, double a, double b) {
  const int64_t x = static_cast<int64_t>(a), y = static_cast<int64_t>(b);
  const int64_t shift = std::clamp<int64_t>(y, 0, 63);
  switch (prim) {
    case Prim::bit_and: return static_cast<double>(x & y);
    case Prim::bit_or: return static_cast<double>(x | y);
    case Prim::bit_xor: return static_cast<double>(x ^ y);
    case Prim::shift_left:
      return static_cast<double>(static_cast<int64_t>(static_cast<uint64_t>(x) << shift));
    case Prim::shift_right: return static_cast<double>(x >> shift);
    default: throw Internal("a primitive that takes no two operands");
  }
}

double evaluate_binary(Prim prim, double a, double b) {
  switch (prim) {
    case Prim::add: return a + b;
    case Prim::sub: return a - b;
    case Prim::mul: return a * b;
    case Prim::div: return a / b;
    case Prim::min: return minimum(a, b);
    case Prim::max: return maximum(a, b);
    case Prim::pow: return std::pow(a, b);
    case Prim::atan2: return std::atan2(a, b);
    case Prim::nextafter: return std::nextafter(a, b);
    case Prim::floor_div: return std::floor(a / b);
    case Prim::floor_mod: return floor_mod(a, b);
    case Prim::trunc_div: return std::trunc(a / b);
    case Prim::trunc_mod: return std::fmod(a, b);
    case Prim::igamma: return special::igamma(a, b);
    case Prim::igammac: return special::igammac(a, b);
    case Prim::zeta: return special::zeta(a, b);
    case Prim::less: return a < b;
    case Prim::less_equal: return a <= b;
    case Prim::equal: return a == b;
    case Prim::not_equal: return a != b;
    case Prim::logical_and: return a != 0 && b != 0;
    case Prim::logical_or: return a != 0 || b != 0;
    default: return evaluate_bits(prim, a, b);
  }
}

}  // namespace

double evaluate(Prim prim, std::span<const double> operands) {
  switch (operands.size()) {
    case 1: return evaluate_unary(prim, operands[0]);
    case 2: return evaluate_binary(prim, operands[0], operands[1]);
    case 3:
      if (prim == Prim::select) return operands[0] != 0 ? operands[1] : operands[2];
      return special::betainc(operands[0], operands[1], operands[2]);
    default: throw Internal("a primitive takes one to three operands");
  }
}

double evaluate(Expr e, std::span<const double> inputs) {
  std::unordered_map<const void*, double> values;
  for (const Expr node : nodes_of(std::span(&e, 1))) {
    double operands[3];
    for (int i = 0; i < node.arity(); ++i) operands[i] = values.at(node.operand(i).id());
    double value = 0;
    if (node.is_constant()) {
      value = node.value();
    } else if (node.prim() == Prim::input) {
      value = inputs[node.index()];
    } else {
      value = evaluate(node.prim(), std::span<const double>(operands, node.arity()));
    }
    values.emplace(node.id(), value);
  }
  return values.at(e.id());
}

}  // namespace millstream
