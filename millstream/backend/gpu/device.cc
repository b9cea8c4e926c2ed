#include "millstream/backend/gpu/device.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace millstream::gpu {
namespace {

thread_local std::string_view working_for;

}  // namespace

void Arguments::append(const void* data, size_t size, bool array) {
  const size_t at = (used_ + 7) / 8 * 8;
  if (count_ == kArguments || at + size > kBytes) throw Internal("a kernel has too many arguments");
  std::memcpy(bytes_.data() + at, data, size);
  list_[count_++] = {array, static_cast<uint16_t>(at), static_cast<uint16_t>(size)};
  used_ = at + size;
}

Function GpuDevice::function(const std::string& program, const std::string& name,
                             const std::function<std::string()>& text) {
  std::lock_guard lock(mutex_);
  auto found = programs_.find(program);
  if (found == programs_.end()) found = programs_.emplace(program, compile(text())).first;
  const auto kernel = found->second.find(name);
  if (kernel == found->second.end()) {
    throw Internal(fmt::format("the program {} has no kernel {}", program, name));
  }
  return kernel->second;
}

GpuDevice::Complaint GpuDevice::complaint(const Op& op, std::string message) {
  std::lock_guard lock(complaints_mutex_);
  if (!complained_.defined()) {
    constexpr int32_t none = 0;
    complained_ = Tensor::from_host(int32, Shape{}, &none, *this);
  }
  possible_.push_back({std::string(op.name()), std::move(message)});
  return {Array(complained_), static_cast<int32_t>(possible_.size())};
}

void GpuDevice::raise_complaints() {
  std::lock_guard lock(complaints_mutex_);
  if (possible_.empty()) return;
  int32_t number = 0;
  read(&number, complained_.data(), sizeof number);
  const std::vector<Possible> possible = std::exchange(possible_, {});
  if (number == 0) return;
  constexpr int32_t none = 0;
  copy_from_host(complained_.node()->data, &none, sizeof none);
  const Possible& found = possible.at(static_cast<size_t>(number) - 1);
  throw InvalidArgument({.message = found.message, .op = found.op, .device = name()});
}

void GpuDevice::copy_to_host(void* host, const void* data, size_t bytes) {
  read(host, data, bytes);
  raise_complaints();
}

void GpuDevice::synchronize() {
  wait();
  raise_complaints();
}

std::string_view GpuDevice::current_op() { return working_for; }

GpuDevice& device_of(const KernelContext& c) {
  working_for = c.op.name();
  return static_cast<GpuDevice&>(c.device);
}

Grid grid_of(int64_t elements) {
  constexpr int64_t kMostGroups = 4096;
  const Grid grid;
  const int64_t groups = (elements + grid.threads - 1) / grid.threads;
  return {.x = std::clamp<int64_t>(groups, 1, kMostGroups)};
}

}  // namespace millstream::gpu
