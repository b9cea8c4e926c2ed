#pragma once
// A GPU as the kernels of this folder see it: it compiles text of our dialect and launches what
// comes of that, in order, behind the caller's back. backend/opencl and backend/cuda implement it.
//
//   const Function f = device.function(key, [] { return text; });
//   device.launch(f, {.groups = {n}}, Array(x), Array(y), int64_t{n});
#include <array>
#include <concepts>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>

#include "millstream/device/device.h"
#include "millstream/expr/text.h"
#include "millstream/ops/op.h"

namespace millstream::gpu {

// A compiled kernel; it lives as long as its device.
struct Function {
  void* handle = nullptr;
};

// How many groups of how many threads run a kernel.
struct Grid {
  int64_t x = 1, y = 1, z = 1;
  int threads = 64;  // of a group
};

// Memory of the device, as a kernel's ARRAY parameter; a null address is an array not to be read.
struct Array {
  explicit Array(const void* address) : address(address) {}
  explicit Array(const Tensor& x) : address(x.data()) {}
  const void* address;
};

// What a kernel is called with, in the order of its parameters.
class Arguments {
 public:
  static constexpr size_t kArguments = 48;
  struct Argument {
    bool array;
    uint16_t at, size;  // in bytes()
  };

  template <class... T>
  explicit Arguments(const T&... values) {
    (add(values), ...);
  }
  void add(const Array& array) { append(&array.address, sizeof array.address, true); }
  template <class T>
  requires(std::is_trivially_copyable_v<T>) void add(const T& value) {
    append(&value, sizeof value, false);
  }
  void append(const void* data, size_t size, bool array = false);

  std::span<const Argument> list() const { return {list_.data(), count_}; }
  const std::byte* bytes() const { return bytes_.data(); }

 private:
  static constexpr size_t kBytes = 1536;
  size_t count_ = 0, used_ = 0;
  std::array<Argument, kArguments> list_;
  alignas(16) std::array<std::byte, kBytes> bytes_;
};

class GpuDevice : public Device {
 public:
  using Device::Device;

  virtual Dialect dialect() const = 0;
  // Whether a kernel that is not launched costs next to nothing, but a program much: then programs
  // hold many.
  virtual bool compiles_lazily() const { return false; }

  // The kernel `name`, from the program that `text` gives. A program is known by its key, and is
  // compiled at the first use of one of its kernels.
  Function function(const std::string& program, const std::string& name,
                    const std::function<std::string()>& text);

  // Work that is in order with all other work of this device and done some time later.
  virtual void launch(Function function, const Grid& grid, const Arguments& arguments) = 0;
  template <class... T>
  requires(!std::same_as<std::tuple<T...>, std::tuple<Arguments>>) void launch(
      Function function, const Grid& grid, const T&... arguments) {
    launch(function, grid, Arguments(arguments...));
  }

  // For kernels that find out whether their inputs are right: where to write `number` if they are
  // not. That is raised as an InvalidArgument of the op when the host next waits for the device.
  struct Complaint {
    Array to;  // one int
    int32_t number;
  };
  Complaint complaint(const Op& op, std::string message);

  void copy_to_host(void* host, const void* data, size_t bytes) final;
  void synchronize() final;

 protected:
  // The op that this thread issues work for.
  static std::string_view current_op();
  // copy_to_host and synchronize, but for complaints.
  virtual void read(void* host, const void* data, size_t bytes) = 0;
  virtual void wait() = 0;
  // All kernels of the text by their names. Internal with the compiler's words if it is refused.
  virtual std::unordered_map<std::string, Function> compile(const std::string& text) = 0;

 private:
  void raise_complaints();

  std::mutex mutex_;
  std::unordered_map<std::string, std::unordered_map<std::string, Function>> programs_;

  struct Possible {
    std::string op, message;
  };
  std::mutex complaints_mutex_;
  std::vector<Possible> possible_;  // since the last look; number 1 is the first
  Tensor complained_;               // the int
};

// The device of a call, which works for its op from now on.
GpuDevice& device_of(const KernelContext& c);

// A kernel of this folder: one for all backends of GPUs.
struct RegisterGpuKernel {
  RegisterGpuKernel(Op& op, const Kernel& kernel)
      : opencl(op, Backend::opencl, kernel), cuda(op, Backend::cuda, kernel) {}
  RegisterKernel opencl, cuda;
};

// A grid in which any number of threads covers n elements.
Grid grid_of(int64_t elements);

}  // namespace millstream::gpu
