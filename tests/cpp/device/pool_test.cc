#include "millstream/device/pool.h"

#include <gtest/gtest.h>

#include <set>

#include "millstream/base/error.h"
#include "millstream/device/context.h"
#include "millstream/device/cpu_device.h"

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

TEST(Context, FindsDevicesByAnySpelling) {
  Device& cpu = *Context::get().devices().front();
  for (const char* name : {"/CPU:0", "CPU:0", "cpu", "/device:CPU:0", "/cpu:0",
                           "/job:localhost/replica:0/task:0/device:CPU:0"}) {
    EXPECT_EQ(&Context::get().find(name), &cpu) << name;
  }
  EXPECT_THROW(Context::get().find("/GPU:0"), InvalidArgument);
  EXPECT_THROW(Context::configure_cpus(3), FailedPrecondition);
}

}  // namespace
}  // namespace millstream
