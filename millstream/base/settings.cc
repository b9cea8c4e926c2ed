#include "millstream/base/settings.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "millstream/base/error.h"

namespace millstream {
namespace {

std::optional<std::string> text(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

// One of two words; false stands for the first.
bool second_of(const char* name, std::string_view first, std::string_view second) {
  const std::string value = text(name).value_or(std::string(first));
  if (value != first && value != second) {
    throw InvalidArgument(fmt::format("{}='{}' is neither {} nor {}", name, value, first, second));
  }
  return value == second;
}

std::optional<int64_t> integer(const char* name, int64_t lowest) {
  const std::optional<std::string> value = text(name);
  if (!value) return std::nullopt;
  int64_t number = 0;
  const char* end = value->data() + value->size();
  const auto [stop, status] = std::from_chars(value->data(), end, number);
  if (status != std::errc() || stop != end || number < lowest) {
    throw InvalidArgument(
        {.message = fmt::format("{}='{}' is not an integer of at least {}", name, *value, lowest),
         .hint = fmt::format("unset {} or give a number", name)});
  }
  return number;
}

// $MILLSTREAM_CACHE, which may be empty, else the user's folder for such things.
std::string cache_folder() {
  if (const char* folder = std::getenv("MILLSTREAM_CACHE")) return folder;
  if (const auto shared = text("XDG_CACHE_HOME")) return *shared + "/millstream";
  if (const auto home = text("HOME")) return *home + "/.cache/millstream";
  return "";
}

Settings read() {
  const int cores = std::max(1u, std::thread::hardware_concurrency());
  return {
      .threads = static_cast<int>(integer("MILLSTREAM_NUM_THREADS", 1)
                                      .value_or(integer("OMP_NUM_THREADS", 1).value_or(cores))),
      .log_level = static_cast<int>(integer("MILLSTREAM_LOG_LEVEL", 0).value_or(0)),
      .cpu_memory_limit = integer("MILLSTREAM_CPU_MEMORY_LIMIT", 1),
      .opencl_cpu_as_gpu = static_cast<int>(integer("MILLSTREAM_OPENCL_CPU_AS_GPU", 0).value_or(0)),
      .absent_device_on_cpu = second_of("MILLSTREAM_ABSENT_DEVICE", "error", "cpu"),
      .datasets = text("MILLSTREAM_DATASETS").value_or(""),
      .cache = cache_folder(),
      .cuda_home = text("CUDA_HOME").value_or(text("CUDA_PATH").value_or("")),
      .virtual_env = text("VIRTUAL_ENV").value_or("")};
}

}  // namespace

const Settings& Settings::get() {
  static const Settings settings = read();
  return settings;
}

std::optional<std::string> Settings::cuda_visible_devices() {
  const char* value = std::getenv("CUDA_VISIBLE_DEVICES");
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

std::string Settings::table() {
  const Settings& s = get();
  const auto row = [](std::string_view name, std::string_view value, std::string_view meaning) {
    return fmt::format("{:<28} {:<12} {}\n", name, value, meaning);
  };
  return row("MILLSTREAM_NUM_THREADS", std::to_string(s.threads),
             "threads of the CPU backend (default: OMP_NUM_THREADS, else all cores)") +
         row("MILLSTREAM_LOG_LEVEL", std::to_string(s.log_level),
             "0 all, 1 warnings, 2 errors, 3 nothing") +
         row("MILLSTREAM_CPU_MEMORY_LIMIT",
             s.cpu_memory_limit ? std::to_string(*s.cpu_memory_limit) : "none",
             "bytes that tensors on the CPU may hold") +
         row("MILLSTREAM_OPENCL_CPU_AS_GPU", std::to_string(s.opencl_cpu_as_gpu),
             "GPUs to be made of OpenCL's CPU devices, for testing") +
         row("MILLSTREAM_ABSENT_DEVICE", s.absent_device_on_cpu ? "cpu" : "error",
             "what a device that is named and not there gives: error, or the cpu") +
         row("CUDA_VISIBLE_DEVICES", cuda_visible_devices().value_or("unset"),
             "the CUDA devices to be used, as CUDA reads it") +
         row("MILLSTREAM_DATASETS", s.datasets.empty() ? "none" : s.datasets,
             "folder searched for data sets before the system's") +
         row("MILLSTREAM_CACHE", s.cache.empty() ? "none" : s.cache,
             "folder that keeps kernels compiled for GPUs") +
         row("CUDA_HOME", s.cuda_home.empty() ? "none" : s.cuda_home,
             "a CUDA toolkit whose libraries may be used");
}

}  // namespace millstream
