#include "millstream/backend/cuda/device.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <cctype>

#include "millstream/backend/cuda/kernel_cache.h"
#include "millstream/device/backend.h"

namespace millstream::cuda {
namespace {

std::atomic<bool> forked = false;

void watch_forks() {
  static std::once_flag once;
  std::call_once(once, [] { pthread_atfork(nullptr, nullptr, [] { forked = true; }); });
}

// Errors after which the context is gone, whatever is called.
bool is_sticky(Status status) {
  constexpr Status kSticky[] = {
      214,                      // an uncorrectable error of memory
      226,                      // contained
      700,                      // an illegal address
      702,                      // a kernel ran out of time
      714, 715, 716, 717, 718,  // exceptions in a kernel
      719,                      // a launch failed
      721,
  };
  return std::find(std::begin(kSticky), std::end(kSticky), status) != std::end(kSticky);
}

// The names behind KERNEL in a program.
std::vector<std::string> kernels_of(const std::string& text) {
  constexpr std::string_view kWord = "KERNEL ";
  const auto in_name = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  std::vector<std::string> names;
  for (size_t at = text.find(kWord); at != text.npos; at = text.find(kWord, at)) {
    const size_t begin = at + kWord.size();
    at = begin;
    while (at < text.size() && in_name(static_cast<unsigned char>(text[at]))) ++at;
    if (at > begin && text[at] == '(') names.push_back(text.substr(begin, at - begin));
  }
  return names;
}

}  // namespace

CudaDevice::CudaDevice(const Driver& driver, const Nvrtc& nvrtc, int ordinal, Capability capability,
                       int index)
    : GpuDevice(Backend::cuda, "GPU", index),
      driver_(driver),
      nvrtc_(nvrtc),
      capability_(capability) {
  watch_forks();
  DeviceId id = 0;
  check(driver_.device(&id, ordinal), "cuDeviceGet");
  check(driver_.retain_context(&context_, id), "cuDevicePrimaryCtxRetain");
  enter();
  check(driver_.create_stream(&stream_, kNonBlocking), "cuStreamCreate");
  finish_work_at_exit();
}

void CudaDevice::enter() const {
  if (forked) {
    throw FailedPrecondition(
        {.message = "this process was forked from one that uses the GPU, and CUDA does not survive "
                    "that",
         .device = name(),
         .hint = "start processes by spawning: multiprocessing.set_start_method('spawn')"});
  }
  if (lost_) {
    throw Unavailable({.message = why_lost_,
                       .device = name(),
                       .hint = "restart the program: no work can be done on this GPU any more"});
  }
  driver_.set_context(context_);
}

void* CudaDevice::allocate(size_t bytes) {
  enter();
  Address address = 0;
  const Status status = driver_.allocate(&address, bytes);
  if (status == kOutOfMemory) return nullptr;
  check(status, "cuMemAlloc");
  return reinterpret_cast<void*>(address);
}

void CudaDevice::release(void* data, size_t) {
  if (forked || lost_) return;
  driver_.set_context(context_);
  driver_.free(reinterpret_cast<Address>(data));
}

void CudaDevice::read(void* host, const void* data, size_t bytes) {
  if (bytes == 0) return;
  enter();
  check_all(driver_.copy_out(host, reinterpret_cast<Address>(data), bytes, stream_),
            "cuMemcpyDtoHAsync");
  wait();
}

// The driver has read memory that is not pinned when it returns.
void CudaDevice::copy_from_host(void* data, const void* host, size_t bytes) {
  if (bytes == 0) return;
  enter();
  check_all(driver_.copy_in(reinterpret_cast<Address>(data), host, bytes, stream_),
            "cuMemcpyHtoDAsync");
}

void CudaDevice::wait() {
  enter();
  check_all(driver_.synchronize(stream_), "cuStreamSynchronize");
  std::lock_guard lock(mutex_);
  issued_ = 0;
}

void CudaDevice::launch(gpu::Function function, const gpu::Grid& grid,
                        const gpu::Arguments& arguments) {
  enter();
  void* values[gpu::Arguments::kArguments];
  size_t count = 0;
  for (const auto& argument : arguments.list()) {
    values[count++] = const_cast<std::byte*>(arguments.bytes() + argument.at);
  }
  note_work();
  check_all(driver_.launch(static_cast<Kernel>(function.handle), static_cast<unsigned>(grid.x),
                           static_cast<unsigned>(grid.y), static_cast<unsigned>(grid.z),
                           static_cast<unsigned>(grid.threads), 1, 1, 0, stream_, values, nullptr),
            "cuLaunchKernel");
}

std::unordered_map<std::string, gpu::Function> CudaDevice::compile(const std::string& text) {
  enter();
  const std::string origin =
      fmt::format("CUDA {} {}\n{}\n", nvrtc_.version(), nvrtc_.architecture(capability_), text);
  const std::string image = cached_image(origin, [&] { return nvrtc_.compile(text, capability_); });
  Module module;
  check(driver_.load(&module, image.data()), "cuModuleLoadData");
  std::unordered_map<std::string, gpu::Function> functions;
  for (const std::string& name : kernels_of(text)) {
    Kernel found;
    check(driver_.find(&found, module, name.c_str()), "cuModuleGetFunction");
    functions.emplace(name, gpu::Function{found});
  }
  return functions;
}

void CudaDevice::note_work() {
  std::lock_guard lock(mutex_);
  work_[issued_++ % kRemembered] = current_op();
}

// "add, matmul", each once, the latest last.
std::string CudaDevice::recent_work() {
  std::lock_guard lock(mutex_);
  std::vector<std::string_view> names;
  for (size_t i = issued_ - std::min(issued_, kRemembered); i < issued_; ++i) {
    const std::string& name = work_[i % kRemembered];
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

void CudaDevice::check(Status status, const char* what) {
  if (status != kSuccess) fail(status, what, std::string(current_op()));
}

void CudaDevice::check_all(Status status, const char* what) {
  if (status != kSuccess) fail(status, what, recent_work());
}

void CudaDevice::fail(Status status, const char* what, std::string op) {
  const std::string message = fmt::format("{} failed: {}", what, driver_.text(status));
  std::string hint;
  if (is_sticky(status)) {
    std::lock_guard lock(mutex_);
    if (!lost_) why_lost_ = fmt::format("the GPU was lost: {}, in one of: {}", message, op);
    lost_ = true;
    hint =
        "CUDA_LAUNCH_BLOCKING=1 tells which op it was; restart the program, this GPU is lost to it";
  }
  throw Internal(
      {.message = message, .op = std::move(op), .device = name(), .hint = std::move(hint)});
}

}  // namespace millstream::cuda
