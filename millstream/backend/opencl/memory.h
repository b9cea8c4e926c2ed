#pragma once
// Addresses for OpenCL's memory objects, which have none: each gets a range of numbers that nothing
// else of the process uses, so that tensors point into it and offsets are plain arithmetic.
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

#include "millstream/backend/opencl/api.h"

namespace millstream::opencl {

struct Place {
  Memory memory = nullptr;
  size_t offset = 0;  // bytes
};

class AddressSpace {
 public:
  void* add(Memory memory, size_t bytes);
  // The memory at the start of this range, which ends to exist.
  Memory remove(void* address);
  // Where an address leads; Internal if it is none of ours.
  Place find(const void* address) const;

 private:
  struct Range {
    Memory memory;
    size_t bytes;
  };
  mutable std::mutex mutex_;
  std::map<uintptr_t, Range> ranges_;
};

}  // namespace millstream::opencl
