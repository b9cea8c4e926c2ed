#include "millstream/device/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "millstream/base/error.h"
#include "millstream/device/configuration.h"
#include "millstream/device/context.h"
#include "millstream/device/switches.h"

namespace millstream::config {
namespace {

constexpr std::array<std::string_view, 4> kPolicies = {"silent", "warn", "explicit",
                                                       "silent_for_int32"};

void check_cpu_split(const LogicalDeviceConfigurations& split) {
  for (const LogicalDeviceConfiguration& each : split) {
    const std::string_view what =
        each.memory_limit                  ? "memory limit on CPU virtual"
        : each.experimental_priority       ? "experimental_priority on CPU virtual "
        : each.experimental_device_ordinal ? "experimental_device_ordinal on CPU virtual "
                                           : "";
    if (what.empty()) continue;
    throw InvalidArgument(fmt::format("Setting {} devices is currently not supported", what));
  }
}

void check_split(const PhysicalDevice& device, const LogicalDeviceConfigurations& split) {
  if (device.device_type == "CPU") {
    check_cpu_split(split);
  } else if (device.device_type == "GPU") {
    const auto unlimited = [](const auto& each) { return !each.memory_limit; };
    if (std::ranges::any_of(split, unlimited)) {
      throw InvalidArgument("Setting memory limit is required for GPU virtual devices");
    }
  } else {
    throw InvalidArgument("Virtual devices are not supported for " + device.device_type);
  }
}

// TensorFlow wants type and index here, and knows no partial names.
Pool& pool_of(std::string_view name) {
  DeviceSpec spec;
  try {
    spec = DeviceSpec::parse(name);
  } catch (const InvalidArgument&) {  // reported below
  }
  if (!spec.device_type || !spec.device_index) {
    throw InvalidArgument(fmt::format(
        "Failed parsing device name: '{}'. Note a valid device string should at least contain a "
        "device type and a device index, like \"GPU:0\".",
        name));
  }
  for (const auto& device : Context::get().devices()) {
    if (device->type() == *spec.device_type && device->index() == *spec.device_index) {
      return device->pool();
    }
  }
  throw InvalidArgument(fmt::format("No matching devices found for '{}'", name));
}

template <class Devices>
void keep_type(Devices& devices, std::string_view type) {
  if (type.empty()) return;
  std::erase_if(devices, [&](const auto& device) { return device.device_type != type; });
}

}  // namespace

std::string to_string(const PhysicalDevice& device) {
  return fmt::format("PhysicalDevice(name='{}', device_type='{}')", device.name,
                     device.device_type);
}

std::vector<PhysicalDevice> list_physical_devices(std::string_view device_type) {
  std::vector<PhysicalDevice> devices;
  for (const MachineDevice& device : Machine::get().devices()) devices.push_back(device.id);
  keep_type(devices, device_type);
  return devices;
}

std::vector<LogicalDevice> list_logical_devices(std::string_view device_type) {
  std::vector<LogicalDevice> devices;
  for (const auto& device : Context::get().devices()) {
    devices.push_back({.name = fmt::format("/device:{}:{}", device->type(), device->index()),
                       .device_type = device->type()});
  }
  keep_type(devices, device_type);
  return devices;
}

std::vector<PhysicalDevice> get_visible_devices(std::string_view device_type) {
  return Configuration::locked()->visible(device_type);
}

void set_visible_devices(const std::vector<PhysicalDevice>& devices, std::string_view device_type) {
  const auto configuration = Configuration::locked();
  std::vector<PhysicalDevice> visible;
  if (!device_type.empty()) {
    visible = configuration->visible({});
    std::erase_if(visible, [&](const auto& each) { return each.device_type == device_type; });
  }
  for (const PhysicalDevice& device : devices) {
    configuration->find(device);
    if (!device_type.empty() && device.device_type != device_type) {
      Configuration::report_unrecognized(device);
    }
    visible.push_back(device);
  }
  if (visible == configuration->visible({})) return;
  configuration->check_open("Visible devices");
  configuration->set_visible(std::move(visible));
}

std::optional<LogicalDeviceConfigurations> get_logical_device_configuration(
    const PhysicalDevice& device) {
  return Configuration::locked()->find(device).split;
}

void set_logical_device_configuration(const PhysicalDevice& device,
                                      std::optional<LogicalDeviceConfigurations> logical_devices) {
  const auto configuration = Configuration::locked();
  ConfiguredDevice& configured = configuration->find(device);
  if (logical_devices) check_split(device, *logical_devices);
  if (configured.split == logical_devices) return;
  configuration->check_open("Virtual devices");
  configured.split = std::move(logical_devices);
}

bool get_soft_device_placement() { return switches.soft_placement; }
void set_soft_device_placement(bool enabled) { switches.soft_placement = enabled; }

namespace experimental {

bool get_memory_growth(const PhysicalDevice& device) {
  const auto configuration = Configuration::locked();
  const bool growth = configuration->find(device).growth;
  if (device.device_type != "GPU") {
    throw InvalidArgument("Cannot get memory growth of non-GPU and non-Pluggable devices");
  }
  return growth;
}

void set_memory_growth(const PhysicalDevice& device, bool enable) {
  const auto configuration = Configuration::locked();
  ConfiguredDevice& configured = configuration->find(device);
  if (device.device_type != "GPU") {
    throw InvalidArgument("Cannot set memory growth on non-GPU and non-Pluggable devices");
  }
  if (configured.growth == enable) return;
  configuration->check_open("Physical devices");
  configured.growth = enable;
}

MemoryInfo get_memory_info(std::string_view device) {
  const MemoryStats stats = pool_of(device).stats();
  return {.current = stats.current, .peak = stats.peak};
}

void reset_memory_stats(std::string_view device) { pool_of(device).reset_peak(); }

MemoryScope::MemoryScope(std::string_view device)
    : pool_(pool_of(device)), outer_peak_(pool_.reset_peak()) {}
MemoryScope::~MemoryScope() { pool_.raise_peak(outer_peak_); }
size_t MemoryScope::peak() const { return pool_.stats().peak; }

DeviceDetails get_device_details(const PhysicalDevice& device) {
  const MachineDevice* const known = Machine::get().find(device);
  if (known == nullptr) {
    throw InvalidArgument(
        "The PhysicalDevice must be one obtained from calling "
        "`tf.config.list_physical_devices`, but got: " +
        to_string(device));
  }
  if (known->backend == nullptr) return {};
  return {.device_name = known->found.name, .compute_capability = known->found.compute_capability};
}

std::string get_device_policy() {
  return std::string(kPolicies[static_cast<size_t>(device_policy())]);
}

void set_device_policy(std::optional<std::string_view> device_policy) {
  const auto found = std::ranges::find(kPolicies, device_policy.value_or("silent"));
  if (found == kPolicies.end()) {
    throw InvalidArgument(
        fmt::format("Invalid argument `device_policy`: '{}'. Valid are silent, warn, explicit and "
                    "silent_for_int32",
                    *device_policy));
  }
  millstream::set_device_policy(static_cast<DevicePolicy>(found - kPolicies.begin()));
}

void enable_op_determinism() { switches.op_determinism = true; }
bool op_determinism_enabled() { return switches.op_determinism; }

void enable_tensor_float_32_execution(bool enabled) { switches.tensor_float_32 = enabled; }
bool tensor_float_32_execution_enabled() { return switches.tensor_float_32; }

void set_absent_device_placement(bool enabled) { switches.absent_device_on_cpu = enabled; }
bool get_absent_device_placement() { return switches.absent_device_on_cpu; }

}  // namespace experimental
}  // namespace millstream::config

namespace millstream::debugging {

bool get_log_device_placement() { return switches.log_placement; }
void set_log_device_placement(bool enabled) { switches.log_placement = enabled; }

}  // namespace millstream::debugging
