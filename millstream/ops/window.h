#pragma once
// How the windows of a convolution slide over images of one, two or three spatial axes: the meaning
// of `strides`, `padding`, `data_format` and `dilations`.
#include <array>
#include <span>
#include <string_view>

#include "millstream/ops/op.h"

namespace millstream {

inline constexpr int kMostSpatialAxes = 3;

// Where the batch, the channels and the spatial axes of an image stand. All axes before those of
// one image are a batch.
struct ImageLayout {
  int rank;
  int spatial;
  bool channels_first;

  // `format` is None, "NHWC", "NCHW" or their likes for 1 and 3 axes. InvalidArgument if it is no
  // format for this number of axes, or if the rank is too low.
  ImageLayout(const Op& op, int rank, int spatial, const Attr& format);

  int batch_axes() const { return rank - spatial - 1; }
  int channels() const { return channels_first ? batch_axes() : rank - 1; }
  int axis(int i) const { return batch_axes() + i + (channels_first ? 1 : 0); }
};

// One spatial axis. Sizes may be unknown.
struct WindowAxis {
  int64_t input = 1, window = 1, output = 1;
  int64_t stride = 1, dilation = 1;
  int64_t before = 0, after = 0;  // padding
};

struct WindowAttrs {
  const Attr& strides;
  const Attr& padding;
  const Attr& data_format;
  const Attr& dilations;
};
// The four attributes from position `first` on.
WindowAttrs window_attrs(const Attrs& attrs, size_t first);

using Windows = std::array<WindowAxis, kMostSpatialAxes>;

// The spatial axes of an image under windows of the given sizes; axes beyond layout.spatial stay
// at 1. InvalidArgument as TensorFlow raises it for strides, padding and dilations that make no
// sense, and for windows that do not fit.
Windows slide(const Op& op, const ImageLayout& layout, const Shape& image,
              std::span<const int64_t> window, const WindowAttrs& attrs);

}  // namespace millstream
