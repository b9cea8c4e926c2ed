#include "device/fake_gpus.h"

#include <cstdlib>
#include <cstring>

namespace millstream {
namespace {

class FakeGpu final : public Device {
 public:
  FakeGpu(Backend backend, int index, const DeviceOptions& options)
      : Device(backend, "GPU", index) {
    pool().set_limit(options.memory_limit);
  }
  ~FakeGpu() override { pool().trim(); }

  void* allocate(size_t bytes) override { return std::malloc(bytes); }
  void release(void* data, size_t) override { std::free(data); }
  void copy_to_host(void* host, const void* data, size_t bytes) override {
    std::memcpy(host, data, bytes);
  }
  void copy_from_host(void* data, const void* host, size_t bytes) override {
    std::memcpy(data, host, bytes);
  }
  void synchronize() override {}
};

}  // namespace

FakeGpus::FakeGpus(Backend backend, std::vector<FoundDevice> devices, std::string reason)
    : backend_(backend), discovery_{std::move(devices), std::move(reason)} {
  int ordinal = 0;
  for (FoundDevice& device : discovery_.devices) {
    device.backend = backend;
    device.ordinal = ordinal++;
  }
}

std::unique_ptr<Device> FakeGpus::create(const FoundDevice& found, int index,
                                         const DeviceOptions& options) {
  return std::make_unique<FakeGpu>(found.backend, index, options);
}

}  // namespace millstream
