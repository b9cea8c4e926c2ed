#include "millstream/device/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "millstream/base/error.h"

namespace millstream {
namespace {

using config::LogicalDeviceConfiguration;
using config::PhysicalDevice;

std::optional<size_t> limit_of(const LogicalDeviceConfiguration& wanted) {
  if (!wanted.memory_limit) return std::nullopt;
  return static_cast<size_t>(*wanted.memory_limit * (1 << 20));
}

// A field that one logical device of a GPU has, all must have.
void check_all_or_none(const config::LogicalDeviceConfigurations& split,
                       std::optional<int64_t> LogicalDeviceConfiguration::*field,
                       std::string_view name) {
  const auto given =
      std::ranges::count_if(split, [&](const auto& one) { return (one.*field).has_value(); });
  if (given != 0 && given != static_cast<std::ptrdiff_t>(split.size())) {
    throw InvalidArgument(fmt::format("{} must be specified for all virtual devices", name));
  }
}

}  // namespace

Configuration::Configuration(const Machine& machine) {
  for (const MachineDevice& device : machine.devices()) {
    devices_.push_back({.device = &device});
    visible_.push_back(device.id);
  }
}

Configuration::Guard Configuration::locked() {
  static auto* const configuration = new Configuration(Machine::get());
  return {std::unique_lock(configuration->mutex_), *configuration};
}

ConfiguredDevice& Configuration::find(const PhysicalDevice& device) {
  for (ConfiguredDevice& each : devices_) {
    if (each.device->id == device) return each;
  }
  report_unrecognized(device);
}

void Configuration::report_unrecognized(const PhysicalDevice& device) {
  throw InvalidArgument("Unrecognized device: " + config::to_string(device));
}

std::vector<PhysicalDevice> Configuration::visible(std::string_view device_type) const {
  std::vector<PhysicalDevice> devices = visible_;
  if (!device_type.empty()) {
    std::erase_if(devices, [&](const auto& each) { return each.device_type != device_type; });
  }
  return devices;
}

void Configuration::check_open(std::string_view what) const {
  if (!closed_by_) return;
  throw FailedPrecondition(
      {.message = fmt::format("{} cannot be modified after being initialized", what),
       .hint = fmt::format("do it before the first op, which ran at {}", *closed_by_)});
}

void Configuration::check_growth() const {
  std::optional<bool> growth;
  for (const ConfiguredDevice& each : devices_) {
    if (each.device->id.device_type != "GPU" || each.split) continue;
    if (std::ranges::find(visible_, each.device->id) == visible_.end()) continue;
    if (growth && *growth != each.growth) {
      throw InvalidArgument("Memory growth cannot differ between GPU devices");
    }
    growth = each.growth;
  }
}

std::vector<PlannedDevice> Configuration::plan() const {
  check_growth();
  std::vector<PlannedDevice> planned;
  std::map<std::string, int> count;
  for (const ConfiguredDevice& each : devices_) {
    const PhysicalDevice& id = each.device->id;
    if (std::ranges::find(visible_, id) == visible_.end()) continue;
    config::LogicalDeviceConfigurations parts =
        each.split.value_or(config::LogicalDeviceConfigurations());
    check_all_or_none(parts, &LogicalDeviceConfiguration::experimental_priority, "priority");
    check_all_or_none(parts, &LogicalDeviceConfiguration::experimental_device_ordinal,
                      "device_ordinals");
    if (parts.empty()) parts.emplace_back();
    for (const LogicalDeviceConfiguration& part : parts) {
      planned.push_back({.device = each.device,
                         .index = count[id.device_type]++,
                         .options = {.memory_limit = limit_of(part), .growth = each.growth}});
    }
  }
  return planned;
}

}  // namespace millstream
