// Which devices OpenCL offers as GPUs.
#include <fmt/format.h>

#include <filesystem>

#include "millstream/backend/opencl/device.h"
#include "millstream/base/settings.h"
#include "millstream/device/backend.h"

namespace millstream::opencl {
namespace {

std::string text_of(const Api& api, DeviceId id, uint32_t what) {
  char text[512] = {};
  api.device_info(id, what, sizeof text - 1, text, nullptr);
  return text;
}

// Opening PoCL loads a compiler, for a device that is no GPU.
bool only_pocl_is_installed() {
  const std::filesystem::path folder = "/etc/OpenCL/vendors";
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    if (!file.path().filename().string().starts_with("pocl")) return false;
  }
  return !error;
}

class OpenClBackend final : public DeviceBackend {
 public:
  Backend backend() const override { return Backend::opencl; }
  const Discovery& discover() override {
    std::call_once(once_, [&] { discovery_ = look(); });
    return discovery_;
  }
  std::unique_ptr<Device> create(const FoundDevice& found, int index,
                                 const DeviceOptions& options) override {
    auto device =
        std::make_unique<OpenClDevice>(*api_, ids_.at(static_cast<size_t>(found.ordinal)), index);
    device->pool().set_limit(options.memory_limit);
    return device;
  }

 private:
  Discovery look() {
    const int wanted = Settings::get().opencl_cpu_as_gpu;
    if (wanted == 0 && only_pocl_is_installed()) {
      return {.reason =
                  "no driver of OpenCL but PoCL's, which is the CPU, is in "
                  "/etc/OpenCL/vendors"};
    }
    Discovery result;
    api_ = Api::open(result.reason);
    if (api_ == nullptr) return result;
    const std::vector<DeviceId> cpus = devices(kCpuType);
    ids_ = devices(kGpuType | kAcceleratorType);
    for (int i = 0; i < wanted && !cpus.empty(); ++i) {
      ids_.push_back(cpus[static_cast<size_t>(i) % cpus.size()]);
    }
    for (size_t i = 0; i < ids_.size(); ++i) result.devices.push_back(describe(i));
    if (ids_.empty()) result.reason = "OpenCL finds no GPU";
    return result;
  }

  std::vector<DeviceId> devices(Bits type) const {
    Platform platforms[16];
    uint32_t count = 0;
    if (api_->get_platforms(16, platforms, &count) != kSuccess) return {};
    std::vector<DeviceId> all;
    for (uint32_t i = 0; i < std::min<uint32_t>(count, 16); ++i) {
      DeviceId ids[16];
      uint32_t found = 0;
      if (api_->get_devices(platforms[i], type, 16, ids, &found) != kSuccess) continue;
      all.insert(all.end(), ids, ids + std::min<uint32_t>(found, 16));
    }
    return all;
  }

  FoundDevice describe(size_t i) const {
    const DeviceId id = ids_[i];
    uint64_t memory = 0;
    api_->device_info(id, kDeviceMemory, sizeof memory, &memory, nullptr);
    return {.backend = Backend::opencl,
            .ordinal = static_cast<int>(i),
            .name = text_of(*api_, id, kDeviceName),
            .description =
                fmt::format("{}, {}, driver {}", text_of(*api_, id, kDeviceVendor),
                            text_of(*api_, id, kDeviceVersion), text_of(*api_, id, kDriverVersion)),
            .memory = memory};
  }

  std::once_flag once_;
  Discovery discovery_;
  const Api* api_ = nullptr;
  std::vector<DeviceId> ids_;  // by ordinal
};

// Never destroyed: the devices of the context, which is not either, refer to it.
const RegisterDeviceBackend registered(*new OpenClBackend());

}  // namespace
}  // namespace millstream::opencl
