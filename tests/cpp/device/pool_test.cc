#include "millstream/device/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "millstream/base/error.h"
#include "millstream/device/cpu_device.h"
#include "millstream/device/live_blocks.h"
#include "millstream/device/out_of_memory.h"

namespace millstream {
namespace {

TEST(Pool, ReusesWhatWasFreed) {
  CpuDevice cpu(7);
  void* first = cpu.pool().allocate(1000)->data();
  const BufferRef second = cpu.pool().allocate(1001);
  EXPECT_EQ(second->data(), first);
  EXPECT_EQ(cpu.pool().stats().reused, 1u);
  EXPECT_GE(second->bytes(), 1001u);
}

TEST(Pool, RoundsUpByAnEighthAtMost) {
  CpuDevice cpu(7);
  for (size_t bytes = 1; bytes < 100000; bytes = bytes * 5 / 4 + 1) {
    const size_t got = cpu.pool().allocate(bytes)->bytes();
    EXPECT_GE(got, bytes);
    EXPECT_LE(got, std::max<size_t>(64, bytes + bytes / 8 + 8)) << bytes;
  }
}

TEST(Pool, CountsCurrentAndPeak) {
  CpuDevice cpu(7);
  {
    const BufferRef a = cpu.pool().allocate(1 << 20);
    const BufferRef b = cpu.pool().allocate(1 << 20);
    EXPECT_EQ(cpu.pool().stats().current, size_t{2} << 20);
  }
  EXPECT_EQ(cpu.pool().stats().current, 0u);
  EXPECT_EQ(cpu.pool().stats().peak, size_t{2} << 20);
  EXPECT_EQ(cpu.pool().trim(), size_t{2} << 20);
  EXPECT_EQ(cpu.pool().stats().reserved, 0u);
}

TEST(Pool, TrimsBeforeItRefuses) {
  CpuDevice cpu(7);
  cpu.pool().set_limit(1 << 20);
  cpu.pool().allocate(700 << 10);
  const BufferRef other = cpu.pool().allocate(900 << 10);  // fits once the first is trimmed
  try {
    cpu.pool().allocate(900 << 10);
    FAIL() << "the limit was passed";
  } catch (const ResourceExhausted& error) {
    EXPECT_NE(std::string(error.what()).find("921600 bytes were asked for"), std::string::npos)
        << error.what();
    EXPECT_EQ(error.device(), cpu.name());
  }
}

TEST(Pool, ReportsWhatHoldsTheMemory) {
  CpuDevice cpu(7);
  cpu.pool().set_limit(8 << 20);
  const BufferRef small = cpu.pool().allocate(1 << 20);
  const BufferRef large = cpu.pool().allocate(4 << 20);
  live_blocks::label(cpu.pool(), large->data(), "matmul");
  cpu.pool().allocate(1 << 20);  // freed, so it may be used again
  try {
    cpu.pool().allocate(5 << 20);
    FAIL();
  } catch (const OutOfMemory& error) {
    const auto& [requested, current, reserved, largest_free, limit] = error.figures();
    EXPECT_EQ(requested, size_t{5} << 20);
    EXPECT_EQ(current, size_t{5} << 20);
    EXPECT_EQ(reserved, size_t{5} << 20);
    EXPECT_EQ(largest_free, size_t{3} << 20);
    EXPECT_EQ(limit, size_t{8} << 20);
    EXPECT_THAT(error.what(), testing::HasSubstr("the largest tensors: 4194304 bytes by matmul"));
  }
}

TEST(Pool, ForgetsBlocksThatAreFreed) {
  CpuDevice cpu(7);
  cpu.pool().allocate(1 << 20);
  EXPECT_TRUE(live_blocks::largest(cpu.pool(), 5).empty());
  std::vector<BufferRef> held;
  for (size_t i = 0; i < 7; ++i) held.push_back(cpu.pool().allocate((i + 1) << 20));
  const auto largest = live_blocks::largest(cpu.pool(), 5);
  ASSERT_EQ(largest.size(), 5u);
  EXPECT_EQ(largest[0].bytes, size_t{7} << 20);
  EXPECT_EQ(largest[4].bytes, size_t{3} << 20);
}

TEST(OutOfMemory, SaysHowManySamplesFit) {
  const struct {
    OutOfMemory::Figures figures;
    size_t before;
    std::optional<int64_t> expected;
  } rows[] = {
      {{.requested = 60, .current = 140, .limit = 150}, 50, 66},  // 100 of the 150 bytes of a step
      {{.requested = 60, .current = 140, .limit = 150}, 150, {}},
      {{.requested = 10, .current = 10, .limit = {}}, 0, {}},
      {{.requested = 1000, .current = 0, .limit = 5}, 0, {}},  // not one
  };
  for (const auto& [figures, before, expected] : rows) {
    EXPECT_EQ(OutOfMemory(figures, {.message = ""}).fitting(100, before), expected);
  }
}

}  // namespace
}  // namespace millstream
