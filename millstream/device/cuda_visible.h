#pragma once
// CUDA_VISIBLE_DEVICES as the CUDA driver reads it.
//
//   visible_cuda_devices("2,GPU", uuids);   // {2}: the list ends at what is no index
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millstream {

// The ordinals of the devices that a program sees, in the order in which it sees them. `uuids` has
// one entry per device of the machine ("GPU-8932f937-d72c-...", or "MIG-..." of a slice).
//   no value             all devices
//   ""                   none
//   "2,0"                device 2, then device 0; digits at the start of an item count ("1gpu" is
//   1) "0,-1,1"  "0,9,1"    only 0: the list ends at the first item that is no device "0,0" none: a
//   device that is named twice hides all "GPU-89,GPU-4f"      by the beginning of a UUID that only
//   one device has
std::vector<int> visible_cuda_devices(const std::optional<std::string>& value,
                                      std::span<const std::string> uuids);

}  // namespace millstream
