#pragma once
// DeviceSpec: a device's name, whole or in part: "/job:localhost/replica:0/task:0/device:GPU:1",
// "/GPU:1", "gpu". Fields are separated by '/', each is optional, and of two specs the inner wins.
//
//   DeviceSpec::parse("/task:0").merged(DeviceSpec::parse("gpu:1")).to_string();
//   // "/task:0/device:GPU:1"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millstream {

struct DeviceSpec {
  std::optional<std::string> job = {};
  std::optional<int64_t> replica = {};
  std::optional<int64_t> task = {};
  std::optional<std::string> device_type = {};  // "CPU", "GPU"
  std::optional<int64_t> device_index = {};     // none: any, written '*'

  // InvalidArgument for a field that there is not, for two device types, for an index that is no
  // integer. Short types (CPU, GPU, TPU, CUSTOM, EPU) may be written in any case.
  static DeviceSpec parse(std::string_view text);
  std::string to_string() const;
  // The fields of `inner` where it has them, else those of this.
  DeviceSpec merged(const DeviceSpec& inner) const;

  friend bool operator==(const DeviceSpec&, const DeviceSpec&) = default;
};

}  // namespace millstream
