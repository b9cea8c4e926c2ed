#pragma once
// A GPU behind OpenCL: one context and one queue, in order.
#include <deque>
#include <string>
#include <vector>

#include "millstream/backend/gpu/device.h"
#include "millstream/backend/opencl/memory.h"

namespace millstream::opencl {

class OpenClDevice final : public gpu::GpuDevice {
 public:
  OpenClDevice(const Api& api, DeviceId id, int index);
  ~OpenClDevice() override;

  void* allocate(size_t bytes) override;
  void release(void* data, size_t bytes) override;
  void copy_from_host(void* data, const void* host, size_t bytes) override;

  Dialect dialect() const override { return Dialect::opencl; }
  bool compiles_lazily() const override { return on_cpu_; }
  void launch(gpu::Function function, const gpu::Grid& grid,
              const gpu::Arguments& arguments) override;

  // For libraries that take OpenCL's own objects.
  Place place(const void* address) const { return addresses_.find(address); }
  Queue& queue() { return queue_; }

 protected:
  void read(void* host, const void* data, size_t bytes) override;
  void wait() override;
  std::unordered_map<std::string, gpu::Function> compile(const std::string& text) override;

 private:
  // Work whose end nobody has seen yet.
  struct Pending {
    Event event;
    std::string op;
    std::vector<std::byte> staged;  // bytes on their way to the device
  };

  void track(Event event, std::vector<std::byte> staged = {});
  void reap(size_t keep);
  void check(Status status, const char* what);
  [[noreturn]] void fail(Status status, const char* what, std::string_view op);
  std::string build_log(Program program) const;

  const Api& api_;
  DeviceId id_;
  ContextId context_;
  Queue queue_;
  bool on_cpu_;                 // PoCL compiles a kernel when it is first launched
  std::string options_ = "-w";  // of the compiler, which shall keep its warnings
  std::mutex mutex_;            // of the queue, of the kernels' arguments, and of what follows
  std::deque<Pending> pending_;
  bool launched_ = false;  // a kernel, ever
  AddressSpace addresses_;
};

}  // namespace millstream::opencl
