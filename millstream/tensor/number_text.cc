#include "millstream/tensor/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace millstream {
namespace {

constexpr int kPrecision = 8;  // most digits after the point

template <class T>
constexpr bool is_real =
    std::is_floating_point_v<T> || std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>;

// A double holds the values of all other types exactly.
template <class T>
double exact(T value) {
  if constexpr (std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>) {
    return static_cast<float>(value);
  } else {
    return static_cast<double>(value);
  }
}

// "-1.25e-05" with the fewest digits that a T is read back from.
template <class T>
std::string shortest_scientific(T value) {
  if constexpr (std::is_same_v<T, float16_t>) {
    for (int digits = 0;; ++digits) {
      const std::string text = fmt::format("{:.{}e}", exact(value), digits);
      if (float16_t(std::strtof(text.c_str(), nullptr)).bits == value.bits) return text;
    }
  } else {
    char buffer[64];
    const auto end = std::to_chars(buffer, std::end(buffer), value, std::chars_format::scientific);
    return std::string(buffer, end.ptr);
  }
}

// A finite number, taken apart: integer.fraction, times ten to the exponent.
struct Parts {
  std::string integer, fraction;  // the integer with its sign
  std::string exponent;           // "-05", empty in positional notation
};

void trim_zeros(std::string& fraction) {
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
}

// With at least so many digits after the point, zeros if need be.
Parts split_scientific(const std::string& text, size_t digits = 0) {
  const size_t e = text.find('e');
  const size_t point = std::min(text.find('.'), e);
  Parts parts{text.substr(0, point), "", text.substr(e + 1)};
  if (point < e) parts.fraction = text.substr(point + 1, e - point - 1);
  trim_zeros(parts.fraction);
  if (parts.fraction.size() < digits) parts.fraction.resize(digits, '0');
  return parts;
}

template <class T>
Parts scientific(T value) {
  const Parts parts = split_scientific(shortest_scientific(value));
  if (parts.fraction.size() <= kPrecision) return parts;
  return split_scientific(fmt::format("{:.{}e}", exact(value), kPrecision));
}

// The shortest digits with the point in its place.
template <class T>
Parts positional(T value, size_t most_digits = kPrecision) {
  const Parts parts = split_scientific(shortest_scientific(value));
  const int exponent = std::atoi(parts.exponent.c_str());
  const bool negative = parts.integer.front() == '-';
  std::string digits = parts.integer.substr(negative ? 1 : 0) + parts.fraction;
  const int before = exponent + 1;  // digits before the point
  if (before <= 0) digits.insert(0, static_cast<size_t>(1 - before), '0');
  const auto point = static_cast<size_t>(std::max(before, 1));
  if (digits.size() < point) digits.append(point - digits.size(), '0');
  Parts result{(negative ? "-" : "") + digits.substr(0, point), digits.substr(point), ""};
  trim_zeros(result.fraction);
  if (result.fraction.size() <= most_digits) return result;
  const std::string rounded = fmt::format("{:.{}f}", exact(value), most_digits);
  const size_t dot = rounded.find('.');
  result = {rounded.substr(0, dot), rounded.substr(dot + 1), ""};
  trim_zeros(result.fraction);
  return result;
}

template <class T>
bool finite(T value) {
  return std::isfinite(exact(value));
}

template <class T>
const char* special_name(T value) {
  if (std::isnan(exact(value))) return "nan";
  return exact(value) < 0 ? "-inf" : "inf";
}

// From here on numbers have an exponent: a T has no more digits that count. In arrays of doubles
// it is sooner.
template <class T>
constexpr double kCutoff = std::is_same_v<T, double>  ? 1e16
                           : std::is_same_v<T, float> ? 1e6
                                                      : 1e3;

// As NumPy decides, in the arithmetic of T.
template <class T>
bool needs_exponent(const std::vector<T>& values) {
  double most = 0, least = std::numeric_limits<double>::infinity();
  for (const T value : values) {
    const double size = std::abs(exact(value));
    if (!finite(value) || size == 0) continue;
    most = std::max(most, size);
    least = std::min(least, size);
  }
  if (most == 0) return false;
  return most >= std::min(kCutoff<T>, 1e8) || least < exact(T(1e-4)) ||
         exact(T(most / least)) > 1000;
}

// The width of each column of characters.
struct Widths {
  size_t left = 0, right = 0, exponent = 0;

