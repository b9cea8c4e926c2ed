#include "millstream/keras/layers/configured.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace millstream::keras::layers {

void check_rank(const Shape& input, int rank, const char* layout) {
  if (!input.has_rank() || input.rank() == rank) return;
  throw InvalidArgument(fmt::format("the input must have {} dimensions {}, not the shape {}", rank,
                                    layout, input.to_string()));
}

int64_t known_channels(const Shape& input) {
  if (input.has_rank() && input.rank() > 0 && input[-1] != kUnknown) return input[-1];
  throw InvalidArgument("the last dimension of the input must be known, and it has the shape " +
                        input.to_string());
}

std::string layout_of(const std::string& data_format) {
  check_choice("data_format", data_format, {"channels_last", "channels_first"});
  return data_format == "channels_last" ? "NHWC" : "NCHW";
}

void check_choice(const char* field, const std::string& value,
                  std::initializer_list<std::string_view> choices) {
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return;
  throw InvalidArgument(
      fmt::format("{} is '{}', which is none of {}", field, value, fmt::join(choices, ", ")));
}

void check_positive(const char* field, int64_t value) {
  if (value > 0) return;
  throw InvalidArgument(fmt::format("{} must be positive, not {}", field, value));
}

}  // namespace millstream::keras::layers
