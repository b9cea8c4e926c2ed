#include "millstream/device/cuda_visible.h"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace millstream {
namespace {

// What strtoul makes of the item, or -1: the digits at its start, after blanks and a sign.
int by_index(std::string_view item, size_t count) {
  const size_t start = std::min(item.find_first_not_of(" \t"), item.size());
  item.remove_prefix(start);
  if (item.starts_with('+')) item.remove_prefix(1);
  int index = -1;
  const auto [stop, status] = std::from_chars(item.data(), item.data() + item.size(), index);
  const bool valid = status == std::errc() && index >= 0 && static_cast<size_t>(index) < count;
  return valid ? index : -1;
}

// The one device whose UUID begins like this, or -1.
int by_uuid(std::string_view item, std::string_view kind, std::span<const std::string> uuids) {
  if (!item.starts_with(kind)) return -1;
  int found = -1;
  for (size_t i = 0; i < uuids.size(); ++i) {
    if (!uuids[i].starts_with(item)) continue;
    if (found >= 0) return -1;
    found = static_cast<int>(i);
  }
  return found;
}

}  // namespace

std::vector<int> visible_cuda_devices(const std::optional<std::string>& value,
                                      std::span<const std::string> uuids) {
  std::vector<int> devices;
  if (!value) {
    devices.resize(uuids.size());
    std::iota(devices.begin(), devices.end(), 0);
    return devices;
  }
  // The first item says how all are read.
  const std::string_view list = *value;
  const std::string_view kind = list.starts_with("GPU-")   ? "GPU-"
                                : list.starts_with("MIG-") ? "MIG-"
                                                           : "";
  for (size_t start = 0; start <= list.size();) {
    const size_t end = std::min(list.find(',', start), list.size());
    const std::string_view item = list.substr(start, end - start);
    const int device = kind.empty() ? by_index(item, uuids.size()) : by_uuid(item, kind, uuids);
    if (device < 0) break;
    if (std::ranges::find(devices, device) != devices.end()) return {};
    devices.push_back(device);
    start = end + 1;
  }
  return devices;
}

}  // namespace millstream
