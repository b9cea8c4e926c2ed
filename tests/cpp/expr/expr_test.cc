#include "millstream/expr/expr.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

namespace millstream {
namespace {

const Expr x = Expr::input(0), y = Expr::input(1);
constexpr double kInf = std::numeric_limits<double>::infinity();

Expr unary(Prim p, Expr a) { return Expr::make(p, {a}); }
Expr binary(Prim p, Expr a, Expr b) { return Expr::make(p, {a, b}); }

TEST(Expr, EqualExpressionsAreOneNode) {
  EXPECT_TRUE(same(x * y + 1, x * y + 1));
  EXPECT_FALSE(same(x * y + 1, y * x + 1));
  EXPECT_FALSE(same(Expr(0.0), Expr(-0.0)));
}

TEST(Expr, SimplifiesWhatIsTrueForAllValues) {
  EXPECT_TRUE(same(x + 0, x));
  EXPECT_TRUE(same(1 * x, x));
  EXPECT_TRUE(same(x / 1, x));
  EXPECT_TRUE(same(-(-x), x));
  EXPECT_TRUE(same(0 - x, -x));
  EXPECT_TRUE(same(x / 4, x * 0.25));
  EXPECT_TRUE(same(2 * (0.5 * x), x));
  EXPECT_TRUE(same(binary(Prim::pow, x, 2), x * x));
  EXPECT_TRUE(same(Expr::make(Prim::select, {x < y, y, y}), y));
  EXPECT_TRUE(
      same(Expr::make(Prim::select, {!(x < y), x, y}), Expr::make(Prim::select, {x < y, y, x})));
  EXPECT_TRUE(same(unary(Prim::exp, 0), 1));
  EXPECT_TRUE(same(!(!(x < y)), x < y));
  EXPECT_TRUE(same((x < y) && Expr(1), x < y));
}

TEST(Expr, KeepsWhatInfinityOrNanWouldTell) {
  EXPECT_EQ((x * 0).prim(), Prim::mul);
  EXPECT_EQ((x - x).prim(), Prim::sub);
  EXPECT_EQ((x / x).prim(), Prim::div);
  EXPECT_EQ((x == x).prim(), Prim::equal);
  EXPECT_EQ((!(!x)).prim(), Prim::logical_not);  // x may be 5
}

TEST(Expr, NodesComeOperandsFirstAndOnce) {
  const Expr shared = x * y;
  const std::vector<Expr> roots = {shared + shared, shared - x};
  const std::vector<Expr> nodes = nodes_of(roots);
  ASSERT_EQ(nodes.size(), 5u);
  EXPECT_TRUE(same(nodes[2], shared));
  EXPECT_EQ(inputs_used(roots), (std::vector<int>{0, 1}));
}

TEST(Expr, ADeepChainNeedsNoDeepStack) {
  Expr e = x;
  for (int i = 0; i < 200000; ++i) e = unary(Prim::sqrt, e) + 1;
  EXPECT_GT(evaluate(e, std::vector{2.0}), 1);
}

TEST(Expr, SubstitutesAndComposes) {
  const Expr e = unary(Prim::exp, x * y) + x * y;
  EXPECT_TRUE(same(substitute(e, x * y, Expr::input(2)),
                   unary(Prim::exp, Expr::input(2)) + Expr::input(2)));
  EXPECT_TRUE(same(compose(e, std::vector<Expr>{y, x}), unary(Prim::exp, y * x) + y * x));
  EXPECT_TRUE(same(compose(x + y, std::vector<Expr>{1, 2}), 3));
}

TEST(Expr, EvaluatesLikeTensorFlow) {
  const auto value = [](Expr e, std::vector<double> at) { return evaluate(e, at); };
  EXPECT_EQ(value(binary(Prim::floor_mod, x, y), {-5, 3}), 1);
  EXPECT_EQ(value(binary(Prim::floor_mod, x, y), {5, -3}), -1);
  EXPECT_EQ(value(binary(Prim::trunc_mod, x, y), {-5, 3}), -2);
  EXPECT_EQ(value(unary(Prim::round, x), {2.5}), 2);
  EXPECT_TRUE(std::isnan(value(binary(Prim::max, x, y), {1, NAN})));
  EXPECT_TRUE(std::isnan(value(binary(Prim::min, x, y), {NAN, 1})));
  EXPECT_EQ(value(x != x, {NAN}), 1);
  EXPECT_EQ(value(unary(Prim::log, x), {0}), -kInf);
}

TEST(Expr, ThreadsMakeTheSameNodes) {
  std::vector<Expr> made(4);
  {
    std::vector<std::jthread> threads;
    for (Expr& e : made) {
      threads.emplace_back([&e] {
        e = Expr::input(7);
        for (int i = 0; i < 1000; ++i) e = e * 1.25 + i;
      });
    }
  }
  for (const Expr e : made) EXPECT_TRUE(same(e, made[0]));
}

TEST(Expr, PrintsItself) {
  EXPECT_EQ(to_string(binary(Prim::max, 2 * x + 1, y)), "max(((x0 * 2) + 1), x1)");
}

// --- derivatives ---------------------------------------------------------------------------------

struct Slope {
  Prim prim;
  double a, b;  // where it is smooth
};

double central(Expr e, std::vector<double> at, int input) {
  const double h = 1e-5;
  std::vector<double> high = at, low = at;
  high[input] += h;
  low[input] -= h;
  return (evaluate(e, high) - evaluate(e, low)) / (2 * h);
}

TEST(Derivative, AgreesWithDifferencesTwice) {
  const Slope slopes[] = {
      {Prim::neg, .3, 0},         {Prim::abs, -.3, 0},        {Prim::sqrt, 2, 0},
      {Prim::rsqrt, 2, 0},        {Prim::exp, .7, 0},         {Prim::expm1, .7, 0},
      {Prim::log, .7, 0},         {Prim::log1p, .7, 0},       {Prim::sin, .7, 0},
      {Prim::cos, .7, 0},         {Prim::asin, .3, 0},        {Prim::acos, .3, 0},
      {Prim::atan, 1.3, 0},       {Prim::tanh, .4, 0},        {Prim::erf, .6, 0},
      {Prim::erfc, .6, 0},        {Prim::erfinv, .6, 0},      {Prim::lgamma, 2.6, 0},
      {Prim::digamma, 2.6, 0},    {Prim::bessel_i0e, 1.6, 0}, {Prim::bessel_i1e, -1.6, 0},
      {Prim::add, 1, 2},          {Prim::sub, 1, 2},          {Prim::mul, 1.5, 2},
      {Prim::div, 1.5, 2},        {Prim::min, 1.5, 2},        {Prim::max, 1.5, 2},
      {Prim::pow, 1.5, 2.5},      {Prim::atan2, 1.5, -2},     {Prim::floor_mod, 7.5, 2},
      {Prim::trunc_mod, -7.5, 2}, {Prim::floor, 1.5, 0},      {Prim::sign, 1.5, 0}};
  for (const Slope& s : slopes) {
    // A product with x inside keeps second derivatives from being trivial.
    const Expr e = arity_of(s.prim) == 1 ? Expr::make(s.prim, {x}) : Expr::make(s.prim, {x, y});
    const std::vector<double> at = {s.a, s.b};
    for (int i = 0; i < arity_of(s.prim); ++i) {
      const Expr first = derivative(e, i), second = derivative(first, i);
      EXPECT_NEAR(evaluate(first, at), central(e, at, i), 1e-8) << to_string(e) << " by x" << i;
      EXPECT_NEAR(evaluate(second, at), central(first, at, i), 1e-8) << to_string(first);
    }
  }
}

TEST(Derivative, OfTernaryAndIncompleteFunctions) {
  const Expr z = Expr::input(2);
  const std::vector<double> at = {1.5, 2.5, .4};
  for (const Expr e :
       {Expr::make(Prim::betainc, {x, y, z}), Expr::make(Prim::select, {z < 1, z * x, z}) * z}) {
    EXPECT_NEAR(evaluate(derivative(e, 2), at), central(e, at, 2), 1e-8) << to_string(e);
  }
  for (const Prim p : {Prim::igamma, Prim::igammac, Prim::zeta}) {
    const Expr e = binary(p, x, y);
    EXPECT_NEAR(evaluate(derivative(e, 1), at), central(e, at, 1), 1e-8) << to_string(e);
    EXPECT_TRUE(std::isnan(evaluate(derivative(e, 0), at)));
  }
}

TEST(Derivative, DropsWhatIsZero) {
  EXPECT_TRUE(same(derivative(x * y, 0), y));
  EXPECT_TRUE(same(derivative(x * 3 + y * y, 0), 3));
  EXPECT_TRUE(same(derivative(unary(Prim::floor, x) * 2, 0), 0));
  EXPECT_TRUE(same(derivative(x * x, 0), derivative(binary(Prim::pow, x, 2), 0)));
  // x^3 has a slope at negative x, where its logarithm has none.
  EXPECT_EQ(evaluate(derivative(binary(Prim::pow, x, 3), 0), std::vector{-2.0}), 12);
}

}  // namespace
}  // namespace millstream
