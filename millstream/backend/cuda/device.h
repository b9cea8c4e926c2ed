#pragma once
// A GPU behind the CUDA driver: its primary context and one stream.
#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <unordered_map>

#include "millstream/backend/cuda/driver.h"
#include "millstream/backend/cuda/nvrtc.h"
#include "millstream/backend/gpu/device.h"

namespace millstream::cuda {

class CudaDevice final : public gpu::GpuDevice {
 public:
  // `index` of the logical device; `ordinal` as the driver counts.
  CudaDevice(const Driver& driver, const Nvrtc& nvrtc, int ordinal, Capability capability,
             int index);
  ~CudaDevice() override { pool().trim(); }

  void* allocate(size_t bytes) override;
  void release(void* data, size_t bytes) override;
  void copy_from_host(void* data, const void* host, size_t bytes) override;

  Dialect dialect() const override { return Dialect::cuda; }
  void launch(gpu::Function function, const gpu::Grid& grid,
              const gpu::Arguments& arguments) override;

  // For libraries that take CUDA's own objects.
  Stream stream() const { return stream_; }
  // Makes this device's context the thread's; FailedPrecondition after a fork, Unavailable once the
  // device is lost.
  void enter() const;

 protected:
  void read(void* host, const void* data, size_t bytes) override;
  void wait() override;
  std::unordered_map<std::string, gpu::Function> compile(const std::string& text) override;

 private:
  void note_work();
  std::string recent_work();
  void check(Status status, const char* what);
  // After work that was issued earlier: its error shows up here.
  void check_all(Status status, const char* what);
  [[noreturn]] void fail(Status status, const char* what, std::string op);

  const Driver& driver_;
  const Nvrtc& nvrtc_;
  Capability capability_;
  ContextId context_ = nullptr;
  Stream stream_ = nullptr;
  std::atomic<bool> lost_ = false;
  std::string why_lost_;  // written once, before lost_

  // The ops whose work nobody has waited for, the last ones of them.
  static constexpr size_t kRemembered = 32;
  std::mutex mutex_;
  std::array<std::string, kRemembered> work_;
  size_t issued_ = 0;
};

}  // namespace millstream::cuda
