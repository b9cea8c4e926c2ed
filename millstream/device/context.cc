#include "millstream/device/context.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <atomic>
#include <cctype>

#include "millstream/base/error.h"
#include "millstream/base/parallel.h"
#include "millstream/base/settings.h"
#include "millstream/device/cpu_device.h"

namespace millstream {
namespace {

std::atomic<int> cpu_count{1};
std::atomic<bool> started{false};
thread_local Device* scope = nullptr;

// A tensor that the machine can never hold is refused, rather than promised and then killed for.
int64_t physical_memory() {
  return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
}

}  // namespace

Device::Device(Backend backend, std::string_view type, int index)
    : backend_(backend),
      type_(type),
      index_(index),
      name_(fmt::format("/job:localhost/replica:0/task:0/device:{}:{}", type, index)),
      pool_(*this) {}

Context::Context() {
  for (int index = 0; index < cpu_count; ++index) {
    devices_.push_back(std::make_unique<CpuDevice>(index));
    devices_.back()->pool().set_limit(
        static_cast<size_t>(Settings::get().cpu_memory_limit.value_or(physical_memory())));
  }
}

Context& Context::get() {
  // Never destroyed: tensors with static storage may outlive every other object.
  static Context* const context = [] {
    started = true;
    return new Context();
  }();
  return *context;
}

bool Context::initialised() { return started; }

void Context::configure_cpus(int count) {
  if (count < 1) throw InvalidArgument(fmt::format("{} logical CPU devices: at least 1", count));
  if (started && count != cpu_count) {
    throw FailedPrecondition(
        {.message = "Virtual devices cannot be modified after being initialized",
         .hint = "configure devices before the first op"});
  }
  cpu_count = count;
}

Device& Context::find(std::string_view name) const {
  std::string wanted;
  for (const char c : name)
    wanted += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const std::string_view prefix : {"/JOB:LOCALHOST/REPLICA:0/TASK:0", "/", "DEVICE:"}) {
    if (wanted.starts_with(prefix)) wanted.erase(0, prefix.size());
  }
  std::vector<std::string_view> names;
  for (const auto& device : devices_) {
    const std::string short_name = fmt::format("{}:{}", device->type(), device->index());
    if (wanted == short_name || (wanted == device->type() && device->index() == 0)) return *device;
    names.push_back(device->name());
  }
  throw InvalidArgument(
      {.message = fmt::format("Could not satisfy device specification '{}'. All available devices "
                              "[{}]",
                              name, fmt::join(names, ", "))});
}

Device& Context::current() const { return scope != nullptr ? *scope : *devices_.front(); }

device::device(std::string_view name) : outer_(scope) { scope = &Context::get().find(name); }
device::~device() { scope = outer_; }
Device* device::scoped() { return scope; }

std::string explain_placement() {
  const Device& device = Context::get().current();
  const std::string_view name = device.name();
  const char* reason =
      scope != nullptr ? "because the program asks for it" : "because there is no GPU";
  return fmt::format("{} ({} threads), {}", name.substr(name.find("/device:")), thread_count(),
                     reason);
}

}  // namespace millstream
