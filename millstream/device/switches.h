#pragma once
// What a program may turn on and off at any time. Ops read these words where they matter.
#include <atomic>

namespace millstream {

struct Switches {
  std::atomic<bool> soft_placement{true};         // an op without a kernel runs on the CPU
  std::atomic<bool> absent_device_on_cpu{false};  // so does what names a device that is not there
  std::atomic<bool> log_placement{false};         // one line on stderr for each op that runs
  std::atomic<bool> op_determinism{false};        // kernels give the same bits each time
  std::atomic<bool> tensor_float_32{true};        // float32 products may use TF32 on a GPU
};

inline Switches switches;

// What happens when an input of an op is on another device. One setting per thread.
enum class DevicePolicy { silent, warn, explicit_copies, silent_for_int32 };
DevicePolicy device_policy();
void set_device_policy(DevicePolicy policy);

}  // namespace millstream
