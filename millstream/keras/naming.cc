#include "millstream/keras/naming.h"

#include <cxxabi.h>

#include <cctype>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>

namespace millstream::keras {
namespace {

struct Counters {
  std::mutex mutex;
  std::map<std::string, int64_t, std::less<>> used;
};

Counters& counters() {
  static auto* const all = new Counters();
  return *all;
}

bool upper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
bool lower(char c) { return std::islower(static_cast<unsigned char>(c)) != 0; }
bool lower_or_digit(char c) { return lower(c) || std::isdigit(static_cast<unsigned char>(c)) != 0; }

}  // namespace

std::string to_snake_case(std::string_view name) {
  std::string snake;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool starts_word =
        i > 0 && upper(name[i]) &&
        (lower(name[i - 1]) || (i + 1 < name.size() && lower_or_digit(name[i + 1])));
    if (starts_word && snake.back() != '_') snake += '_';
    snake += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
  }
  return snake;
}

std::string auto_name(std::string_view prefix) {
  Counters& all = counters();
  const std::lock_guard lock(all.mutex);
  const int64_t used = all.used[std::string(prefix)]++;
  return used == 0 ? std::string(prefix) : std::string(prefix) + "_" + std::to_string(used);
}

void clear_session() {
  Counters& all = counters();
  const std::lock_guard lock(all.mutex);
  all.used.clear();
}

std::string class_name_of(const char* mangled) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free);
  std::string_view name = status == 0 ? text.get() : mangled;
  name = name.substr(0, name.find('<'));
  if (const size_t colon = name.rfind(':'); colon != name.npos) name.remove_prefix(colon + 1);
  if (name.size() > 4 && name.ends_with("Impl")) name.remove_suffix(4);
  return std::string(name);
}

}  // namespace millstream::keras
