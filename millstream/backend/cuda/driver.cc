#include "millstream/backend/cuda/driver.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace millstream::cuda {
namespace {

constexpr const char* kLibrary = "libcuda.so.1";
constexpr int kOldestDriver = 12000;

struct Loaded {
  Driver driver;
  std::string reason;
};

template <class F>
void load(void* library, F*& function, const char* name, std::string& reason) {
  function = reinterpret_cast<F*>(dlsym(library, name));
  if (function == nullptr && reason.empty()) {
    reason = fmt::format("{} has no {}: install a driver for CUDA 12 or later", kLibrary, name);
  }
}

void load_functions(void* library, Loaded& loaded) {
  Driver& d = loaded.driver;
  const auto get = [&](auto*& function, const char* name) {
    load(library, function, name, loaded.reason);
  };
  get(d.init, "cuInit");
  get(d.version, "cuDriverGetVersion");
  get(d.error_name, "cuGetErrorName");
  get(d.error_text, "cuGetErrorString");
  get(d.device_count, "cuDeviceGetCount");
  get(d.device, "cuDeviceGet");
  get(d.device_name, "cuDeviceGetName");
  get(d.device_uuid, "cuDeviceGetUuid_v2");
  get(d.device_pci, "cuDeviceGetPCIBusId");
  get(d.device_memory, "cuDeviceTotalMem_v2");
  get(d.device_attribute, "cuDeviceGetAttribute");
  get(d.retain_context, "cuDevicePrimaryCtxRetain");
  get(d.set_context, "cuCtxSetCurrent");
  get(d.create_stream, "cuStreamCreate");
  get(d.synchronize, "cuStreamSynchronize");
  get(d.allocate, "cuMemAlloc_v2");
  get(d.free, "cuMemFree_v2");
  get(d.free_memory, "cuMemGetInfo_v2");
  get(d.copy_in, "cuMemcpyHtoDAsync_v2");
  get(d.copy_out, "cuMemcpyDtoHAsync_v2");
  get(d.load, "cuModuleLoadData");
  get(d.find, "cuModuleGetFunction");
  get(d.launch, "cuLaunchKernel");
}

Loaded load_all() {
  Loaded loaded;
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    loaded.reason = fmt::format("no NVIDIA driver: {} cannot be opened: {}", kLibrary, dlerror());
    return loaded;
  }
  load_functions(library, loaded);
  if (!loaded.reason.empty()) return loaded;
  int version = 0;
  loaded.driver.version(&version);
  if (version < kOldestDriver) {
    loaded.reason = fmt::format(
        "the NVIDIA driver supports CUDA {}.{}, and 12.0 or later is needed: install driver 525 or "
        "later",
        version / 1000, version % 1000 / 10);
  }
  return loaded;
}

}  // namespace

const Driver* Driver::open(std::string& reason) {
  static const auto* const loaded = new Loaded(load_all());
  reason = loaded->reason;
  return reason.empty() ? &loaded->driver : nullptr;
}

std::string Driver::text(Status status) const {
  const char *name = nullptr, *words = nullptr;
  error_name(status, &name);
  error_text(status, &words);
  return fmt::format("{} ({}): {}", name == nullptr ? "unknown error" : name, status,
                     words == nullptr ? "" : words);
}

}  // namespace millstream::cuda
