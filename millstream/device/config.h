#pragma once
// Devices as programs see and configure them: TensorFlow's tf.config, with its names.
//
//   auto gpus = ms::config::list_physical_devices("GPU");
//   ms::config::set_logical_device_configuration(gpus[0], {{{.memory_limit = 1024}, {.memory_limit
//   = 1024}}}); ms::config::list_logical_devices("GPU");        // /device:GPU:0 and /device:GPU:1
//
// A physical device is a part of the machine. Those that are visible become logical devices, which
// ops run on, at the first op. What decides about that is set before; later it is a
// FailedPrecondition that says where the program used its first device, unless nothing changes.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millstream {
class Pool;
}

namespace millstream::config {

struct PhysicalDevice {
  std::string name;         // "/physical_device:GPU:0"
  std::string device_type;  // "GPU"
  friend bool operator==(const PhysicalDevice&, const PhysicalDevice&) = default;
};

// "PhysicalDevice(name='/physical_device:GPU:0', device_type='GPU')"
std::string to_string(const PhysicalDevice& device);

struct LogicalDevice {
  std::string name;  // "/device:GPU:0"
  std::string device_type;
  friend bool operator==(const LogicalDevice&, const LogicalDevice&) = default;
};

struct LogicalDeviceConfiguration {
  std::optional<double> memory_limit = {};  // in MB (2^20 bytes)
  std::optional<int64_t> experimental_priority = {};
  std::optional<int64_t> experimental_device_ordinal = {};
  friend bool operator==(const LogicalDeviceConfiguration&,
                         const LogicalDeviceConfiguration&) = default;
};
using LogicalDeviceConfigurations = std::vector<LogicalDeviceConfiguration>;

// The devices of the machine, of one type if one is given. Creates none.
std::vector<PhysicalDevice> list_physical_devices(std::string_view device_type = {});
// The devices that ops run on. Creates them.
std::vector<LogicalDevice> list_logical_devices(std::string_view device_type = {});

std::vector<PhysicalDevice> get_visible_devices(std::string_view device_type = {});
// Replaces the visible devices of one type, or all of them. InvalidArgument for an unknown device
// and for one of another type.
void set_visible_devices(const std::vector<PhysicalDevice>& devices,
                         std::string_view device_type = {});

std::optional<LogicalDeviceConfigurations> get_logical_device_configuration(
    const PhysicalDevice& device);
// Splits a device into logical ones; no value undoes that. A GPU needs a memory limit for each, a
// CPU takes none: InvalidArgument.
void set_logical_device_configuration(const PhysicalDevice& device,
                                      std::optional<LogicalDeviceConfigurations> logical_devices);

// Whether an op that has no kernel for its device runs on the CPU (true at the start). Otherwise it
// is an InvalidArgument.
bool get_soft_device_placement();
void set_soft_device_placement(bool enabled);

namespace experimental {

// Whether a GPU's memory is taken as it is needed (true at the start) or all at once.
// InvalidArgument for a CPU.
bool get_memory_growth(const PhysicalDevice& device);
void set_memory_growth(const PhysicalDevice& device, bool enable);

struct MemoryInfo {
  size_t current;  // bytes that tensors hold
  size_t peak;     // highest `current` since the start or reset_memory_stats
};
// Of "GPU:0", "/device:GPU:0", "CPU:0"; InvalidArgument for another text or an absent device.
MemoryInfo get_memory_info(std::string_view device);
void reset_memory_stats(std::string_view device);

// The memory that a part of the program takes. Scopes may nest.
//
//   ms::config::experimental::MemoryScope training("GPU:0");
//   model.fit(x, y);
//   training.peak();
class MemoryScope {
 public:
  explicit MemoryScope(std::string_view device);
  ~MemoryScope();
  MemoryScope(const MemoryScope&) = delete;
  MemoryScope& operator=(const MemoryScope&) = delete;

  // The most bytes that tensors held on the device since the scope began.
  size_t peak() const;

 private:
  Pool& pool_;
  size_t outer_peak_;
};

struct DeviceDetails {
  std::optional<std::string> device_name = {};
  std::optional<std::pair<int, int>> compute_capability = {};
};
// What is known of a device; nothing of a CPU.
DeviceDetails get_device_details(const PhysicalDevice& device);

// "silent", "warn", "explicit" or "silent_for_int32": what happens on this thread when an input of
// an op is on another device than the op. No value means "silent".
std::string get_device_policy();
void set_device_policy(std::optional<std::string_view> device_policy);

// Ops give the same bits each time, and random ops without a seed fail.
void enable_op_determinism();
bool op_determinism_enabled();

// Whether products of float32 may use TF32 on a GPU that has it (true at the start).
void enable_tensor_float_32_execution(bool enabled);
bool tensor_float_32_execution_enabled();

// Whether naming a device that is not there gives the CPU, with one line on stderr, instead of an
// error (false at the start, but for MILLSTREAM_ABSENT_DEVICE=cpu).
void set_absent_device_placement(bool enabled);
bool get_absent_device_placement();

}  // namespace experimental
}  // namespace millstream::config

namespace millstream::debugging {

// Whether each op writes "Executing op add in device /job:..." to stderr.
bool get_log_device_placement();
void set_log_device_placement(bool enabled);

}  // namespace millstream::debugging
