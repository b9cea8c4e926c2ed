#include <limits>
#include <numbers>

#include "millstream/expr/expr.h"

namespace millstream {
namespace {

constexpr double kUnknownSlope = std::numeric_limits<double>::quiet_NaN();
constexpr double kTwoOverRootPi = 2 * std::numbers::inv_sqrtpi;

Expr exp(Expr x) { return Expr::make(Prim::exp, {x}); }
Expr log(Expr x) { return Expr::make(Prim::log, {x}); }
Expr pow(Expr x, Expr y) { return Expr::make(Prim::pow, {x, y}); }
Expr select(Expr c, Expr a, Expr b) { return Expr::make(Prim::select, {c, a, b}); }
Expr lgamma(Expr x) { return Expr::make(Prim::lgamma, {x}); }

// d y / d x for y = prim(x). `y` is the expression itself, which is often the shortest way to say
// its own derivative.
Expr slope(Expr y, Expr x) {
  switch (y.prim()) {
    case Prim::neg: return -1;
    case Prim::abs: return Expr::make(Prim::sign, {x});
    case Prim::sqrt: return 0.5 / y;
    case Prim::rsqrt: return -0.5 * (y / x);
    case Prim::exp: return y;
    case Prim::expm1: return y + 1;
    case Prim::log: return 1 / x;
    case Prim::log1p: return 1 / (1 + x);
    case Prim::sin: return Expr::make(Prim::cos, {x});
    case Prim::cos: return -Expr::make(Prim::sin, {x});
    case Prim::asin: return Expr::make(Prim::rsqrt, {(1 - x) * (1 + x)});
    case Prim::acos: return -Expr::make(Prim::rsqrt, {(1 - x) * (1 + x)});
    case Prim::atan: return 1 / (1 + x * x);
    case Prim::tanh: return 1 - y * y;
    case Prim::erf: return kTwoOverRootPi * exp(-(x * x));
    case Prim::erfc: return -kTwoOverRootPi * exp(-(x * x));
    case Prim::erfinv: return (1 / kTwoOverRootPi) * exp(y * y);
    case Prim::erfcinv: return -(1 / kTwoOverRootPi) * exp(y * y);
    case Prim::lgamma: return Expr::make(Prim::digamma, {x});
    case Prim::digamma: return Expr::make(Prim::zeta, {2, x});
    case Prim::bessel_i0e:
      return Expr::make(Prim::bessel_i1e, {x}) - Expr::make(Prim::sign, {x}) * y;
    case Prim::bessel_i1e: {
      const Expr ratio = select(x == 0, 0.5, y / x);
      return Expr::make(Prim::bessel_i0e, {x}) - Expr::make(Prim::sign, {x}) * y - ratio;
    }
    default: return 0;  // steps and logic
  }
}

// x^(a-1) exp(-x) / gamma(a): the slope of igamma(a, x) in x.
Expr igamma_slope(Expr a, Expr x) { return exp((a - 1) * log(x) - x - lgamma(a)); }

Expr betainc_slope(Expr a, Expr b, Expr x) {
  const Expr log1p = Expr::make(Prim::log1p, {-x});
  return exp(lgamma(a + b) - lgamma(a) - lgamma(b) + (a - 1) * log(x) + (b - 1) * log1p);
}

// The partial derivative of y by its operand number `i`.
Expr partial(Expr y, int i) {
  if (y.arity() == 1) return slope(y, y.operand(0));
  const Expr a = y.operand(0), b = y.operand(1);
  const bool first = i == 0;
  switch (y.prim()) {
    case Prim::add: return 1;
    case Prim::sub: return first ? 1 : -1;
    case Prim::mul: return first ? b : a;
    case Prim::div: return first ? 1 / b : -(y / b);
    case Prim::pow: return first ? b * pow(a, b - 1) : y * log(select(a > 0, a, 1));
    case Prim::atan2: return first ? b / (a * a + b * b) : -(a / (a * a + b * b));
    case Prim::nextafter: return first ? 1 : 0;
    case Prim::floor_mod: return first ? Expr(1) : -Expr::make(Prim::floor_div, {a, b});
    case Prim::trunc_mod: return first ? Expr(1) : -Expr::make(Prim::trunc_div, {a, b});
    case Prim::igamma: return first ? Expr(kUnknownSlope) : igamma_slope(a, b);
    case Prim::igammac: return first ? Expr(kUnknownSlope) : -igamma_slope(a, b);
    case Prim::zeta: return first ? Expr(kUnknownSlope) : -a * Expr::make(Prim::zeta, {a + 1, b});
    case Prim::betainc: return i < 2 ? Expr(kUnknownSlope) : betainc_slope(a, b, y.operand(2));
    default: return 0;
  }
}

// partial * d, or the quotient where the partial is 1 / something.
Expr chain(Expr partial, Expr d) {
  const bool reciprocal = partial.prim() == Prim::div && partial.operand(0).is_constant(1);
  return reciprocal ? d / partial.operand(1) : d * partial;
}

Expr derivative_of_node(Expr y, std::span<const Expr> d) {
  if (y.prim() == Prim::select) return select(y.operand(0), d[1], d[2]);
  if (y.prim() == Prim::max) return select(y.operand(0) >= y.operand(1), d[0], d[1]);
  if (y.prim() == Prim::min) return select(y.operand(0) <= y.operand(1), d[0], d[1]);
  Expr sum = 0;
  for (int i = 0; i < y.arity(); ++i) {
    if (d[i].is_constant(0)) continue;  // before its partial is made: log(x) of x^2 is not wanted
    const Expr slope = partial(y, i);
    if (!slope.is_constant(0)) sum = sum + chain(slope, d[i]);
  }
  return sum;
}

}  // namespace

Expr derivative(Expr e, int input, Expr seed) {
  std::unordered_map<const void*, Expr> derivatives;
  for (const Expr node : nodes_of(std::span(&e, 1))) {
    Expr d[3];
    for (int i = 0; i < node.arity(); ++i) d[i] = derivatives.at(node.operand(i).id());
    const bool wanted = node.prim() == Prim::input && node.index() == input;
    derivatives.emplace(node.id(), wanted ? seed : derivative_of_node(node, d));
  }
  return derivatives.at(e.id());
}

}  // namespace millstream
