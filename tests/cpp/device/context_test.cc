#include "millstream/device/context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "millstream/base/error.h"
#include "millstream/device/switches.h"

namespace millstream {
namespace {

using testing::HasSubstr;

const std::string kHost = "/job:localhost/replica:0/task:0/device:CPU:0";

TEST(Context, FindsDevicesByAnySpelling) {
  Device& cpu = Context::get().host();
  for (const char* name : {"/CPU:0", "CPU:0", "cpu", "/device:CPU:0", "/cpu:0", "/device:Cpu:0",
                           "cpu:*", "/job:localhost/replica:0/task:0/device:CPU:0"}) {
    EXPECT_EQ(&Context::get().find(name), &cpu) << name;
  }
  EXPECT_EQ(&Context::get().find(""), &Context::get().current());
}

TEST(Context, SaysWhyThereIsNoSuchDevice) {
  const struct {
    const char* name;
    const char* message;
  } rows[] = {
      {"/GPU:99",
       "Could not satisfy device specification '/job:localhost/replica:0/task:0/device:GPU:99'"},
      {"/device:XYZ:0", "/device:XYZ:0'. enable_soft_placement=1. Supported device types [CPU"},
      {"/CPU:7", "All available devices [/job:localhost/replica:0/task:0/device:CPU:0"},
      {"/CPU:-1", "Malformed device specification '/job:localhost/replica:0/task:0/device:CPU:-1'"},
      {"/job:foo", "/job:foo/replica:0/task:0/device:CPU:0 unknown device."},
      {"/task:3/CPU:0", "/job:localhost/replica:0/task:3/device:CPU:0 unknown device."},
  };
  for (const auto& [name, message] : rows) {
    try {
      const device on(name);
      FAIL() << name;
    } catch (const InvalidArgument& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
    EXPECT_EQ(device::scoped(), nullptr);
  }
}

TEST(Context, TheCpuStandsInForAbsentDevicesIfItIsAskedTo) {
  config::experimental::set_absent_device_placement(true);
  {
    const device on("/GPU:99");
    EXPECT_EQ(device::scoped(), &Context::get().host());
  }
  config::experimental::set_absent_device_placement(false);
  EXPECT_THROW(device("/GPU:99"), InvalidArgument);
}

TEST(DeviceScope, IsCompletedByTheOneAroundIt) {
  const device outer("/job:localhost");
  EXPECT_EQ(device::scoped(), nullptr);
  {
    const device middle("/CPU:0");
    EXPECT_EQ(device::scoped()->name(), kHost);
    {
      const device inner("/task:0");
      EXPECT_EQ(device::scoped()->name(), kHost);
      const device none(nullptr);
      EXPECT_EQ(device::scoped(), nullptr);
    }
    EXPECT_EQ(device::scoped()->name(), kHost);
  }
  EXPECT_EQ(device::scoped(), nullptr);
}

TEST(DeviceScope, TakesLogicalDevices) {
  const device on(config::list_logical_devices("CPU").front());
  EXPECT_EQ(device::scoped()->name(), kHost);
}

TEST(Config, ListsDevicesByType) {
  const auto cpus = config::list_physical_devices("CPU");
  ASSERT_EQ(cpus.size(), 1u);
  EXPECT_EQ(cpus[0].name, "/physical_device:CPU:0");
  EXPECT_TRUE(config::list_physical_devices("cpu").empty());
  EXPECT_EQ(config::list_logical_devices("CPU").front().name, "/device:CPU:0");
  EXPECT_EQ(config::get_visible_devices(), config::list_physical_devices());
}

TEST(Config, RefusesWhatDoesNotFit) {
  using namespace config;
  const PhysicalDevice cpu = list_physical_devices("CPU")[0];
  const PhysicalDevice absent{"/physical_device:GPU:99", "GPU"};
  const struct {
    std::function<void()> call;
    const char* message;
  } rows[] = {
      {[&] { set_visible_devices({absent}); }, "Unrecognized device: PhysicalDevice(name='"},
      {[&] { set_visible_devices({cpu}, "GPU"); }, "Unrecognized device"},
      {[&] { set_logical_device_configuration(absent, {{{1.0}}}); }, "Unrecognized device"},
      {[&] { set_logical_device_configuration(cpu, {{{1.0}}}); },
       "Setting memory limit on CPU virtual devices is currently not supported"},
      {[&] {
         set_logical_device_configuration(cpu, {{{{}, 1}}});
       },
       "Setting experimental_priority on CPU virtual  devices is currently not supported"},
      {[&] { experimental::set_memory_growth(absent, true); }, "Unrecognized device"},
      {[&] { experimental::set_memory_growth(cpu, true); },
       "Cannot set memory growth on non-GPU and non-Pluggable devices"},
      {[&] { experimental::get_memory_growth(cpu); }, "non-GPU"},
      {[&] { experimental::get_device_details(absent); }, "The PhysicalDevice must be one"},
      {[&] { experimental::get_memory_info("CPU"); }, "Failed parsing device name: 'CPU'"},
      {[&] { experimental::get_memory_info("XPU:0"); }, "Failed parsing device name"},
      {[&] { experimental::get_memory_info("GPU:99"); }, "No matching devices found for 'GPU:99'"},
      {[&] { experimental::reset_memory_stats("GPU:x"); }, "like \"GPU:0\"."},
      {[&] { experimental::set_device_policy("quick"); }, "Invalid argument `device_policy`"},
  };
  for (const auto& [call, message] : rows) {
    try {
      call();
      FAIL() << message;
    } catch (const InvalidArgument& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }
}

TEST(Config, IsTooLateOnceDevicesAreMade) {
  Context::get();
  const auto cpu = config::list_physical_devices("CPU")[0];
  config::set_visible_devices(config::get_visible_devices());  // no change, no error
  try {
    config::set_logical_device_configuration(cpu, config::LogicalDeviceConfigurations(3));
    FAIL();
  } catch (const FailedPrecondition& error) {
    EXPECT_EQ(error.message(), "Virtual devices cannot be modified after being initialized");
    EXPECT_THAT(error.hint(), HasSubstr("millstream_test"));  // the program that called us
  }
}

TEST(Config, MemoryInfoCountsTensors) {
  Pool& pool = Context::get().host().pool();
  const auto before = config::experimental::get_memory_info("CPU:0").current;
  {
    const BufferRef block = pool.allocate(1 << 20);
    EXPECT_EQ(config::experimental::get_memory_info("CPU:0").current, before + (1 << 20));
  }
  EXPECT_GE(config::experimental::get_memory_info("/device:CPU:0").peak, before + (1 << 20));
  config::experimental::reset_memory_stats("CPU:0");
  EXPECT_EQ(config::experimental::get_memory_info("cpu:0").peak, before);
}

TEST(Config, MemoryScopesNest) {
  using config::experimental::MemoryScope;
  Pool& pool = Context::get().host().pool();
  const size_t before = pool.stats().current;
  const MemoryScope outer("CPU:0");
  { const BufferRef block = pool.allocate(3 << 20); }
  {
    const MemoryScope inner("CPU:0");
    { const BufferRef block = pool.allocate(1 << 20); }
    EXPECT_EQ(inner.peak(), before + (1 << 20));
  }
  EXPECT_EQ(outer.peak(), before + (3 << 20));
  EXPECT_THROW(MemoryScope("GPU:99"), InvalidArgument);
}

TEST(Config, SwitchesKeepWhatIsSet) {
  using namespace config::experimental;
  for (const char* policy : {"warn", "explicit", "silent_for_int32", "silent"}) {
    set_device_policy(policy);
    EXPECT_EQ(get_device_policy(), policy);
  }
  enable_tensor_float_32_execution(false);
  EXPECT_FALSE(tensor_float_32_execution_enabled());
  enable_tensor_float_32_execution(true);
  config::set_soft_device_placement(false);
  EXPECT_FALSE(config::get_soft_device_placement());
  config::set_soft_device_placement(true);
}

}  // namespace
}  // namespace millstream
