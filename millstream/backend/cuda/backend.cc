// Which GPUs the CUDA driver offers.
#include <fmt/format.h>

#include <cstdlib>
#include <mutex>

#include "millstream/backend/cuda/device.h"
#include "millstream/device/backend.h"

namespace millstream::cuda {
namespace {

constexpr Capability kOldest = {7, 0};

// "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"
std::string text_of(const Uuid& uuid) {
  std::string text = "GPU";
  for (int i = 0; i < 16; ++i) {
    if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", uuid.bytes[i]);
  }
  return text;
}

class CudaBackend final : public DeviceBackend {
 public:
  Backend backend() const override { return Backend::cuda; }

  const Discovery& discover() override {
    std::call_once(once_, [&] { discovery_ = look(); });
    return discovery_;
  }

  std::unique_ptr<Device> create(const FoundDevice& found, int index,
                                 const DeviceOptions& options) override {
    auto device = std::make_unique<CudaDevice>(*driver_, *nvrtc_, found.ordinal,
                                               *found.compute_capability, index);
    device->pool().set_limit(options.memory_limit);
    return device;
  }

 private:
  Discovery look() {
    Discovery result;
    driver_ = Driver::open(result.reason);
    if (driver_ == nullptr) return result;
    // GPUs are counted as nvidia-smi counts them, unless the user says otherwise.
    setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID", 0);
    int count = 0;
    Status status = driver_->init(0);
    if (status == kSuccess) status = driver_->device_count(&count);
    if (status != kSuccess) {
      result.reason = "the NVIDIA driver does not start: " + driver_->text(status);
      return result;
    }
    for (int i = 0; i < count; ++i) add(i, result);
    if (count == 0) result.reason = "the NVIDIA driver shows no GPU";
    if (result.devices.empty()) return result;
    std::string reason;
    nvrtc_ = Nvrtc::open(reason);
    if (nvrtc_ == nullptr) result = {.devices = {}, .reason = reason};
    return result;
  }

  void add(int ordinal, Discovery& result) const {
    DeviceId id = 0;
    char name[256] = {}, pci[32] = {};
    Uuid uuid = {};
    size_t memory = 0;
    Capability capability = {0, 0};
    int version = 0;
    driver_->version(&version);
    for (const Status status :
         {driver_->device(&id, ordinal), driver_->device_name(name, sizeof name - 1, id),
          driver_->device_uuid(&uuid, id), driver_->device_pci(pci, sizeof pci - 1, id),
          driver_->device_memory(&memory, id),
          driver_->device_attribute(&capability.first, kCapabilityMajor, id),
          driver_->device_attribute(&capability.second, kCapabilityMinor, id)}) {
      if (status == kSuccess) continue;
      result.reason = fmt::format("GPU {} does not answer: {}", ordinal, driver_->text(status));
      return;
    }
    if (capability < kOldest) {
      result.reason =
          fmt::format("{} has compute capability {}.{}, and {}.{} is needed", name,
                      capability.first, capability.second, kOldest.first, kOldest.second);
      return;
    }
    result.devices.push_back(
        {.backend = Backend::cuda,
         .ordinal = ordinal,
         .name = name,
         .description = fmt::format("compute capability {}.{}, {} MiB, driver for CUDA {}.{}",
                                    capability.first, capability.second, memory >> 20,
                                    version / 1000, version % 1000 / 10),
         .memory = memory,
         .compute_capability = capability,
         .uuid = text_of(uuid),
         .pci = pci});
  }

  std::once_flag once_;
  Discovery discovery_;
  const Driver* driver_ = nullptr;
  const Nvrtc* nvrtc_ = nullptr;
};

// Never destroyed: the devices of the context, which is not either, refer to it.
const RegisterDeviceBackend registered(*new CudaBackend());

}  // namespace
}  // namespace millstream::cuda
