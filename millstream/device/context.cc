#include "millstream/device/context.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "millstream/base/caller.h"
#include "millstream/base/error.h"
#include "millstream/base/settings.h"
#include "millstream/device/configuration.h"
#include "millstream/device/cpu_device.h"
#include "millstream/device/switches.h"

namespace millstream {
namespace {

thread_local Device* scope = nullptr;
thread_local DeviceSpec scope_spec;

// What a name leaves out.
DeviceSpec full(const DeviceSpec& spec) {
  const DeviceSpec defaults{
      .job = "localhost", .replica = 0, .task = 0, .device_type = "CPU", .device_index = 0};
  return defaults.merged(spec);
}

bool same_type(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::toupper(x) == std::toupper(y); });
}

void finish_work() {
  for (const auto& device : Context::get().devices()) {
    try {
      device->synchronize();
    } catch (const Error& error) {
      fmt::print(stderr, "millstream: work that nobody waited for failed: {}\n", error.what());
    }
  }
}

}  // namespace

void finish_work_at_exit() { std::atexit(finish_work); }

std::atomic<Context*> Context::instance_{nullptr};

Device::Device(Backend backend, std::string_view type, int index)
    : backend_(backend),
      type_(type),
      index_(index),
      name_(fmt::format("/job:localhost/replica:0/task:0/device:{}:{}", type, index)),
      pool_(*this) {}

Context& Context::create() {
  // Asked before any lock is held: the answer may have to wait for Python.
  std::string place = caller();
  const auto configuration = Configuration::locked();
  if (Context* const made = instance_.load(std::memory_order_acquire)) return *made;
  // Never destroyed: tensors with static storage may outlive every other object.
  if (Settings::get().absent_device_on_cpu) switches.absent_device_on_cpu = true;
  instance_.store(new Context(configuration->plan()), std::memory_order_release);
  configuration->close(std::move(place));
  return *instance_;
}

Context::Context(const std::vector<PlannedDevice>& plan) {
  for (const PlannedDevice& planned : plan) devices_.push_back(planned.make());
  std::ranges::stable_partition(devices_, [](const auto& each) { return each->type() == "CPU"; });
  if (devices_.empty()) throw NotFound("No CPU devices are available in this process");
  if (devices_.front()->type() == "CPU") {
    host_ = devices_.front().get();
  } else {
    hidden_host_ = std::make_unique<CpuDevice>(0);
    host_ = hidden_host_.get();
  }
  const auto gpu = std::ranges::find(devices_, "GPU", &Device::type);
  if (gpu != devices_.end()) gpu_ = gpu->get();
}

std::string Context::names() const {
  std::vector<std::string_view> names;
  for (const auto& device : devices_) names.push_back(device->name());
  return fmt::format("{}", fmt::join(names, ", "));
}

Device* Context::stand_in(const DeviceSpec& wanted) const {
  std::vector<std::string> types;
  for (const auto& device : devices_) {
    if (types.empty() || types.back() != device->type()) types.push_back(device->type());
  }
  std::string why = Machine::get().why_absent(*wanted.device_type);
  if (!why.empty()) why = ". " + why;
  if (switches.absent_device_on_cpu) {
    static std::atomic<bool> told{false};
    if (!told.exchange(true)) {
      fmt::print(stderr, "millstream: {} is not there, so the CPU stands in for it{}\n",
                 wanted.to_string(), why);
    }
    return host_;
  }
  throw InvalidArgument(fmt::format(
      "Could not satisfy device specification '{}'. enable_soft_placement={:d}. Supported device "
      "types [{}]. All available devices [{}]{}",
      wanted.to_string(), switches.soft_placement.load(), fmt::join(types, ", "), names(), why));
}

Device* Context::find(const DeviceSpec& spec) const {
  const DeviceSpec wanted = full(spec);
  if (wanted.job != "localhost" || wanted.replica != 0 || wanted.task != 0) {
    throw InvalidArgument({.message = wanted.to_string() + " unknown device",
                           .hint = "this process is /job:localhost/replica:0/task:0"});
  }
  if (!spec.device_type) return nullptr;
  if (*wanted.device_index < 0) {
    throw InvalidArgument(
        fmt::format("Malformed device specification '{}'. All available devices [{}]",
                    wanted.to_string(), names()));
  }
  for (const auto& device : devices_) {
    if (same_type(device->type(), *wanted.device_type) && device->index() == wanted.device_index) {
      return device.get();
    }
  }
  return stand_in(wanted);
}

Device& Context::find(std::string_view name) const {
  Device* const found = find(DeviceSpec::parse(name));
  return found != nullptr ? *found : current();
}

Device& Context::current() const {
  return scope != nullptr ? *scope : gpu_ != nullptr ? *gpu_ : *host_;
}

device::device(const DeviceSpec& spec) : outer_(scope), outer_spec_(scope_spec) {
  DeviceSpec merged = scope_spec.merged(spec);
  scope = Context::get().find(merged);
  scope_spec = std::move(merged);
}

device::device(std::nullptr_t) : outer_(scope), outer_spec_(scope_spec) {
  scope = nullptr;
  scope_spec = DeviceSpec();
}

device::~device() {
  scope = outer_;
  scope_spec = std::move(outer_spec_);
}

Device* device::scoped() { return scope; }

}  // namespace millstream
