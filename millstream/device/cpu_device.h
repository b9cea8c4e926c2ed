#pragma once
// The host as a device. Several may exist side by side: they share cores and memory.
#include "millstream/device/device.h"

namespace millstream {

class CpuDevice final : public Device {
 public:
  // Its limit is MILLSTREAM_CPU_MEMORY_LIMIT, else the machine's memory.
  explicit CpuDevice(int index);
  ~CpuDevice() override { pool().trim(); }

  void* allocate(size_t bytes) override;
  void release(void* data, size_t bytes) override;
  void copy_to_host(void* host, const void* data, size_t bytes) override;
  void copy_from_host(void* data, const void* host, size_t bytes) override;
  void synchronize() override {}
};

}  // namespace millstream
