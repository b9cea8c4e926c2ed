#pragma once
// Convolutions over images of one, two or three spatial axes.
//
//   conv2d(x, filters, {1, 1}, "SAME");       // x: [batch, height, width, in]
//   conv2d(x, filters, {2}, Ints{0, 0, 1, 1, 2, 2, 0, 0}, {.dilations = Ints{2}});
//
// Filters are [height, width, in / groups, out]; the number of groups follows from the channels.
// `strides` and `dilations` hold one number, one per spatial axis, or one per axis (1 for batch and
// channels). `padding` is "VALID", "SAME" (output = ceil(input / stride)), or a pair of sizes for
// every axis, flattened. `data_format` is "NHWC" or "NCHW" ("NWC", "NDHWC"...). Errors:
// InvalidArgument for shapes that do not fit. Any dtype but bool; the half types add up in float32.
#include <optional>
#include <string>
#include <variant>

#include "millstream/ops/op.h"
#include "millstream/ops/window.h"

namespace millstream {

namespace op {
extern Op conv1d, conv2d, conv3d, convolution;
extern Op conv1d_transpose, conv2d_transpose, conv3d_transpose, conv_transpose;
extern Op depthwise_conv2d, separable_conv2d, bias_add, fused_conv2d;
// Parts of the above and of gradients.
extern Op conv_filter_gradient, conv_bias;
}  // namespace op

using Padding = std::variant<std::string, Ints>;

struct ConvOptions {
  std::optional<std::string> data_format = {};  // channels last by default
  std::optional<Ints> dilations = {};
};
Tensor conv1d(const Tensor& input, const Tensor& filters, const Ints& stride,
              const Padding& padding, const ConvOptions& options = {});
Tensor conv2d(const Tensor& input, const Tensor& filters, const Ints& strides,
              const Padding& padding, const ConvOptions& options = {});
Tensor conv3d(const Tensor& input, const Tensor& filters, const Ints& strides,
              const Padding& padding, const ConvOptions& options = {});

// Filters [height, width, channels, multiplier]: each channel gives `multiplier` ones of its own.
Tensor depthwise_conv2d(const Tensor& input, const Tensor& filter, const Ints& strides,
                        const Padding& padding, const ConvOptions& options = {});

// The adjoint of conv2d by its input, for an image of `output_shape`. Filters [height, width, out,
// in].
Tensor conv2d_transpose(const Tensor& input, const Tensor& filters, const Shape& output_shape,
                        const Ints& strides, const Padding& padding = "SAME",
                        const ConvOptions& options = {});

// value + bias, one number per channel.
Tensor bias_add(const Tensor& value, const Tensor& bias,
                const std::optional<std::string>& data_format = {});

struct FusedConvOptions {
  std::optional<std::string> data_format = {};
  std::optional<Ints> dilations = {};
  std::string activation = {};  // an elementwise op of tf.nn ("relu"); none by default
};
// activation(conv2d(input, filters) + bias) in one pass. Millstream's own.
Tensor fused_conv2d(const Tensor& input, const Tensor& filters, const Tensor& bias,
                    const Ints& strides, const Padding& padding,
                    const FusedConvOptions& options = {});

// One convolution with every number known: what kernels work from.
struct ConvShape {
  bool channels_first;
  int spatial;
  int64_t batch, groups;
  int64_t in, out;  // channels of all groups
  Windows windows;

  // From the shapes of the convolution that is run, or whose gradient is: `attrs` are its four.
  ConvShape(const Op& op, const Shape& image, const Shape& filters, const WindowAttrs& attrs);
};

}  // namespace millstream
