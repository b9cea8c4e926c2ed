#include "millstream/expr/simplify.h"

#include <cmath>

namespace millstream {
namespace {

using Simpler = std::optional<Expr>;

bool is(Expr e, Prim prim) { return e.prim() == prim; }

bool boolean(Expr e) { return is_boolean(e.prim()) || e.is_constant(0) || e.is_constant(1); }

bool power_of_two(double value) {
  int exponent;
  return std::isfinite(value) && std::abs(std::frexp(value, &exponent)) == 0.5 &&
         std::abs(exponent) < 100;
}

Simpler fold(Prim prim, std::span<const Expr> operands) {
  double values[3];
  for (size_t i = 0; i < operands.size(); ++i) {
    if (!operands[i].is_constant()) return {};
    values[i] = operands[i].value();
  }
  return Expr(evaluate(prim, std::span<const double>(values, operands.size())));
}

Simpler simplify_unary(Prim prim, Expr a) {
  if (prim == Prim::neg && is(a, Prim::neg)) return a.operand(0);
  if (prim == Prim::neg && is(a, Prim::sub)) return a.operand(1) - a.operand(0);
  if (prim == Prim::abs && is(a, Prim::abs)) return a;
  if (prim == Prim::abs && is(a, Prim::neg)) return Expr::make(Prim::abs, {a.operand(0)});
  if (prim == Prim::logical_not && is(a, Prim::logical_not) && boolean(a.operand(0))) {
    return a.operand(0);
  }
  return {};
}

Simpler simplify_sum(Expr a, Expr b) {
  if (a.is_constant()) return b + a;
  if (b.is_constant(0)) return a;
  if (is(b, Prim::neg)) return a - b.operand(0);
  if (is(a, Prim::neg)) return b - a.operand(0);
  return {};
}

Simpler simplify_difference(Expr a, Expr b) {
  if (b.is_constant(0)) return a;
  if (a.is_constant(0)) return -b;
  if (is(b, Prim::neg)) return a + b.operand(0);
  return {};
}

Simpler simplify_product(Expr a, Expr b) {
  if (a.is_constant()) return b * a;
  if (b.is_constant(1)) return a;
  if (b.is_constant(-1)) return -a;
  if (is(a, Prim::neg) && is(b, Prim::neg)) return a.operand(0) * b.operand(0);
  if (b.is_constant() && is(a, Prim::neg)) return a.operand(0) * Expr(-b.value());
  if (b.is_constant() && is(a, Prim::mul) && a.operand(1).is_constant()) {
    const double product = a.operand(1).value() * b.value();
    if (std::isnormal(product)) return a.operand(0) * Expr(product);
  }
  return {};
}

Simpler simplify_quotient(Expr a, Expr b) {
  if (b.is_constant(1)) return a;
  if (b.is_constant(-1)) return -a;
  if (b.is_constant() && power_of_two(b.value())) return a * Expr(1 / b.value());
  return {};
}

Simpler simplify_power(Expr a, Expr b) {
  if (b.is_constant(0)) return Expr(1);
  if (b.is_constant(1)) return a;
  if (b.is_constant(2)) return a * a;
  return {};
}

Simpler simplify_logic(Prim prim, Expr a, Expr b) {
  if (a.is_constant()) return Expr::make(prim, {b, a});
  if (!boolean(a) || !boolean(b)) return {};
  if (same(a, b)) return a;
  if (!b.is_constant()) return {};
  const bool absorbs = b.is_constant(prim == Prim::logical_and ? 0 : 1);
  return absorbs ? b : a;
}

Simpler simplify_binary(Prim prim, Expr a, Expr b) {
  switch (prim) {
    case Prim::add: return simplify_sum(a, b);
    case Prim::sub: return simplify_difference(a, b);
    case Prim::mul: return simplify_product(a, b);
    case Prim::div: return simplify_quotient(a, b);
    case Prim::pow: return simplify_power(a, b);
    case Prim::min:
    case Prim::max: return same(a, b) ? Simpler(a) : Simpler();
    case Prim::less: return same(a, b) ? Simpler(Expr(0)) : Simpler();
    case Prim::logical_and:
    case Prim::logical_or: return simplify_logic(prim, a, b);
    default: return {};
  }
}

Simpler simplify_select(Expr condition, Expr a, Expr b) {
  if (same(a, b)) return a;
  if (condition.is_constant()) return condition.is_constant(0) ? b : a;
  if (is(condition, Prim::logical_not)) {
    return Expr::make(Prim::select, {condition.operand(0), b, a});
  }
  if (boolean(condition) && a.is_constant(1) && b.is_constant(0)) return condition;
  if (boolean(condition) && a.is_constant(0) && b.is_constant(1)) return !condition;
  return {};
}

}  // namespace

std::optional<Expr> simplify(Prim prim, std::span<const Expr> operands) {
  if (const Simpler folded = fold(prim, operands)) return folded;
  switch (operands.size()) {
    case 1: return simplify_unary(prim, operands[0]);
    case 2: return simplify_binary(prim, operands[0], operands[1]);
    default:
      if (prim != Prim::select) return {};
      return simplify_select(operands[0], operands[1], operands[2]);
  }
}

}  // namespace millstream
