#include "millstream/device/cuda_visible.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millstream {
namespace {

const std::string kUuids[] = {"GPU-8932f937-d72c", "GPU-8932aaaa-0000", "GPU-1111bbbb-0000",
                              "MIG-77777777-0000"};

TEST(CudaVisibleDevices, IsReadAsCudaReadsIt) {
  const struct {
    std::optional<std::string> value;
    std::vector<int> expected;
  } rows[] = {
      {std::nullopt, {0, 1, 2, 3}},
      {"", {}},
      {"0", {0}},
      {"2,1", {2, 1}},
      {" 1 , 0", {1, 0}},
      {"+1", {1}},
      {"1gpu2,2ampere", {1, 2}},
      {"0x2", {0}},
      {"-1", {}},
      {"0,2,-1,1", {0, 2}},
      {"0,4,1", {0}},
      {"4", {}},
      {"0,none,1", {0}},
      {"NoDevFiles", {}},
      {"0,,1", {0}},
      {"0,1,", {0, 1}},
      {",0", {}},
      {"0,1,0", {}},
      {"1,1", {}},
      {"99999999999999999999", {}},
      {"GPU-8932f937-d72c", {0}},
      {"GPU-1,GPU-8932f", {2, 0}},
      {"GPU-8932", {}},         // two devices begin like this
      {"GPU-1,GPU-8932", {2}},  // the list ends there
      {"GPU-", {}},
      {"GPU-1,GPU-1111", {}},  // the same device twice
      {"GPU-1,0", {2}},        // not of the first item's kind
      {"0,GPU-1", {0}},
      {"gpu-1", {}},
      {"MIG-7777", {3}},
      {"MIG-7,GPU-1", {3}},
  };
  for (const auto& [value, expected] : rows) {
    EXPECT_THAT(visible_cuda_devices(value, kUuids), testing::ElementsAreArray(expected))
        << value.value_or("unset");
  }
}

}  // namespace
}  // namespace millstream
