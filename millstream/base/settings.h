#pragma once
// Every knob that comes from the environment, read once at first use. No other file reads it.
#include <cstdint>
#include <optional>
#include <string>

namespace millstream {

struct Settings {
  int threads;    // MILLSTREAM_NUM_THREADS: worker threads of the CPU backend
  int log_level;  // MILLSTREAM_LOG_LEVEL: 0 all, 1 warnings, 2 errors, 3 none
  std::optional<int64_t> cpu_memory_limit;  // MILLSTREAM_CPU_MEMORY_LIMIT: bytes
  int opencl_cpu_as_gpu;  // MILLSTREAM_OPENCL_CPU_AS_GPU: so many GPUs are made of OpenCL's CPUs
  bool absent_device_on_cpu;  // MILLSTREAM_ABSENT_DEVICE: "cpu" stands in for it, or "error"
  std::string datasets;       // MILLSTREAM_DATASETS: folder searched for data sets first
  std::string cache;          // MILLSTREAM_CACHE: folder for compiled kernels; "" keeps none
  std::string cuda_home;      // CUDA_HOME, CUDA_PATH: a CUDA toolkit whose libraries may be used
  std::string virtual_env;    // VIRTUAL_ENV: the active Python environment, with NVIDIA's wheels

  static const Settings& get();
  // CUDA_VISIBLE_DEVICES as it is now, which may be "": programs set it before the devices are
  // made.
  static std::optional<std::string> cuda_visible_devices();

  // The table of knobs: name, meaning, default, present value; one line each.
  static std::string table();
};

}  // namespace millstream
