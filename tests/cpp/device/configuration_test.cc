#include "millstream/device/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "device/fake_gpus.h"
#include "millstream/base/error.h"

namespace millstream {
namespace {

using config::LogicalDeviceConfiguration;
using config::PhysicalDevice;
using testing::HasSubstr;

const PhysicalDevice kCpu{"/physical_device:CPU:0", "CPU"};
const PhysicalDevice kFirst{"/physical_device:GPU:0", "GPU"};
const PhysicalDevice kSecond{"/physical_device:GPU:1", "GPU"};

std::string text_of(const std::vector<PlannedDevice>& plan) {
  std::string text;
  for (const PlannedDevice& each : plan) {
    const auto& [limit, growth] = each.options;
    text += fmt::format("{}={}:{}{}{} ", each.device->id.name.substr(17),
                        each.device->id.device_type, each.index,
                        limit ? fmt::format(" {} MB", *limit >> 20) : "", growth ? "" : " whole");
  }
  return text;
}

TEST(Machine, ListsTheCpuThenGpusOfCudaThenOthers) {
  FakeGpus opencl(Backend::opencl, {{.name = "A", .uuid = "GPU-1"}, {.name = "B", .pci = "65"}});
  FakeGpus cuda(Backend::cuda, {{.name = "C", .uuid = "GPU-1"}, {.name = "D"}});
  const Machine machine({&opencl, &cuda});
  std::string names;
  for (const MachineDevice& each : machine.devices()) names += each.id.name + each.found.name + " ";
  // A and C are one chip.
  EXPECT_EQ(names,
            "/physical_device:CPU:0 /physical_device:GPU:0C /physical_device:GPU:1D "
            "/physical_device:GPU:2B ");
  EXPECT_EQ(machine.why_absent("GPU"), "");
}

TEST(Machine, KeepsTheReasonsWhyThereIsNoGpu) {
  FakeGpus opencl(Backend::opencl, {}, "libOpenCL.so.1 cannot be opened");
  FakeGpus cuda(Backend::cuda, {}, "libcuda.so.1 cannot be opened");
  EXPECT_EQ(Machine({&opencl, &cuda}).why_absent("GPU"),
            "No GPU was found: cuda: libcuda.so.1 cannot be opened; opencl: libOpenCL.so.1 cannot "
            "be opened");
}

TEST(Configuration, PlansLogicalDevices) {
  FakeGpus gpus(Backend::cuda, {{}, {}});
  const Machine machine({&gpus});
  const struct {
    const char* what;
    void (*set)(Configuration&);
    const char* expected;
  } rows[] = {
      {"nothing", [](Configuration&) {}, "CPU:0=CPU:0 GPU:0=GPU:0 GPU:1=GPU:1 "},
      {"only the second GPU",
       [](Configuration& c) {
         c.set_visible({kCpu, kSecond});
       },
       "CPU:0=CPU:0 GPU:1=GPU:0 "},
      {"no CPU", [](Configuration& c) { c.set_visible({kFirst}); }, "GPU:0=GPU:0 "},
      {"two CPUs", [](Configuration& c) { c.find(kCpu).split.emplace(2); },
       "CPU:0=CPU:0 CPU:0=CPU:1 GPU:0=GPU:0 GPU:1=GPU:1 "},
      {"a GPU in two",
       [](Configuration& c) {
         c.find(kFirst).split = {{{3.0}, {1.5}}};
       },
       "CPU:0=CPU:0 GPU:0=GPU:0 3 MB GPU:0=GPU:1 1 MB GPU:1=GPU:2 "},
      {"growth and a limit",
       [](Configuration& c) {
         c.find(kFirst).split = {{{2.0}}};
         c.find(kFirst).growth = false;
       },
       "CPU:0=CPU:0 GPU:0=GPU:0 2 MB whole GPU:1=GPU:1 "},
      {"growth of an invisible GPU",
       [](Configuration& c) {
         c.find(kFirst).growth = false;
         c.set_visible({kSecond});
       },
       "GPU:1=GPU:0 "},
  };
  for (const auto& [what, set, expected] : rows) {
    Configuration configuration(machine);
    set(configuration);
    EXPECT_EQ(text_of(configuration.plan()), expected) << what;
  }
}

TEST(Configuration, RefusesContradictions) {
  FakeGpus gpus(Backend::cuda, {{}, {}});
  const Machine machine({&gpus});
  const struct {
    void (*set)(Configuration&);
    const char* message;
  } rows[] = {
      {[](Configuration& c) { c.find(kFirst).growth = false; },
       "Memory growth cannot differ between GPU devices"},
      {[](Configuration& c) {
         c.find(kFirst).split = {{{1.0, 1}, {1.0}}};
       },
       "priority must be specified for all virtual devices"},
      {[](Configuration& c) {
         c.find(kFirst).split = {{{1.0}, {1.0, {}, 0}}};
       },
       "device_ordinals must be specified for all virtual devices"},
  };
  for (const auto& [set, message] : rows) {
    Configuration configuration(machine);
    set(configuration);
    try {
      configuration.plan();
      FAIL() << message;
    } catch (const InvalidArgument& error) {
      EXPECT_EQ(error.message(), message);
    }
  }
}

TEST(Configuration, NamesUnknownDevices) {
  const Machine machine({});
  Configuration configuration(machine);
  try {
    configuration.find(kFirst);
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_EQ(error.message(),
              "Unrecognized device: PhysicalDevice(name='/physical_device:GPU:0', "
              "device_type='GPU')");
  }
}

TEST(Configuration, IsClosedOnceTheDevicesAreMade) {
  const Machine machine({});
  Configuration configuration(machine);
  configuration.check_open("Visible devices");
  configuration.close("train.py:12");
  try {
    configuration.check_open("Visible devices");
    FAIL();
  } catch (const FailedPrecondition& error) {
    EXPECT_EQ(error.message(), "Visible devices cannot be modified after being initialized");
    EXPECT_THAT(error.what(), HasSubstr("train.py:12"));
  }
}

}  // namespace
}  // namespace millstream
