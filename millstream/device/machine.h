#pragma once
// What computes in this machine: its CPU, and the GPUs that the backends find. Creates nothing.
#include <memory>
#include <string>
#include <vector>

#include "millstream/device/backend.h"
#include "millstream/device/config.h"

namespace millstream {

struct MachineDevice {
  config::PhysicalDevice id;
  DeviceBackend* backend = nullptr;  // of a GPU
  FoundDevice found = {};

  // The logical device `index` of its type.
  std::unique_ptr<Device> make(int index, const DeviceOptions& options) const;
};

// "opencl"
std::string_view backend_name(Backend backend);

class Machine {
 public:
  static const Machine& get();
  explicit Machine(const std::vector<DeviceBackend*>& backends);

  // The CPU, then the GPUs: those of CUDA first. A GPU that two backends find is the first one's.
  const std::vector<MachineDevice>& devices() const { return devices_; }
  const MachineDevice* find(const config::PhysicalDevice& id) const;
  // Why the machine has no device of this type: each backend's reason; "" if it has some.
  std::string why_absent(std::string_view device_type) const;

 private:
  void add(DeviceBackend& backend);

  std::vector<MachineDevice> devices_;
  std::string reasons_;
};

}  // namespace millstream
