#include "millstream/ops/window.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace millstream {
namespace {

constexpr std::array<std::array<std::string_view, 2>, kMostSpatialAxes> kFormats = {
    {{"NWC", "NCW"}, {"NHWC", "NCHW"}, {"NDHWC", "NCDHW"}}};

constexpr int64_t kLargest = INT32_MAX;

// One number per spatial axis of an argument that holds one, one per spatial axis, or one per axis.
std::array<int64_t, kMostSpatialAxes> per_axis(const Attr& value, std::string_view name,
                                               const ImageLayout& layout, const char* rule) {
  std::array<int64_t, kMostSpatialAxes> result;
  result.fill(1);
  if (std::holds_alternative<std::monostate>(value)) return result;
  const Ints& given = std::get<Ints>(value);
  const auto spatial = static_cast<size_t>(layout.spatial);
  if (given.size() != 1 && given.size() != spatial && given.size() != spatial + 2) {
    throw InvalidArgument(fmt::format("{0} should be of length 1, {1} or {2}. Received: {0}=[{3}]",
                                      name, spatial, spatial + 2, fmt::join(given, ", ")));
  }
  for (const int64_t number : given) {
    if (number <= 0 || number > kLargest) throw InvalidArgument(fmt::format("{}{}", rule, number));
  }
  const bool full = given.size() == spatial + 2;
  if (full && (given[0] != 1 || given[layout.channels_first ? 1 : spatial + 1] != 1)) {
    throw Unimplemented(
        {.message = fmt::format("Current implementation does not yet support {} in the batch and "
                                "depth dimensions",
                                name)});
  }
  const size_t first = !full ? 0 : layout.channels_first ? 2 : 1;
  for (size_t i = 0; i < spatial; ++i) result[i] = given[given.size() == 1 ? 0 : first + i];
  return result;
}

// [[0, 0], [top, bottom], ..., [0, 0]], flattened.
void explicit_padding(const Ints& padding, const ImageLayout& layout, Windows& windows) {
  const auto axes = static_cast<size_t>(layout.spatial) + 2;
  if (padding.size() != 2 * axes) {
    throw InvalidArgument(
        fmt::format("explicit padding holds a pair for each of the {} axes, not {} numbers", axes,
                    padding.size()));
  }
  const size_t channels = layout.channels_first ? 1 : axes - 1;
  int at = 0;
  for (size_t i = 0; i < axes; ++i) {
    const int64_t before = padding[2 * i], after = padding[2 * i + 1];
    if (before < 0 || after < 0 || before > kLargest || after > kLargest) {
      throw InvalidArgument(fmt::format(
          "All elements of explicit padding must be nonnegative, not [{}, {}]", before, after));
    }
    if (i != 0 && i != channels) {
      windows[at].before = before, windows[at].after = after;
      ++at;
    } else if (before != 0 || after != 0) {
      throw InvalidArgument("Nonzero explicit padding in the batch or depth dimensions");
    }
  }
}

enum class Padding : uint8_t { same, valid, given };

Padding padding_of(const Attr& padding) {
  if (std::holds_alternative<Ints>(padding)) return Padding::given;
  const auto& text = std::get<std::string>(padding);
  if (text == "SAME") return Padding::same;
  if (text == "VALID") return Padding::valid;
  throw InvalidArgument(
      {.message = fmt::format("Value for attr 'padding' of \"{}\" is not in the list of allowed "
                              "values: \"SAME\", \"VALID\"",
                              text),
       .hint = "or give a pair of sizes per axis"});
}

// Fills in the output size and, for SAME, the padding.
void fit(WindowAxis& w, Padding padding) {
  if (w.input == kUnknown) {
    w.output = kUnknown;
    return;
  }
  if (padding == Padding::same) {
    w.output = (w.input + w.stride - 1) / w.stride;
    if (w.window == kUnknown) return;
  } else if (w.window == kUnknown) {
    w.output = kUnknown;
    return;
  }
  int64_t covered = 0;
  if (__builtin_mul_overflow(w.window - 1, w.dilation, &covered) || covered > kLargest) {
    throw InvalidArgument(
        fmt::format("a window of {} with dilation {} is too large", w.window, w.dilation));
  }
  covered += 1;
  if (padding == Padding::same) {
    const int64_t missing = std::max<int64_t>((w.output - 1) * w.stride + covered - w.input, 0);
    w.before = missing / 2;
    w.after = missing - w.before;
    return;
  }
  const int64_t padded = w.input + w.before + w.after;
  if (padded < covered && !(padded == 0 && covered == 1)) {
    throw InvalidArgument(
        {.message = fmt::format("Computed output size would be negative: [input_size: {}, "
                                "effective_filter_size: {}, stride: {}]",
                                padded, covered, w.stride),
         .hint = "padding='SAME', or a smaller window"});
  }
  w.output = padded < covered ? 0 : (padded - covered) / w.stride + 1;
}

}  // namespace

ImageLayout::ImageLayout(const Op& op, int axes, int spatial_axes, const Attr& format)
    : rank(axes), spatial(spatial_axes), channels_first(false) {
  const auto& formats = kFormats[static_cast<size_t>(spatial - 1)];
  if (!std::holds_alternative<std::monostate>(format)) {
    const auto& text = std::get<std::string>(format);
    if (text != formats[0] && text != formats[1]) {
      throw InvalidArgument(fmt::format(
          "Value for attr 'data_format' of \"{}\" is not in the list of allowed values: "
          "\"{}\", \"{}\"",
          text, formats[0], formats[1]));
    }
    channels_first = text == formats[1];
  }
  if (rank < spatial + 2) {
    throw InvalidArgument({.message = fmt::format("the input of {} must be {}-dimensional, not of "
                                                  "rank {}",
                                                  op.name(), spatial + 2, rank),
                           .hint = "[batch, spatial axes, channels]"});
  }
}

WindowAttrs window_attrs(const Attrs& attrs, size_t first) {
  return {attrs[first], attrs[first + 1], attrs[first + 2], attrs[first + 3]};
}

Windows slide(const Op&, const ImageLayout& layout, const Shape& image,
              std::span<const int64_t> window, const WindowAttrs& attrs) {
  const auto strides = per_axis(attrs.strides, "strides", layout, "Stride must be > 0, but got ");
  const auto dilations = per_axis(attrs.dilations, "dilations", layout,
                                  "Dilated rates should be larger than 0, but got ");
  const Padding padding = padding_of(attrs.padding);
  Windows windows;
  if (padding == Padding::given) {
    explicit_padding(std::get<Ints>(attrs.padding), layout, windows);
  }
  for (int i = 0; i < layout.spatial; ++i) {
    WindowAxis& w = windows[i];
    w.input = image[layout.axis(i)];
    w.window = window[static_cast<size_t>(i)];
    w.stride = strides[i], w.dilation = dilations[i];
    fit(w, padding);
  }
  return windows;
}

}  // namespace millstream
