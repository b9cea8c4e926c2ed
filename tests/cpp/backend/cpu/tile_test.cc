#include "millstream/backend/cpu/tile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace millstream::cpu {
namespace {

const Expr x = Expr::input(0), y = Expr::input(1);

Expr unary(Prim p, Expr a) { return Expr::make(p, {a}); }

TEST(TileProgram, ReadsInputsInPlaceAndReusesRegisters) {
  Expr chain = x;
  for (int i = 0; i < 20; ++i) chain = unary(Prim::tanh, chain * y + 1);
  const TileProgram program = lower(std::span(&chain, 1), 2);
  EXPECT_EQ(program.code.size(), 60u);
  EXPECT_EQ(program.registers, 1);
  EXPECT_EQ(program.constants, std::vector<double>{1});
}

TEST(TileProgram, KeepsARegisterUntilItsLastUse) {
  const Expr shared = unary(Prim::exp, x);
  const Expr e = unary(Prim::tanh, shared) * unary(Prim::sin, shared) + shared;
  EXPECT_EQ(lower(std::span(&e, 1), 1).registers, 3);
}

TEST(TileProgram, AnOutputIsTheRegisterOfItsValue) {
  const std::vector<Expr> outputs = {unary(Prim::exp, x), unary(Prim::exp, x) + y};
  const TileProgram program = lower(outputs, 2);
  EXPECT_EQ(program.registers, 0);
  EXPECT_EQ(program.code.size(), 2u);
}

template <class C>
void check(const std::vector<Expr>& outputs, size_t n, double tolerance) {
  const TileProgram program = lower(outputs, 2);
  std::vector<C> a, b;
  for (size_t i = 0; i < n; ++i) {
    a.push_back(static_cast<C>(1 + i % 13));
    b.push_back(static_cast<C>(2 + i % 7));
  }
  std::vector<std::vector<C>> results(outputs.size(), std::vector<C>(n + 1, C(77)));
  std::vector<C*> out;
  for (auto& result : results) out.push_back(result.data());
  const C* in[] = {a.data(), b.data()};
  TileRunner<C> runner(program, n);
  for (int repeat = 0; repeat < 2; ++repeat) runner.run(in, out.data(), n);
  for (size_t k = 0; k < outputs.size(); ++k) {
    EXPECT_EQ(results[k][n], C(77)) << "wrote beyond the end";
    for (size_t i = 0; i < n; ++i) {
      const double at[] = {double(a[i]), double(b[i])};
      const double right = evaluate(outputs[k], at);
      ASSERT_NEAR(double(results[k][i]), right, tolerance * std::abs(right))
          << to_string(outputs[k]) << " at element " << i << " of " << n;
    }
  }
}

TEST(TileRunner, ComputesWhatTheExpressionSays) {
  const Expr s = unary(Prim::exp, -x) * y;
  const std::vector<Expr> outputs = {s, s + 1 / x, s * s - unary(Prim::tanh, y),           s,
                                     x, 2.5,       Expr::make(Prim::select, {x < y, s, y})};
  for (const size_t n : {1, 3, 15, 16, 17, 100, 1024}) {
    check<float>(outputs, n, 1e-6);
    check<double>(outputs, n, 1e-14);
  }
}

TEST(TileRunner, ComputesInIntegers) {
  const std::vector<Expr> outputs = {Expr::make(Prim::floor_mod, {x * 3 + 1, y}),
                                     Expr::make(Prim::bit_xor, {x, y}),
                                     Expr::make(Prim::max, {x, y}) - 2};
  for (const size_t n : {1, 5, 1000}) {
    check<int32_t>(outputs, n, 0);
    check<int64_t>(outputs, n, 0);
  }
}

}  // namespace
}  // namespace millstream::cpu
