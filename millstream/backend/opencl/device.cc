#include "millstream/backend/opencl/device.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "millstream/device/backend.h"

namespace millstream::opencl {
namespace {

constexpr size_t kMostPending = 256;
constexpr size_t kStagedBytes = 1 << 20;  // what is larger is waited for

}  // namespace

OpenClDevice::OpenClDevice(const Api& api, DeviceId id, int index)
    : GpuDevice(Backend::opencl, "GPU", index), api_(api), id_(id) {
  Status status;
  context_ = api_.create_context(nullptr, 1, &id_, nullptr, nullptr, &status);
  check(status, "clCreateContext");
  queue_ = api_.create_queue(context_, id_, 0, &status);
  check(status, "clCreateCommandQueue");
  Bits type = 0, single = 0;
  api_.device_info(id_, kDeviceType, sizeof type, &type, nullptr);
  on_cpu_ = (type & kCpuType) != 0;
  api_.device_info(id_, kDeviceSingleFloats, sizeof single, &single, nullptr);
  if ((single & kExactDivision) != 0) options_ += " -cl-fp32-correctly-rounded-divide-sqrt";
}

OpenClDevice::~OpenClDevice() {
  api_.finish(queue_);
  pool().trim();
  for (const Pending& each : pending_) api_.release_event(each.event);
  api_.release_queue(queue_);
  api_.release_context(context_);
}

void* OpenClDevice::allocate(size_t bytes) {
  Status status;
  const Memory memory = api_.create_buffer(context_, kReadWrite, bytes, nullptr, &status);
  return status == kSuccess ? addresses_.add(memory, bytes) : nullptr;
}

void OpenClDevice::release(void* data, size_t) { api_.release_memory(addresses_.remove(data)); }

void OpenClDevice::read(void* host, const void* data, size_t bytes) {
  if (bytes == 0) return;
  const Place place = addresses_.find(data);
  std::lock_guard lock(mutex_);
  const Status status =
      api_.read(queue_, place.memory, kBlocking, place.offset, bytes, host, 0, nullptr, nullptr);
  reap(0);
  check(status, "clEnqueueReadBuffer");
}

void OpenClDevice::copy_from_host(void* data, const void* host, size_t bytes) {
  if (bytes == 0) return;
  const Place place = addresses_.find(data);
  std::lock_guard lock(mutex_);
  if (bytes > kStagedBytes) {
    return check(
        api_.write(queue_, place.memory, kBlocking, place.offset, bytes, host, 0, nullptr, nullptr),
        "clEnqueueWriteBuffer");
  }
  const auto* from = static_cast<const std::byte*>(host);
  std::vector<std::byte> staged(from, from + bytes);
  Event event;
  check(api_.write(queue_, place.memory, kNonBlocking, place.offset, bytes, staged.data(), 0,
                   nullptr, &event),
        "clEnqueueWriteBuffer");
  track(event, std::move(staged));
}

void OpenClDevice::wait() {
  std::lock_guard lock(mutex_);
  const Status status = api_.finish(queue_);
  reap(0);
  check(status, "clFinish");
}

void OpenClDevice::launch(gpu::Function function, const gpu::Grid& grid,
                          const gpu::Arguments& arguments) {
  const auto kernel = static_cast<Kernel>(function.handle);
  std::lock_guard lock(mutex_);
  uint32_t position = 0;
  const auto pass = [&](const void* value, size_t size) {
    check(api_.set_argument(kernel, position++, size, value), "clSetKernelArg");
  };
  for (const auto& argument : arguments.list()) {
    const std::byte* value = arguments.bytes() + argument.at;
    if (!argument.array) {
      pass(value, argument.size);
      continue;
    }
    const void* address;
    std::memcpy(&address, value, sizeof address);
    const Place place = address == nullptr ? Place{} : addresses_.find(address);
    const auto offset = static_cast<int64_t>(place.offset);
    pass(&place.memory, sizeof place.memory);
    pass(&offset, sizeof offset);
  }
  const auto threads = static_cast<size_t>(grid.threads);
  const size_t local[3] = {threads, 1, 1};
  const size_t global[3] = {static_cast<size_t>(grid.x) * threads, static_cast<size_t>(grid.y),
                            static_cast<size_t>(grid.z)};
  Event event;
  check(api_.run(queue_, kernel, 3, nullptr, global, local, 0, nullptr, &event),
        "clEnqueueNDRangeKernel");
  track(event);
  if (std::exchange(launched_, true)) return;
  api_.finish(queue_);  // PoCL sets up its compiler, on a thread of its own
  finish_work_at_exit();
}

std::unordered_map<std::string, gpu::Function> OpenClDevice::compile(const std::string& text) {
  const char* source = text.c_str();
  Status status;
  const Program program = api_.create_program(context_, 1, &source, nullptr, &status);
  check(status, "clCreateProgramWithSource");
  status = api_.build_program(program, 1, &id_, options_.c_str(), nullptr, nullptr);
  if (status != kSuccess) {
    throw Internal({.message = fmt::format("{} does not compile a kernel: {}\n{}", name(),
                                           status_text(status), build_log(program)),
                    .op = std::string(current_op()),
                    .device = name()});
  }
  uint32_t count = 0;
  check(api_.create_kernels(program, 0, nullptr, &count), "clCreateKernelsInProgram");
  std::vector<Kernel> kernels(count);
  check(api_.create_kernels(program, count, kernels.data(), nullptr), "clCreateKernelsInProgram");
  std::unordered_map<std::string, gpu::Function> functions;
  for (const Kernel kernel : kernels) {
    char name[256] = {};
    check(api_.kernel_info(kernel, kKernelName, sizeof name - 1, name, nullptr), "clGetKernelInfo");
    functions.emplace(name, gpu::Function{kernel});
  }
  return functions;
}

void OpenClDevice::track(Event event, std::vector<std::byte> staged) {
  pending_.push_back({event, std::string(current_op()), std::move(staged)});
  if (pending_.size() > kMostPending) {
    api_.flush(queue_);
    reap(kMostPending / 2);
  }
}

// Forgets work that has ended until no more than `keep` are left; the first failure is raised.
void OpenClDevice::reap(size_t keep) {
  while (pending_.size() > keep) {
    Status status = 0;
    Pending& first = pending_.front();
    api_.event_info(first.event, kEventStatus, sizeof status, &status, nullptr);
    if (status > 0) {  // queued or running, and so is all behind it
      if (pending_.size() <= 4 * kMostPending) return;
      api_.finish(queue_);
      continue;
    }
    const std::string op = std::move(first.op);
    api_.release_event(first.event);
    pending_.pop_front();
    if (status < 0) fail(status, "work on the device", op);
  }
}

void OpenClDevice::check(Status status, const char* what) {
  if (status != kSuccess) fail(status, what, current_op());
}

void OpenClDevice::fail(Status status, const char* what, std::string_view op) {
  throw Internal({.message = fmt::format("{} failed: {}", what, status_text(status)),
                  .op = std::string(op),
                  .device = name()});
}

std::string OpenClDevice::build_log(Program program) const {
  size_t size = 0;
  api_.build_info(program, id_, kBuildLog, 0, nullptr, &size);
  std::string log(size, '\0');
  api_.build_info(program, id_, kBuildLog, size, log.data(), nullptr);
  return log;
}

}  // namespace millstream::opencl
