#pragma once
// Config: what Keras writes down about an object. A JSON value that keeps the order of its keys.
//
//   Config config = layer.get_config();
//   config["units"].integer();                  // 10
//   config.to_json();                           // {"name": "dense", "trainable": true, ...}
//   Config read = Config::from_json(text);      // DataLoss if the text is no JSON
//
// Errors: InvalidArgument when a value is read as another kind or a key is not there.
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace millstream::keras {

class Config {
 public:
  using List = std::vector<Config>;
  using Dict = std::vector<std::pair<std::string, Config>>;

  Config();  // null
  Config(const Config&);
  Config(Config&&) noexcept;
  Config& operator=(const Config&);
  Config& operator=(Config&&) noexcept;
  ~Config();
  Config(bool value) : value_(value) {}
  template <std::integral T>
  Config(T value) : value_(static_cast<int64_t>(value)) {}
  template <std::floating_point T>
  Config(T value) : value_(static_cast<double>(value)) {}
  Config(std::string value);
  Config(std::string_view value) : Config(std::string(value)) {}
  Config(const char* value) : Config(std::string(value)) {}
  Config(List values);
  Config(Dict entries);

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_text() const { return std::holds_alternative<std::string>(value_); }
  bool is_list() const { return std::holds_alternative<List>(value_); }
  bool is_dict() const { return std::holds_alternative<Dict>(value_); }
  bool is_integer() const { return std::holds_alternative<int64_t>(value_); }

  bool flag() const;
  int64_t integer() const;
  double number() const;  // of an integer as well
  const std::string& text() const;
  const List& list() const;
  const Dict& dict() const;

  // The value of a key, or nullptr.
  const Config* find(std::string_view key) const;
  const Config& operator[](std::string_view key) const;
  // Adds a key, or replaces its value.
  void set(std::string_view key, Config value);

  std::string to_json() const;
  static Config from_json(std::string_view text);

  friend bool operator==(const Config& a, const Config& b);

 private:
  template <class T>
  const T& get(const char* kind) const;

  std::variant<std::monostate, bool, int64_t, double, std::string, List, Dict> value_;
};

// Keras's form of a nested object: {"module", "class_name", "config", "registered_name"}.
Config nested_object(std::string_view module, std::string_view class_name, Config config);

}  // namespace millstream::keras
