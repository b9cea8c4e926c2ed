#include "millstream/device/backend.h"

#include <algorithm>

namespace millstream {
namespace {

std::vector<DeviceBackend*>& registered() {
  static auto* const backends = new std::vector<DeviceBackend*>();
  return *backends;
}

}  // namespace

const std::vector<DeviceBackend*>& device_backends() { return registered(); }

RegisterDeviceBackend::RegisterDeviceBackend(DeviceBackend& backend) {
  registered().push_back(&backend);
  std::ranges::sort(registered(), {}, &DeviceBackend::backend);
}

}  // namespace millstream
