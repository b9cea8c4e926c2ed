#pragma once
// What the program asked for before its devices were made, and the plan that follows from it.
#include <mutex>
#include <string>
#include <vector>

#include "millstream/device/config.h"
#include "millstream/device/machine.h"

namespace millstream {

// One physical device of the machine, with what was set for it.
struct ConfiguredDevice {
  const MachineDevice* device;
  std::optional<config::LogicalDeviceConfigurations> split = {};
  bool growth = true;
};

// A logical device to be made: the one of this index among those of its type.
struct PlannedDevice {
  const MachineDevice* device;
  int index;
  DeviceOptions options;

  std::unique_ptr<Device> make() const { return device->make(index, options); }
};

class Configuration {
 public:
  // With its lock held as long as the Guard lives.
  struct Guard {
    std::unique_lock<std::mutex> lock;
    Configuration& configuration;
    Configuration* operator->() const { return &configuration; }
  };
  static Guard locked();

  explicit Configuration(const Machine& machine);
  Configuration(Machine&&) = delete;  // it is referred to

  // InvalidArgument "Unrecognized device: ...".
  ConfiguredDevice& find(const config::PhysicalDevice& device);
  [[noreturn]] static void report_unrecognized(const config::PhysicalDevice& device);
  std::vector<config::PhysicalDevice> visible(std::string_view device_type) const;
  void set_visible(std::vector<config::PhysicalDevice> devices) { visible_ = std::move(devices); }

  // FailedPrecondition "<what> cannot be modified after being initialized" once they were made.
  void check_open(std::string_view what) const;
  // From now on nothing may be changed. `caller` is the place of the program that made the devices.
  void close(std::string caller) { closed_by_ = std::move(caller); }

  // InvalidArgument where settings contradict each other.
  std::vector<PlannedDevice> plan() const;

 private:
  void check_growth() const;

  std::mutex mutex_;
  std::vector<ConfiguredDevice> devices_;  // in the order of Machine::devices()
  std::vector<config::PhysicalDevice> visible_;
  std::optional<std::string> closed_by_;
};

}  // namespace millstream
