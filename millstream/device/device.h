#pragma once
// A logical device: where tensors live and kernels run. A backend implements this interface once.
#include <cstddef>
#include <string>
#include <string_view>

#include "millstream/device/pool.h"

namespace millstream {

// Index into an op's table of kernels.
enum class Backend : uint8_t { cpu, opencl, cuda };
inline constexpr size_t kBackends = 3;

class Device {
 public:
  Device(Backend backend, std::string_view type, int index);
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  Backend backend() const { return backend_; }
  const std::string& type() const { return type_; }  // "CPU"
  int index() const { return index_; }
  // "/job:localhost/replica:0/task:0/device:CPU:0", as TensorFlow prints it.
  const std::string& name() const { return name_; }
  Pool& pool() { return pool_; }

  // Raw memory for the pool: nullptr when there is none left. A backend trims its pool when it is
  // destroyed, while it can still release.
  virtual void* allocate(size_t bytes) = 0;
  virtual void release(void* data, size_t bytes) = 0;

  // Copies between this device's memory and the host's. They return when the bytes are there.
  virtual void copy_to_host(void* host, const void* data, size_t bytes) = 0;
  virtual void copy_from_host(void* data, const void* host, size_t bytes) = 0;

  // Returns when all work issued so far is done; an error of that work is raised here.
  virtual void synchronize() = 0;

 private:
  Backend backend_;
  std::string type_;
  int index_;
  std::string name_;
  Pool pool_;
};

}  // namespace millstream
