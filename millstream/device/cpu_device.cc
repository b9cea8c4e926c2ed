#include "millstream/device/cpu_device.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

namespace millstream {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

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
