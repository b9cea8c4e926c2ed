#include "millstream/device/cpu_device.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "millstream/base/settings.h"

namespace millstream {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

// A tensor that the machine can never hold is refused, rather than promised and then killed for.
int64_t physical_memory() {
  return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
}

}  // namespace

CpuDevice::CpuDevice(int index) : Device(Backend::cpu, "CPU", index) {
  pool().set_limit(
      static_cast<size_t>(Settings::get().cpu_memory_limit.value_or(physical_memory())));
}

void* CpuDevice::allocate(size_t bytes) {
  const bool huge = bytes >= 2 * kHugePage;
  const size_t alignment = huge ? kHugePage : 64;
  void* data = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (data != nullptr && huge) madvise(data, bytes, MADV_HUGEPAGE);
  return data;
}

void CpuDevice::release(void* data, size_t) { std::free(data); }

void CpuDevice::copy_to_host(void* host, const void* data, size_t bytes) {
  std::memcpy(host, data, bytes);
}

void CpuDevice::copy_from_host(void* data, const void* host, size_t bytes) {
  std::memcpy(data, host, bytes);
}

}  // namespace millstream
