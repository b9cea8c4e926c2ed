#include "millstream/backend/cpu/kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <set>
#include <span>
#include <vector>

#include "hwy/targets.h"
#include "millstream/backend/cpu/tile.h"
#include "millstream/ops/elementwise.h"

namespace millstream::cpu {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// Every kind of number: bit patterns all over the range, dense ones near 1, and the special ones.
template <class C>
std::vector<C> samples(size_t count) {
  using Bits = std::conditional_t<sizeof(C) == 4, uint32_t, uint64_t>;
  std::vector<C> values;
  const Bits step = static_cast<Bits>(~Bits(0) / count) | 1;
  for (size_t i = 0; i < count; ++i)
    values.push_back(std::bit_cast<C>(static_cast<Bits>(i * step)));
  for (int i = -60; i <= 60; ++i) values.push_back(static_cast<C>(i * 0.083 + 1e-4));
  const double specials[] = {0,    -0.0,  1,   -1,   .5, -.5,   2,    -2,    3,   1.5,   2.5,
                             kInf, -kInf, NAN, 88.8, 89, -87.4, -104, 709.7, 710, -745.2};
  for (const double special : specials) values.push_back(static_cast<C>(special));
  values.push_back(std::numeric_limits<C>::denorm_min());
  values.push_back(std::numeric_limits<C>::min());
  values.push_back(std::numeric_limits<C>::max());
  values.push_back(std::numeric_limits<C>::lowest());
  while (values.size() % kMaxLanes != 0) values.push_back(C(1));
  return values;
}

// How many units in the last place of C lie between what was got and what is right.
template <class C>
double ulps(C got, double right) {
  const C want = static_cast<C>(right);
  if (got == want || (std::isnan(got) && std::isnan(right))) return 0;
  if (std::isnan(got) != std::isnan(right)) return kInf;
  if (std::isinf(got) || std::isinf(want)) {  // one step from infinity is near
    const double most = std::numeric_limits<C>::max();
    return std::abs(double(got)) >= most * .9999 && std::abs(right) >= most * .9999 ? 1 : kInf;
  }
  const C size = std::max(std::abs(want), std::numeric_limits<C>::min());
  return std::abs(double(got) - right) / (std::nextafter(size, C(kInf)) - double(size));
}

// A primitive's operands: each sample alone, or all pairs of some of them.
template <class C>
std::vector<std::vector<C>> operands_of(Prim p) {
  if (arity_of(p) == 1) return {samples<C>(8000)};
  std::vector<C> some = samples<C>(60), a, b;
  for (const C x : some) {
    for (const C y : some) {
      a.push_back(x);
      b.push_back(y);
    }
  }
  return {a, b};
}

// What the last digits may be off by. The quotient of floats rounds before it is cut.
double allowed_ulps(Prim p, bool single) {
  if (p == Prim::floor_div || p == Prim::trunc_div) return kInf;
  if (single) return 4;
  return p == Prim::exp || p == Prim::log ? 4 : 2;
}

template <class C>
void check_primitive(const KernelTable<C>& table, Prim p) {
  const auto operands = operands_of<C>(p);
  const C* in[kMaxOperands] = {};
  for (size_t k = 0; k < operands.size(); ++k) in[k] = operands[k].data();
  std::vector<C> out(operands[0].size());
  table.prims[static_cast<size_t>(p)](in, out.data(), out.size());
  double worst = 0;
  size_t at = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    double values[kMaxOperands] = {};
    for (size_t k = 0; k < operands.size(); ++k) values[k] = operands[k][i];
    const double right = evaluate(p, std::span<const double>(values, operands.size()));
    if (ulps(out[i], right) > worst) {
      worst = ulps(out[i], right);
      at = i;
    }
  }
  EXPECT_LE(worst, allowed_ulps(p, sizeof(C) == 4))
      << name_of(p) << "(" << operands[0][at] << (operands.size() > 1 ? ", " : "")
      << (operands.size() > 1 ? operands[1][at] : C(0)) << ") = " << out[at];
}

// Every primitive of one or two operands, but those that the test below covers: they are the
// reference's own functions, and slow.
template <class C>
void check_primitives(const KernelTable<C>& table) {
  for (size_t i = 0; i < static_cast<size_t>(kFirstTernary); ++i) {
    const Prim p = static_cast<Prim>(i);
    const bool slow = p == Prim::erfcinv || (p >= Prim::igamma && p <= Prim::zeta);
    if (table.prims[i] == nullptr || slow || p == Prim::nextafter) continue;
    if (sizeof(C) == 8 && (p == Prim::lgamma || p == Prim::digamma)) continue;
    check_primitive(table, p);
  }
}

// Runs f with the tables of each instruction set that this machine and this build have.
template <class F>
void on_each_target(F&& f) {
  std::set<const void*> seen;
  for (int64_t rest = hwy::SupportedTargets(); rest != 0; rest &= rest - 1) {
    const int64_t target = rest & -rest;
    hwy::SetSupportedTargetsForTest(target);
    const auto single = choose_kernel_table<float>();
    if (!seen.insert(single.prims).second) continue;  // not built: what came is the baseline
    SCOPED_TRACE(hwy::TargetName(target));
    f(single);
    f(choose_kernel_table<double>());
  }
  hwy::SetSupportedTargetsForTest(0);
}

