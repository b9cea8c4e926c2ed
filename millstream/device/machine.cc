#include "millstream/device/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <ranges>

#include "millstream/base/settings.h"
#include "millstream/device/cpu_device.h"

namespace millstream {
namespace {

// A chip that CUDA and OpenCL both offer. What is not known tells nothing.
bool same_chip(const FoundDevice& a, const FoundDevice& b) {
  const auto equal = [](const std::string& x, const std::string& y) {
    return !x.empty() && x == y;
  };
  return a.backend != b.backend && (equal(a.uuid, b.uuid) || equal(a.pci, b.pci));
}

}  // namespace

std::string_view backend_name(Backend backend) {
  static constexpr std::array<std::string_view, kBackends> names = {"cpu", "opencl", "cuda"};
  return names[static_cast<size_t>(backend)];
}

std::unique_ptr<Device> MachineDevice::make(int index, const DeviceOptions& options) const {
  if (backend == nullptr) return std::make_unique<CpuDevice>(index);
  return backend->create(found, index, options);
}

Machine::Machine(const std::vector<DeviceBackend*>& backends) {
  devices_.push_back({.id = {.name = "/physical_device:CPU:0", .device_type = "CPU"}});
  // CUDA comes last among the backends and goes first here: it knows its own chips best.
  for (DeviceBackend* backend : backends | std::views::reverse) add(*backend);
}

void Machine::add(DeviceBackend& backend) {
  const Discovery& discovery = backend.discover();
  for (const FoundDevice& found : discovery.devices) {
    const auto known = [&](const MachineDevice& device) { return same_chip(device.found, found); };
    if (std::ranges::any_of(devices_, known)) continue;
    const auto index = std::ranges::count(
        devices_, found.type, [](const MachineDevice& device) { return device.id.device_type; });
    devices_.push_back({.id = {.name = fmt::format("/physical_device:{}:{}", found.type, index),
                               .device_type = found.type},
                        .backend = &backend,
                        .found = found});
  }
  if (discovery.devices.empty()) {
    reasons_ += fmt::format("{}{}: {}", reasons_.empty() ? "" : "; ",
                            backend_name(backend.backend()), discovery.reason);
  }
}

const Machine& Machine::get() {
  static const auto* const then = new std::optional(Settings::cuda_visible_devices());
  static const auto* const machine = new Machine(device_backends());
  // Told once, to those who set it in the program, after the GPUs were looked for.
  static std::atomic<bool> told{false};
  const auto now = Settings::cuda_visible_devices();
  if (now != *then && !told.exchange(true)) {
    fmt::print(
        stderr,
        "millstream: CUDA_VISIBLE_DEVICES became '{}' after the devices had been looked for, "
        "so it has no effect; set it before the program starts\n",
        now.value_or(""));
  }
  return *machine;
}

const MachineDevice* Machine::find(const config::PhysicalDevice& id) const {
  const auto found = std::ranges::find(devices_, id, &MachineDevice::id);
  return found != devices_.end() ? &*found : nullptr;
}

std::string Machine::why_absent(std::string_view device_type) const {
  if (device_type != "GPU") return "";
  for (const MachineDevice& device : devices_) {
    if (device.id.device_type == device_type) return "";
  }
  if (reasons_.empty()) return "This build has no GPU backend";
  return "No GPU was found: " + reasons_;
}

}  // namespace millstream