  template <class T>
  void fit_special(const std::vector<T>& values) {
    for (const T value : values) {
      if (finite(value)) continue;
      const size_t length = std::string_view(special_name(value)).size();
      if (length > right + 1) left = std::max(left, length - right - 1);
    }
  }
};

template <class T>
std::vector<std::string> real_words(const std::vector<T>& values) {
  const bool with_exponent = needs_exponent(values);
  Widths widths;
  size_t fraction = 0;
  std::vector<Parts> parts(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (!finite(values[i])) continue;
    parts[i] = with_exponent ? scientific(values[i]) : positional(values[i]);
    widths.left = std::max(widths.left, parts[i].integer.size());
    fraction = std::max(fraction, parts[i].fraction.size());
    widths.exponent = std::max(widths.exponent, parts[i].exponent.size());
  }
  widths.right = with_exponent ? widths.exponent + 1 + fraction : fraction;
  widths.fit_special(values);
  std::vector<std::string> words;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!finite(values[i])) {
      words.push_back(
          fmt::format("{:>{}}", special_name(values[i]), widths.left + widths.right + 1));
    } else if (with_exponent) {
      // NumPy fills up with the digits that follow in the binary number, not with zeros.
      const Parts p =
          split_scientific(fmt::format("{:.{}e}", exact(values[i]), fraction), fraction);
      const std::string exponent = std::string(widths.exponent - p.exponent.size(), '0');
      words.push_back(fmt::format("{:>{}}.{}e{}{}{}", p.integer, widths.left, p.fraction,
                                  p.exponent[0], exponent, p.exponent.substr(1)));
    } else {
      words.push_back(
          fmt::format("{:>{}}.{:<{}}", parts[i].integer, widths.left, parts[i].fraction, fraction));
    }
  }
  return words;
}

}  // namespace

template <class T>
std::vector<std::string> array_words(const std::vector<T>& values) {
  std::vector<std::string> words;
  if constexpr (std::is_same_v<T, bfloat16_t>) {  // NumPy knows it as an object only
    for (const T value : values) words.push_back(scalar_text(value));
  } else if constexpr (is_real<T>) {
    words = real_words(values);
  } else {
    size_t width = 0;
    for (const T value : values) words.push_back(fmt::format("{}", value));
    for (const std::string& word : words) width = std::max(width, word.size());
    for (std::string& word : words) word.insert(0, width - word.size(), ' ');
  }
  return words;
}

template <class T>
std::string scalar_text(T value) {
  if constexpr (std::is_same_v<T, bfloat16_t>) {
    return finite(value) ? fmt::format("{:g}", exact(value)) : special_name(value);
  } else if constexpr (is_real<T>) {
    if (!finite(value)) return special_name(value);
    const double size = std::abs(exact(value));
    if (size == 0 || (size >= 1e-4 && size < kCutoff<T>)) {
      const Parts parts = positional(value, 400);
      return parts.integer + "." + (parts.fraction.empty() ? "0" : parts.fraction);
    }
    const Parts parts = split_scientific(shortest_scientific(value));
    return parts.integer + (parts.fraction.empty() ? "" : "." + parts.fraction) + "e" +
           parts.exponent;
  } else {
    return fmt::format("{}", value);
  }
}

template std::vector<std::string> array_words(const std::vector<int64_t>&);
template std::vector<std::string> array_words(const std::vector<uint64_t>&);
template std::vector<std::string> array_words(const std::vector<float16_t>&);
template std::vector<std::string> array_words(const std::vector<bfloat16_t>&);
template std::vector<std::string> array_words(const std::vector<float>&);
template std::vector<std::string> array_words(const std::vector<double>&);
template std::string scalar_text(int64_t);
template std::string scalar_text(uint64_t);
template std::string scalar_text(float16_t);
template std::string scalar_text(bfloat16_t);
template std::string scalar_text(float);
template std::string scalar_text(double);

}  // namespace millstream
