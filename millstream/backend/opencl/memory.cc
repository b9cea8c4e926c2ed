#include "millstream/backend/opencl/memory.h"

#include <fmt/format.h>

#include <atomic>

#include "millstream/base/error.h"

namespace millstream::opencl {
namespace {

// No program of today has memory up here: whoever reads such an address as the host's is stopped.
constexpr uintptr_t kFirst = uintptr_t{1} << 56;
constexpr size_t kAlignment = 4096;

std::atomic<uintptr_t> next{kFirst};

}  // namespace

void* AddressSpace::add(Memory memory, size_t bytes) {
  // One page stays free between ranges, so that the end of one is not the start of the next.
  const size_t taken = (bytes / kAlignment + 2) * kAlignment;
  const uintptr_t address = next.fetch_add(taken);
  std::lock_guard lock(mutex_);
  ranges_.emplace(address, Range{memory, bytes});
  return reinterpret_cast<void*>(address);
}

Memory AddressSpace::remove(void* address) {
  std::lock_guard lock(mutex_);
  const auto found = ranges_.find(reinterpret_cast<uintptr_t>(address));
  if (found == ranges_.end()) throw Internal("memory that OpenCL never gave is released");
  const Memory memory = found->second.memory;
  ranges_.erase(found);
  return memory;
}

Place AddressSpace::find(const void* address) const {
  const auto wanted = reinterpret_cast<uintptr_t>(address);
  std::lock_guard lock(mutex_);
  auto range = ranges_.upper_bound(wanted);
  if (range != ranges_.begin()) {
    --range;
    const size_t offset = wanted - range->first;
    if (offset <= range->second.bytes) return {range->second.memory, offset};
  }
  throw Internal(fmt::format("{} is no address of this OpenCL device", address));
}

}  // namespace millstream::opencl
