#include "millstream/ops/placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "millstream/base/parallel.h"
#include "millstream/base/settings.h"
#include "millstream/device/context.h"
#include "millstream/device/switches.h"

namespace millstream {
namespace {

constexpr int kWarnings = 1;  // the highest log level that shows them

struct Fallbacks {
  std::mutex mutex;
  std::vector<Fallback> all;
};

Fallbacks& known() {
  static auto* const fallbacks = new Fallbacks();
  return *fallbacks;
}

std::string_view short_name(const Device& device) {
  const std::string_view name = device.name();
  return name.substr(name.find("/device:"));
}

}  // namespace

std::vector<Fallback> fallbacks() {
  std::lock_guard lock(known().mutex);
  return known().all;
}

void reset_fallbacks() {
  std::lock_guard lock(known().mutex);
  known().all.clear();
}

void note_fallback(const Op& op, DType dtype, const Device& device, std::string_view reason,
                   int64_t bytes) {
  std::lock_guard lock(known().mutex);
  std::vector<Fallback>& all = known().all;
  const auto same_op = [&](const Fallback& each) { return each.op == &op; };
  if (std::ranges::none_of(all, same_op) && Settings::get().log_level <= kWarnings) {
    fmt::print(stderr,
               "millstream: {} of {} runs on the CPU instead of {}: {}. explain_placement() lists "
               "such ops.\n",
               op.name(), name_of(dtype), short_name(device), reason);
  }
  auto found = std::ranges::find_if(
      all, [&](const Fallback& each) { return same_op(each) && each.dtype == dtype; });
  if (found == all.end()) found = all.insert(found, {&op, dtype, std::string(reason)});
  ++found->calls;
  found->bytes += bytes;
}

std::string explain_placement() {
  const Device& device = Context::get().current();
  const bool on_cpu = device.backend() == Backend::cpu;
  const char* reason = device::scoped() != nullptr ? "because the program asks for it"
                       : on_cpu                    ? "because there is no GPU"
                                                   : "the first GPU";
  std::string text = std::string(short_name(device));
  if (on_cpu) text += fmt::format(" ({} threads)", thread_count());
  text += fmt::format(", {}", reason);
  for (const Fallback& each : fallbacks()) {
    text += fmt::format("\n  {} of {} ran {} times on the CPU: {}; {} bytes were copied",
                        each.op->name(), name_of(each.dtype), each.calls, each.reason, each.bytes);
  }
  return text;
}

void check_copy(const Op& op, size_t index, const Tensor& input, const Device& device) {
  const DevicePolicy policy = device_policy();
  if (policy == DevicePolicy::silent) return;
  const std::string_view from = input.device().name();
  if (policy == DevicePolicy::warn) {
    fmt::print(stderr, "millstream: input {} of {} is copied from {} to {}\n", index, op.name(),
               from, device.name());
    return;
  }
  if (policy == DevicePolicy::silent_for_int32 && input.dtype() == int32) return;
  throw InvalidArgument(
      {.message = fmt::format("Tensors on conflicting devices: cannot compute {} as input #{} was "
                              "expected to be on {} but is actually on {}",
                              op.name(), index, device.name(), from),
       .hint = "copy it by an op in a device scope, or set_device_policy('silent')"});
}

}  // namespace millstream
