#pragma once
// The fields of an options struct by name: one loop gives its configuration, reads it back and
// prints it. The struct is a plain aggregate; nothing is listed twice.
//
//   struct DenseOptions { int64_t units = 0; bool use_bias = true; };
//   Config config = config_of(DenseOptions{.units = 10});         // {"units": 10, "use_bias":
//   true} DenseOptions read = options_from<DenseOptions>(config); for_each_field(options,
//   [](std::string_view name, auto& value) { ... });
//
// A field is a bool, int64_t, double, std::string, DType, an optional or a vector of one of these,
// or a class with `Config to_config() const` and `static T from_config(const Config&)`.
#include <array>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "millstream/keras/config.h"
#include "millstream/tensor/dtype.h"

namespace millstream::keras {

namespace fields_detail {

inline constexpr size_t kMostFields = 20;

struct Anything {
  template <class T>
  operator T() const;
};

template <class T, size_t... kIndex>
constexpr bool takes(std::index_sequence<kIndex...>) {
  return requires { T{(static_cast<void>(kIndex), Anything{})...}; };
}

template <class T, size_t kCount = kMostFields>
constexpr size_t count_fields() {
  if constexpr (takes<T>(std::make_index_sequence<kCount>())) {
    static_assert(kCount < kMostFields, "an options struct with more fields than kMostFields");
    return kCount;
  } else {
    return count_fields<T, kCount - 1>();
  }
}

// C++20 unpacks an aggregate only under a fixed number of names, so there is one case per count.
template <size_t kCount, class T>
constexpr auto tie_fields(T& o) {
  if constexpr (kCount == 0) return std::tuple<>();
  if constexpr (kCount == 1) {
    auto& [a] = o;
    return std::tie(a);
  } else if constexpr (kCount == 2) {
    auto& [a, b] = o;
    return std::tie(a, b);
  } else if constexpr (kCount == 3) {
    auto& [a, b, c] = o;
    return std::tie(a, b, c);
  } else if constexpr (kCount == 4) {
    auto& [a, b, c, d] = o;
    return std::tie(a, b, c, d);
  } else if constexpr (kCount == 5) {
    auto& [a, b, c, d, e] = o;
    return std::tie(a, b, c, d, e);
  } else if constexpr (kCount == 6) {
    auto& [a, b, c, d, e, f] = o;
    return std::tie(a, b, c, d, e, f);
  } else if constexpr (kCount == 7) {
    auto& [a, b, c, d, e, f, g] = o;
    return std::tie(a, b, c, d, e, f, g);
  } else if constexpr (kCount == 8) {
    auto& [a, b, c, d, e, f, g, h] = o;
    return std::tie(a, b, c, d, e, f, g, h);
  } else if constexpr (kCount == 9) {
    auto& [a, b, c, d, e, f, g, h, i] = o;
    return std::tie(a, b, c, d, e, f, g, h, i);
  } else if constexpr (kCount == 10) {
    auto& [a, b, c, d, e, f, g, h, i, j] = o;
    return std::tie(a, b, c, d, e, f, g, h, i, j);
  } else if constexpr (kCount == 11) {
    auto& [a, b, c, d, e, f, g, h, i, j, k] = o;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k);
  } else if constexpr (kCount == 12) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l] = o;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l);
  } else if constexpr (kCount == 13) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = o;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m);
  } else if constexpr (kCount == 14) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = o;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
  } else if constexpr (kCount == 15) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, z] = o;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, z);
  } else if constexpr (kCount == 16) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, z, p] = o;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, z, p);
  } else if constexpr (kCount == 17) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, z, p, q] = o;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, z, p, q);
  } else if constexpr (kCount == 18) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, z, p, q, r] = o;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, z, p, q, r);
  }
}

// An object that has addresses and no definition: the compiler names its members for us.
template <class T>
struct Unreal {
  const T value;
};
template <class T>
extern const Unreal<T> unreal;

template <class T>
struct Address {
  const T* value;
};
template <class T>
constexpr Address<T> address_of(const T* value) {
  return {value};
}

template <class T, auto kField>
constexpr std::string_view spelling() {
  return __PRETTY_FUNCTION__;
}

// "... unreal<Options>.Unreal<Options>::value.Options::units)}; ..." (GCC) and
// "... {&unreal.value.units}]" (Clang) both end in the field's name and brackets.
constexpr std::string_view last_identifier(std::string_view text) {
  text = text.substr(0, text.find("; std::string_view"));
  const auto part_of_name = [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  size_t end = text.size();
  while (!part_of_name(text[end - 1])) --end;
  size_t begin = end;
  while (part_of_name(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

template <class T, size_t kIndex>
constexpr std::string_view field_name() {
  constexpr std::string_view text =
      spelling<T, address_of(&std::get<kIndex>(tie_fields<count_fields<T>()>(unreal<T>.value)))>();
  return last_identifier(text);
}

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

}  // namespace fields_detail

// Calls f(name, field) for each field in the order of declaration.
template <class T, class F>
void for_each_field(T& options, F&& f) {
  using Plain = std::remove_const_t<T>;
  constexpr size_t kCount = fields_detail::count_fields<Plain>();
  const auto fields = fields_detail::tie_fields<kCount>(options);
  [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
    (f(fields_detail::field_name<Plain, kIndex>(), std::get<kIndex>(fields)), ...);
  }
  (std::make_index_sequence<kCount>());
}

Config encode_dtype(DType dtype);
DType decode_dtype(const Config& config);
// InvalidArgument if `config` has a key that none of `names` is, and that asks for something.
void check_keys(const Config& config, const std::vector<std::string_view>& names);

template <class T>
Config encode(const T& value) {
  if constexpr (fields_detail::IsOptional<T>::value) {
    return value ? encode(*value) : Config();
  } else if constexpr (fields_detail::IsVector<T>::value) {
    Config::List list;
    for (const auto& element : value) list.push_back(encode(element));
    return list;
  } else if constexpr (std::is_same_v<T, DType>) {
    return encode_dtype(value);
  } else if constexpr (requires { value.to_config(); }) {
    return value.to_config();
  } else {
    return Config(value);
  }
}

template <class T>
T decode(const Config& config) {
  if constexpr (fields_detail::IsOptional<T>::value) {
    if (config.is_null()) return {};
    return decode<typename T::value_type>(config);
  } else if constexpr (fields_detail::IsVector<T>::value) {
    T values;
    if (config.is_null()) return values;
    for (const Config& element : config.list()) {
      values.push_back(decode<typename T::value_type>(element));
    }
    return values;
  } else if constexpr (std::is_same_v<T, DType>) {
    return decode_dtype(config);
  } else if constexpr (requires { T::from_config(config); }) {
    return T::from_config(config);
  } else if constexpr (std::is_same_v<T, bool>) {
    return config.flag();
  } else if constexpr (std::is_integral_v<T>) {
    return config.integer();
  } else if constexpr (std::is_floating_point_v<T>) {
    return config.number();
  } else {
    return config.text();
  }
}

template <class Options>
Config config_of(const Options& options) {
  Config config = Config::Dict();
  for_each_field(
      options, [&](std::string_view name, const auto& value) { config.set(name, encode(value)); });
  return config;
}

// Fields that the configuration leaves out keep their defaults.
template <class Options>
Options options_from(const Config& config) {
  Options options;
  std::vector<std::string_view> names;
  for_each_field(options, [&]<class T>(std::string_view name, T& value) {
    names.push_back(name);
    if (const Config* given = config.find(name)) value = decode<T>(*given);
  });
  check_keys(config, names);
  return options;
}

}  // namespace millstream::keras
