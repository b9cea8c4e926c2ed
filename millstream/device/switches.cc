#include "millstream/device/switches.h"

namespace millstream {
namespace {

thread_local DevicePolicy policy = DevicePolicy::silent;

}  // namespace

DevicePolicy device_policy() { return policy; }
void set_device_policy(DevicePolicy wanted) { policy = wanted; }

}  // namespace millstream
