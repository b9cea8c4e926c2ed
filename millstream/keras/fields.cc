#include "millstream/keras/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "millstream/base/error.h"

namespace millstream::keras {

Config encode_dtype(DType dtype) {
  return nested_object("keras", "DTypePolicy", Config::Dict{{"name", name_of(dtype)}});
}

DType decode_dtype(const Config& config) {
  return dtype_named(config.is_text() ? config.text() : config["config"]["name"].text());
}

void check_keys(const Config& config, const std::vector<std::string_view>& names) {
  for (const auto& [key, value] : config.dict()) {
    const bool asks_nothing = value.is_null() || value == Config(false);
    if (asks_nothing || std::find(names.begin(), names.end(), key) != names.end()) continue;
    throw InvalidArgument(fmt::format("no field is called '{}' ({}); there are {}", key,
                                      value.to_json(), fmt::join(names, ", ")));
  }
}

}  // namespace millstream::keras
