#pragma once
// The logical devices of this process and the one that ops run on.
//
//   ms::device on("/GPU:1");                    // ops of this scope run there
//   Context::get().devices();
//
// What devices there shall be is set before the first op: millstream/device/config.h.
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "millstream/device/config.h"
#include "millstream/device/device.h"
#include "millstream/device/device_spec.h"

namespace millstream {

struct PlannedDevice;

class Context {
 public:
  // Creates the devices at its first call.
  static Context& get() {
    Context* const context = instance_.load(std::memory_order_acquire);
    return context != nullptr ? *context : create();
  }
  static bool initialised() { return instance_.load(std::memory_order_acquire) != nullptr; }

  // Those that programs see: CPUs first, then GPUs.
  const std::vector<std::unique_ptr<Device>>& devices() const { return devices_; }
  // The CPU that host data live on; there is one even where the program has hidden all CPUs.
  Device& host() const { return *host_; }
  // The device of the innermost `device` scope of this thread, else the first GPU, else the CPU.
  Device& current() const;
  // The first GPU of the context, once that exists; nullptr if there is none.
  static Device* gpu() { return gpu_; }

  // The device that a whole or partial name stands for: "/CPU:0", "gpu", "/device:GPU:1" or the
  // full name. Without an index it is the first of its type; a name without a type stands for
  // none (nullptr). InvalidArgument if there is none such, with what there is and why.
  Device* find(const DeviceSpec& spec) const;
  Device& find(std::string_view name) const;

 private:
  explicit Context(const std::vector<PlannedDevice>& plan);
  static Context& create();
  // The host, with a line on stderr, or InvalidArgument.
  Device* stand_in(const DeviceSpec& wanted) const;
  std::string names() const;

  static std::atomic<Context*> instance_;
  static inline constinit Device* gpu_ = nullptr;
  std::vector<std::unique_ptr<Device>> devices_;
  std::unique_ptr<Device> hidden_host_;
  Device* host_ = nullptr;
};

// Scope in which the ops of this thread run on the named device. A partial name is completed by
// the scope around it ("/job:localhost" outside, "/GPU:1" inside).
class device {
 public:
  explicit device(std::string_view name) : device(DeviceSpec::parse(name)) {}
  explicit device(const DeviceSpec& spec);
  explicit device(const config::LogicalDevice& logical) : device(logical.name) {}
  explicit device(std::nullptr_t);  // free of all constraints
  ~device();
  device(const device&) = delete;
  device& operator=(const device&) = delete;

  // The device of the innermost scope, or nullptr where none is asked for.
  static Device* scoped();

 private:
  Device* outer_;
  DeviceSpec outer_spec_;
};

}  // namespace millstream
