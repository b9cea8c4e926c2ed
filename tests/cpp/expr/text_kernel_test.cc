// The form of a kernel's text, and what happens at its ends: memory, threads, impossible numbers.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "expr/text_runner.h"
#include "millstream/ops/map_text.h"

namespace millstream {
namespace {

TEST(Text, AKernelReads) {
  const Expr x = Expr::input(0), y = Expr::input(1);
  const MapText map = {.name = "axpy",
                       .compute = float32,
                       .inputs = {float16, bfloat16},
                       .outputs = {float32, boolean},
                       .body = {x * y + 0.5, x < y}};
  EXPECT_EQ(
      kernel_text(map),
      R"(KERNEL axpy(ARRAY(const HALF, in0), LONG step0, float value0, ARRAY(const unsigned short, in1), LONG step1, float value1, ARRAY(float, out0), ARRAY(unsigned char, out1), LONG n) {
  USE(const HALF, in0);
  USE(const unsigned short, in1);
  USE(float, out0);
  USE(unsigned char, out1);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    const float x0 = step0 < 0 ? value0 : LOAD_HALF(in0, i * step0);
    const float x1 = step1 < 0 ? value1 : ms_from_bfloat16(in1[i * step1]);
    const float t0 = x0 * x1;
    const float t1 = t0 + 0.5f;
    const float t2 = x0 < x1;
    out0[i] = (float)t1;
    out1[i] = t2 != 0;
  }
}
KERNEL axpy_strided(NEST nest, ARRAY(const HALF, in0), LONG given0, STRIDES steps0, float value0, ARRAY(const unsigned short, in1), LONG given1, STRIDES steps1, float value1, ARRAY(float, out0), ARRAY(unsigned char, out1), LONG n) {
  USE(const HALF, in0);
  USE(const unsigned short, in1);
  USE(float, out0);
  USE(unsigned char, out1);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    LONG rest = i, at0 = 0, at1 = 0;
    for (int d = (int)nest.rank - 1; d >= 0; --d) {
      const LONG quotient = rest / nest.size[d], index = rest - quotient * nest.size[d];
      rest = quotient;
      at0 += index * steps0.by[d];
      at1 += index * steps1.by[d];
    }
    const float x0 = given0 ? LOAD_HALF(in0, at0) : value0;
    const float x1 = given1 ? ms_from_bfloat16(in1[at1]) : value1;
    const float t0 = x0 * x1;
    const float t1 = t0 + 0.5f;
    const float t2 = x0 < x1;
    out0[i] = (float)t1;
    out1[i] = t2 != 0;
  }
}
)");
}

TEST(Text, AKernelTakesScalarsAndAnyNumberOfThreads) {
  std::vector<float> values(1000), expected(1000);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i);
    expected[i] = 0.75f * values[i];
  }
  for (const size_t threads : {1, 7, 4096}) {
    TextCase c = {.map = map_text(*find_op("math.multiply"), std::vector{float32, float32})};
    c.inputs = {written_as(float32, values), written_as<float>(float32, {0.75f})};
    run_kernel_on_opencl(c, values.size(), threads);
    EXPECT_EQ(read_as<float>(c.outputs[0], float32), expected);
  }
}

// Every half number becomes the float that it is, and floats round to half numbers as on the CPU:
// random bits, often halfway between two neighbours.
template <class Half>
void check_conversions(DType dtype, void (*run)(std::vector<TextCase>&, size_t)) {
  constexpr size_t kAll = 1 << 16;
  std::mt19937 engine(3);
  std::vector<Half> halves(kAll);
  std::vector<float> floats(kAll);
  for (size_t i = 0; i < kAll; ++i) {
    halves[i].bits = static_cast<uint16_t>(i);
    const uint32_t low[] = {0, 0x1000, 0x3000, 0x8000, static_cast<uint32_t>(engine() & 0xffff)};
    floats[i] = std::bit_cast<float>(static_cast<uint32_t>(i << 16) | low[engine() % 5]);
  }
  std::vector<TextCase> cases(2);
  const Expr x = Expr::input(0);
  cases[0].map = {"widen", float32, {dtype}, {float32}, {x}};
  cases[0].inputs = {written_as(dtype, halves)};
  cases[1].map = {"round_off", float32, {float32}, {dtype}, {x}};
  cases[1].inputs = {written_as(float32, floats)};
  run(cases, kAll);
  const auto widened = read_as<float>(cases[0].outputs[0], float32);
  const auto rounded = read_as<Half>(cases[1].outputs[0], dtype);
  for (size_t i = 0; i < kAll; ++i) {
    const float wide = halves[i];
    const Half round = Half(floats[i]);
    ASSERT_TRUE(std::isnan(wide) ? std::isnan(widened[i]) : widened[i] == wide) << wide;
    ASSERT_TRUE(std::isnan(floats[i]) ? std::isnan(float(rounded[i]))
                                      : rounded[i].bits == round.bits)
        << floats[i];
  }
}

TEST(Text, ConvertsHalfTypes) {
  const auto opencl = [](std::vector<TextCase>& c, size_t n) { run_on_opencl(c, n); };
  check_conversions<float16_t>(float16, opencl);
  check_conversions<bfloat16_t>(bfloat16, opencl);
  check_conversions<float16_t>(float16, run_as_cpp);
  check_conversions<bfloat16_t>(bfloat16, run_as_cpp);
}

TEST(Text, DivisionByZeroAndNegativePowersOfIntegersGiveZero) {
  const Expr x = Expr::input(0), y = Expr::input(1);
  for (const DType dtype : {int32, int64, uint64}) {
    TextCase c;
    c.map = {.name = "zeros",
             .compute = dtype,
             .inputs = {dtype, dtype},
             .outputs = {dtype, dtype, dtype},
             .body = {Expr::make(Prim::floor_div, {x, y}), Expr::make(Prim::trunc_div, {x, y}),
                      Expr::make(Prim::pow, {x, y - 3})}};
    c.inputs.assign(2, written_as<int64_t>(dtype, {5, -5, 0}));
    c.inputs[1] = written_as<int64_t>(dtype, {0, 0, 0});
    run_kernel_on_opencl(c, 3, 1);
    for (size_t k = 0; k < (is_unsigned(dtype) ? 2 : 3); ++k) {
      EXPECT_EQ(read_as<int64_t>(c.outputs[k], dtype), (std::vector<int64_t>{0, 0, 0}));
    }
  }
}

TEST(Text, ComputesInFewTypes) {
  const MapText map = {.name = "none",
                       .compute = int32,
                       .inputs = {int32},
                       .outputs = {int32},
                       .body = {Expr::make(Prim::exp, {Expr::input(0)})}};
  EXPECT_THROW(kernel_text(map), Internal);
  const MapText half = {.name = "half",
                        .compute = float16,
                        .inputs = {float16},
                        .outputs = {float16},
                        .body = {Expr::input(0)}};
  EXPECT_THROW(kernel_text(half), Internal);
}

}  // namespace
}  // namespace millstream
