#include "millstream/device/device_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <vector>

#include "millstream/base/error.h"

namespace millstream {
namespace {

constexpr std::array<std::string_view, 5> kShortTypes = {"CPU", "GPU", "TPU", "CUSTOM", "EPU"};

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (size_t start = 0;;) {
    const size_t end = std::min(text.find(at, start), text.size());
    parts.push_back(text.substr(start, end - start));
    if (end == text.size()) return parts;
    start = end + 1;
  }
}

int64_t integer(std::string_view text) {
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  if (status != std::errc() || stop != end) {
    throw InvalidArgument(fmt::format("invalid literal for int() with base 10: '{}'", text));
  }
  return value;
}

void set_device(DeviceSpec& spec, std::string type, std::string_view index, std::string_view text) {
  if (spec.device_type) {
    throw InvalidArgument(fmt::format(
        "Multiple device types are not allowed while parsing the device spec: {}.", text));
  }
  spec.device_type = std::move(type);
  if (index != "*") spec.device_index = integer(index);
}

// One field, cut at its colons.
void set_field(DeviceSpec& spec, const std::vector<std::string_view>& parts,
               std::string_view text) {
  const std::string_view key = parts[0];
  const std::string type = upper(key);
  const bool is_type = std::ranges::find(kShortTypes, type) != kShortTypes.end();
  if (parts.size() == 2 && key == "job") {
    spec.job = parts[1];
  } else if (parts.size() == 2 && key == "replica") {
    spec.replica = integer(parts[1]);
  } else if (parts.size() == 2 && key == "task") {
    spec.task = integer(parts[1]);
  } else if (parts.size() <= 2 && is_type) {
    set_device(spec, type, parts.size() == 2 ? parts[1] : "*", text);
  } else if (parts.size() == 3 && key == "device") {
    // Other types keep their case: a backend may have a type of any name.
    const bool known = parts[1] == "cpu" || parts[1] == "gpu";
    set_device(spec, known ? upper(parts[1]) : std::string(parts[1]), parts[2], text);
  } else if (!key.empty()) {
    throw InvalidArgument(fmt::format(
        "Unknown attribute '{}' is encountered while parsing the device spec: '{}'.", key, text));
  }
}

}  // namespace

DeviceSpec DeviceSpec::parse(std::string_view text) {
  DeviceSpec spec;
  for (const std::string_view field : split(text, '/')) set_field(spec, split(field, ':'), text);
  return spec;
}

std::string DeviceSpec::to_string() const {
  std::string text;
  if (job) text += "/job:" + *job;
  if (replica) text += fmt::format("/replica:{}", *replica);
  if (task) text += fmt::format("/task:{}", *task);
  if (device_type) {
    text += fmt::format("/device:{}:{}", *device_type,
                        device_index ? std::to_string(*device_index) : "*");
  }
  return text;
}

DeviceSpec DeviceSpec::merged(const DeviceSpec& inner) const {
  const auto either = [](const auto& first, const auto& second) { return first ? first : second; };
  return {.job = either(inner.job, job),
          .replica = either(inner.replica, replica),
          .task = either(inner.task, task),
          .device_type = either(inner.device_type, device_type),
          .device_index = either(inner.device_index, device_index)};
}

}  // namespace millstream
