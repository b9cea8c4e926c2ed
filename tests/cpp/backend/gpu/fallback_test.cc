// Which ops have no kernel for a GPU and run on the CPU instead. Whoever writes one of these
// kernels takes its line out; nobody adds a line without a reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "millstream/ops/op.h"

namespace millstream {
namespace {

struct Fallback {
  std::string_view op;
  std::string_view reason;
};

constexpr Fallback kFallbacks[] = {
    {"raw_ops.Where", "the size of the result depends on values"},
    {"math.invert_permutation", "its error depends on values"},
    {"unique_with_counts", "the size of the result depends on values"},
    {"internal.philox_permutation", "each swap depends on the one before"},
};

TEST(GpuKernels, AreMissingForFewOps) {
  std::vector<std::string_view> missing, expected;
  for (const Op* op : all_ops()) {
    const auto has = [&](Backend backend) {
      return op->kernels[static_cast<size_t>(backend)] != nullptr;
    };
    EXPECT_EQ(has(Backend::opencl), has(Backend::cuda)) << op->names;
    if (has(Backend::cpu) && !has(Backend::opencl)) {
      missing.push_back(op->names.substr(0, op->names.find(' ')));
    }
  }
  for (const Fallback& each : kFallbacks) expected.push_back(each.op);
  EXPECT_THAT(missing, testing::UnorderedElementsAreArray(expected));
}

}  // namespace
}  // namespace millstream