TEST(Kernels, PrimitivesAreRightToTheLastDigits) {
  on_each_target([](const auto& table) { check_primitives(table); });
}

TEST(Kernels, SelectAndNextafter) {
  on_each_target([]<class C>(const KernelTable<C>& table) {
    const C condition[kMaxLanes] = {0, 1, NAN, -0.0, 5}, a[kMaxLanes] = {1, 2, 3, 4, 5},
            b[kMaxLanes] = {6, 7, 8, 9, 10};
    const C* in[] = {condition, a, b};
    C out[kMaxLanes];
    table.prims[static_cast<size_t>(Prim::select)](in, out, kMaxLanes);
    EXPECT_EQ((std::vector<C>(out, out + 5)), (std::vector<C>{6, 2, 3, 9, 5}));
    table.prims[static_cast<size_t>(Prim::nextafter)](in + 1, out, kMaxLanes);
    EXPECT_EQ(out[0], std::nextafter(C(1), C(6)));
  });
}

// A declared op's kernel against its recorded expression, where it neither overflows nor cancels.
template <class C>
void check_maps(double tolerance) {
  const std::vector<MapInfo>& infos = map_infos();
  for (size_t position = 0; position < infos.size(); ++position) {
    const MapInfo& info = infos[position];
    const Body<C> kernel = kernel_table<C>().maps[position];
    const bool for_integers = info.rule == DTypeRule::integer || info.rule == DTypeRule::boolean;
    ASSERT_EQ(kernel == nullptr, for_integers) << info.names;
    if (kernel == nullptr || info.names.starts_with("math.nextafter")) continue;
    std::vector<C> x[3];
    for (int i = 0; i < 160; ++i) {
      x[0].push_back(static_cast<C>(.0131 * i + .003));
      x[1].push_back(static_cast<C>(2.5 - .0127 * i));
      x[2].push_back(static_cast<C>(.5 + .003 * (i % 100)));
    }
    const C* in[] = {x[0].data(), x[1].data(), x[2].data()};
    std::vector<C> out(160);
    run_kernel(kernel, info.arity, in, out.data(), out.size() - 3);
    EXPECT_EQ(out[157], 0) << info.names << " wrote too far";
    for (size_t i = 0; i < 157; ++i) {
      const double at[] = {x[0][i], x[1][i], x[2][i]};
      const double right = evaluate(info.body, at);
      if (std::isnan(right)) {
        EXPECT_TRUE(std::isnan(out[i])) << info.names << " at " << at[0] << ", " << at[1];
      } else if (right != out[i]) {
        EXPECT_NEAR(out[i], right, tolerance * std::max(std::abs(right), .01))
            << info.names << " at " << at[0] << ", " << at[1];
      }
    }
  }
}

TEST(Kernels, DeclaredOpsAgreeWithTheirExpressions) {
  check_maps<float>(2e-6);
  check_maps<double>(1e-13);
}

template <class C>
C integer(Prim p, C a, C b) {
  const C* in[] = {&a, &b};
  C out;
  kernel_table<C>().prims[static_cast<size_t>(p)](in, &out, 1);
  return out;
}

TEST(Kernels, IntegersWrapAround) {
  constexpr int32_t least = std::numeric_limits<int32_t>::min(), most = -(least + 1);
  EXPECT_EQ(integer<int32_t>(Prim::add, most, 1), least);
  EXPECT_EQ(integer<int32_t>(Prim::mul, 1 << 30, 4), 0);
  EXPECT_EQ(integer<int32_t>(Prim::floor_div, least, -1), least);
  EXPECT_EQ(integer<int32_t>(Prim::trunc_mod, least, -1), 0);
  EXPECT_EQ(integer<int32_t>(Prim::neg, least, 0), least);
  EXPECT_EQ(integer<int64_t>(Prim::floor_div, -7, 2), -4);
  EXPECT_EQ(integer<int64_t>(Prim::floor_mod, -7, 2), 1);
  EXPECT_EQ(integer<int64_t>(Prim::trunc_div, -7, 2), -3);
  EXPECT_EQ(integer<int64_t>(Prim::trunc_mod, -7, 2), -1);
  EXPECT_EQ(integer<uint64_t>(Prim::less, 1, ~0ull), 1u);
  EXPECT_EQ(integer<uint64_t>(Prim::floor_div, ~0ull, 3), ~0ull / 3);
  EXPECT_EQ(integer<int64_t>(Prim::pow, 3, 13), 1594323);
  EXPECT_EQ(integer<int32_t>(Prim::shift_left, 1, 40), least);  // as TensorFlow clamps it
  EXPECT_EQ(integer<int32_t>(Prim::shift_right, -8, 1), -4);
}

TEST(Kernels, IntegersReportWhatHasNoResult) {
  fault = Fault::none;
  EXPECT_EQ(integer<int32_t>(Prim::floor_mod, 5, 0), 5);
  EXPECT_EQ(fault, Fault::division_by_zero);
  EXPECT_EQ(integer<int64_t>(Prim::pow, 5, -1), 0);
  EXPECT_EQ(fault, Fault::negative_power);
  fault = Fault::none;
}

}  // namespace
}  // namespace millstream::cpu
