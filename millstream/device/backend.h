#pragma once
// How the GPUs of a machine become known. A backend registers itself with a static object in its
// own file; whoever makes the devices walks device_backends() and includes no backend.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "millstream/device/device.h"

namespace millstream {

// A GPU that is there, before anything is allocated on it.
struct FoundDevice {
  Backend backend;
  int ordinal;  // among those of its backend
  std::string type = "GPU";
  std::string name;         // "NVIDIA H200"
  std::string description;  // one line for people: driver, vendor, and what else there is to know
  size_t memory = 0;        // bytes; 0: unknown
  std::optional<std::pair<int, int>> compute_capability = {};
  std::string uuid = {};
  std::string pci = {};  // "0000:65:00.0"
};

struct DeviceOptions {
  std::optional<size_t> memory_limit = {};  // bytes
  bool growth = true;  // take memory as it is needed; otherwise the limit, or nearly all, at once
};

struct Discovery {
  std::vector<FoundDevice> devices;
  std::string reason;  // why there are none: "libOpenCL.so.1 cannot be opened: ..."
};

class DeviceBackend {
 public:
  virtual ~DeviceBackend() = default;
  virtual Backend backend() const = 0;
  // Looks once; opens libraries, creates nothing. Does not throw: what is wrong is the reason.
  virtual const Discovery& discover() = 0;
  // The logical device /device:GPU:<index> on a found one. Several may share it.
  virtual std::unique_ptr<Device> create(const FoundDevice& found, int index,
                                         const DeviceOptions& options) = 0;
};

// In the order of Backend.
const std::vector<DeviceBackend*>& device_backends();

struct RegisterDeviceBackend {
  explicit RegisterDeviceBackend(DeviceBackend& backend);
};

// Has the program wait for the work of all devices when it ends, and tell of its errors. To be
// called when the library that does the work has done some: what it sets up before this call lives
// until the work is done.
void finish_work_at_exit();

}  // namespace millstream
