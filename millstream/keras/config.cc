#include "millstream/keras/config.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "millstream/base/error.h"

namespace millstream::keras {
namespace {

using Json = nlohmann::ordered_json;

// Lists and dictionaries are written by hand, with Python's spaces; the rest by the library.
struct Scalar {
  std::string operator()(std::monostate) const { return "null"; }
  std::string operator()(const Config::List&) const { return {}; }
  std::string operator()(const Config::Dict&) const { return {}; }
  template <class T>
  std::string operator()(const T& value) const {
    return Json(value).dump();
  }
};

Config of_json(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) {
    Config::List list;
    for (const Json& value : json) list.push_back(of_json(value));
    return list;
  }
  if (json.is_object()) {
    Config::Dict dict;
    for (const auto& [key, value] : json.items()) dict.emplace_back(key, of_json(value));
    return dict;
  }
  return {};
}

}  // namespace

// Out of line: a variant's special members are long, and every layer would carry them.
Config::Config() = default;
Config::Config(const Config&) = default;
Config::Config(Config&&) noexcept = default;
Config& Config::operator=(const Config&) = default;
Config& Config::operator=(Config&&) noexcept = default;
Config::~Config() = default;
Config::Config(std::string value) : value_(std::move(value)) {}
Config::Config(List values) : value_(std::move(values)) {}
Config::Config(Dict entries) : value_(std::move(entries)) {}
bool operator==(const Config& a, const Config& b) { return a.value_ == b.value_; }

template <class T>
const T& Config::get(const char* kind) const {
  if (const T* value = std::get_if<T>(&value_)) return *value;
  throw InvalidArgument(fmt::format("{} stands where a configuration needs {}", to_json(), kind));
}

bool Config::flag() const { return get<bool>("true or false"); }
int64_t Config::integer() const {
  // Python writes 1.0 where it means 1.
  if (const double* value = std::get_if<double>(&value_)) {
    if (*value == static_cast<double>(static_cast<int64_t>(*value))) return int64_t(*value);
  }
  return get<int64_t>("an integer");
}
double Config::number() const {
  if (const int64_t* value = std::get_if<int64_t>(&value_)) return static_cast<double>(*value);
  return get<double>("a number");
}
const std::string& Config::text() const { return get<std::string>("a text"); }
const Config::List& Config::list() const { return get<List>("a list"); }
const Config::Dict& Config::dict() const { return get<Dict>("a dictionary"); }

const Config* Config::find(std::string_view key) const {
  for (const auto& [name, value] : dict()) {
    if (name == key) return &value;
  }
  return nullptr;
}

const Config& Config::operator[](std::string_view key) const {
  if (const Config* value = find(key)) return *value;
  throw InvalidArgument(fmt::format("the configuration has no '{}': {}", key, to_json()));
}

void Config::set(std::string_view key, Config value) {
  if (is_null()) value_ = Dict();
  if (const Config* found = find(key)) {
    *const_cast<Config*>(found) = std::move(value);
  } else {
    std::get<Dict>(value_).emplace_back(key, std::move(value));
  }
}

std::string Config::to_json() const {
  if (const auto* list = std::get_if<List>(&value_)) {
    std::string text;
    for (const Config& value : *list) text += (text.empty() ? "" : ", ") + value.to_json();
    return "[" + text + "]";
  }
  if (const auto* dict = std::get_if<Dict>(&value_)) {
    std::string text;
    for (const auto& [key, value] : *dict) {
      text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", Json(key).dump(), value.to_json());
    }
    return "{" + text + "}";
  }
  return std::visit(Scalar(), value_);
}

Config Config::from_json(std::string_view text) {
  try {
    return of_json(Json::parse(text));
  } catch (const Json::exception& error) {
    throw DataLoss(fmt::format("not a JSON text: {}", error.what()));
  }
}

Config nested_object(std::string_view module, std::string_view class_name, Config config) {
  return Config::Dict{{"module", module},
                      {"class_name", class_name},
                      {"config", config.is_null() ? Config(Config::Dict()) : std::move(config)},
                      {"registered_name", {}}};
}

}  // namespace millstream::keras
