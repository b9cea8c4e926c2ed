#include "millstream/backend/cpu/map.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "millstream/backend/cpu/convert.h"
#include "millstream/ops/elementwise.h"

namespace millstream::cpu {
namespace {

std::mt19937 random_engine(20);

int64_t random_below(int64_t n) {
  return std::uniform_int_distribution<int64_t>(0, n - 1)(random_engine);
}

// A tensor of small integers, as a random view: broadcast, transposed or strided.
struct Operand {
  std::vector<std::byte> memory;
  MapInput input;

  Operand(DType dtype, const Dims& sizes) {
    Dims strides(sizes.size(), 0);
    std::vector<int> order(sizes.size());
    std::iota(order.begin(), order.end(), 0);
    if (random_below(3) == 0) std::shuffle(order.begin(), order.end(), random_engine);
    int64_t extent = 1;
    for (int i = sizes.size() - 1; i >= 0; --i) {
      if (random_below(4) == 0) continue;  // broadcast along this one
      if (random_below(5) == 0) extent *= 2;
      strides[order[i]] = extent;
      extent *= sizes[order[i]];
    }
    std::vector<int32_t> values(extent);
    for (int32_t& value : values) value = static_cast<int32_t>(random_below(10));
    memory.resize(static_cast<size_t>(extent) * size_of(dtype));
    converter(int32, dtype)(values.data(), 1, memory.data(), extent);
    input = {memory.data(), dtype, strides};
  }

  double at(const Dims& index) const {
    int64_t offset = 0;
    for (int d = 0; d < index.size(); ++d) offset += index[d] * input.strides[d];
    double value;
    const auto* from = memory.data() + offset * static_cast<int64_t>(size_of(input.dtype));
    converter(input.dtype, float64)(from, 1, &value, 1);
    return value;
  }
};

Dims index_of(int64_t position, const Dims& sizes) {
  Dims index(sizes.size(), 0);
  for (int d = sizes.size() - 1; d >= 0; --d) {
    index[d] = position % sizes[d];
    position /= sizes[d];
  }
  return index;
}

const MapInfo& info_named(std::string_view name) {
  for (const MapInfo& info : map_infos()) {
    if (info.names.substr(0, info.names.find(' ')) == name) return info;
  }
  throw std::logic_error("no such op");
}

void check(const MapInfo& info, DType dtype, DType compute, DType out_dtype, const Dims& sizes) {
  std::vector<Operand> operands;
  std::vector<MapInput> inputs;
  for (int k = 0; k < info.arity; ++k) operands.emplace_back(dtype, sizes);
  for (const Operand& operand : operands) inputs.push_back(operand.input);
  int64_t elements = 1;
  for (const int64_t size : sizes) elements *= size;
  std::vector<std::byte> out((elements + 1) * size_of(out_dtype), std::byte(0x55));
  run_map(info, sizes, inputs, compute, out_dtype, out.data());
  EXPECT_EQ(out[elements * size_of(out_dtype)], std::byte(0x55));
  std::vector<double> got(elements);
  converter(out_dtype, float64)(out.data(), 1, got.data(), elements);
  for (int64_t i = 0; i < elements; ++i) {
    std::vector<double> at;
    for (const Operand& operand : operands) at.push_back(operand.at(index_of(i, sizes)));
    ASSERT_EQ(got[i], evaluate(info.body, at))
        << info.names << " of " << name_of(dtype) << " at element " << i;
  }
}

// Broadcasting, strides, tiles of many rows and rows of many tiles: exact, on small integers.
TEST(RunMap, ReadsEveryLayout) {
  MapInfo derived = info_named("clip_by_value");  // a copy is no declared op: it runs as a program
  for (int trial = 0; trial < 300; ++trial) {
    Dims sizes;
    const int64_t most[] = {3000, 70, 12, 6};
    const int rank = static_cast<int>(random_below(5));
    for (int d = 0; d < rank; ++d) sizes.push_back(1 + random_below(most[rank - 1]));
    const DType dtype = std::array{float32, float16, int8, float64, uint64}[random_below(5)];
    const DType compute = compute_dtype(dtype);
    check(info_named("math.maximum"), dtype, compute, dtype, sizes);
    check(info_named("where"), dtype, compute, dtype, sizes);
    check(derived, dtype, compute, dtype, sizes);
  }
}

TEST(RunMap, ComputesInEveryDType) {
  for (int d = 0; d < static_cast<int>(kDTypes); ++d) {
    const DType dtype = static_cast<DType>(d);
    for (const Dims& sizes : {Dims{}, Dims{5}, Dims{3000}, Dims{40, 30}}) {
      check(info_named("math.equal"), dtype, compute_dtype(dtype), boolean, sizes);
      if (dtype == boolean) continue;
      check(info_named("math.add"), dtype, compute_dtype(dtype), dtype, sizes);
    }
  }
}

TEST(RunMap, SmallIntegersWrapInTheirOwnWidth) {
  const uint8_t a[] = {200, 3}, b[] = {100, 4};
  uint8_t out[2];
  const MapInput inputs[] = {{a, uint8, Dims{1}}, {b, uint8, Dims{1}}};
  run_map(info_named("math.add"), Dims{2}, inputs, int32, uint8, out);
  EXPECT_EQ(out[0], 44);
  run_map(info_named("math.multiply"), Dims{2}, inputs, int32, uint8, out);
  EXPECT_EQ(out[0], uint8_t(20000));
}

TEST(RunMap, HalfTypesRoundOnce) {
  const float16_t a[] = {float16_t(1.f)}, b[] = {float16_t(3.f)};
  float16_t out[1];
  const MapInput inputs[] = {{a, float16, Dims{0}}, {b, float16, Dims{0}}};
  run_map(info_named("math.divide"), Dims{1}, inputs, float32, float16, out);
  EXPECT_EQ(static_cast<float>(out[0]), static_cast<float>(float16_t(1.f / 3.f)));
}

TEST(RunMap, IntegerDivisionByZeroIsAnError) {
  std::vector<int32_t> a(100000, 7), b(100000, 3), out(100000);
  b[77777] = 0;
  const MapInput inputs[] = {{a.data(), int32, Dims{1}}, {b.data(), int32, Dims{1}}};
  const auto divide = [&](const char* name) {
    run_map(info_named(name), Dims{100000}, inputs, int32, int32, out.data());
  };
  EXPECT_THROW(divide("math.floordiv"), InvalidArgument);
  EXPECT_THROW(divide("math.floormod"), InvalidArgument);
  b[77777] = -3;
  EXPECT_NO_THROW(divide("math.floordiv"));
  EXPECT_EQ(out[77777], -3);
  EXPECT_THROW(divide("math.pow"), InvalidArgument);
}

TEST(RunMap, NothingForNoElements) {
  const MapInput inputs[] = {{nullptr, float32, Dims{1}}};
  run_map(info_named("math.exp"), Dims{0}, inputs, float32, float32, nullptr);
}

}  // namespace
}  // namespace millstream::cpu
