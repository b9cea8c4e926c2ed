#include "millstream/ops/conv.h"

#include <fmt/format.h>

#include "millstream/ops/array.h"
#include "millstream/ops/dtype_check.h"
#include "millstream/ops/elementwise.h"
#include "millstream/ops/matmul.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/views.h"

namespace millstream {
namespace {

// --- shapes --------------------------------------------------------------------------------------

// How many spatial axes an op slides over; 0: as many as its filters have.
int spatial_axes(const Op& op) {
  if (&op == &op::conv1d || &op == &op::conv1d_transpose) return 1;
  if (&op == &op::conv2d || &op == &op::conv2d_transpose) return 2;
  if (&op == &op::conv3d || &op == &op::conv3d_transpose) return 3;
  return 0;
}

int spatial_axes(const Op& op, const Shape& image, const Shape& filters) {
  const int fixed = spatial_axes(op);
  const int spatial = fixed > 0 ? fixed : (filters.has_rank() ? filters : image).rank() - 2;
  if (spatial < 1 || spatial > kMostSpatialAxes ||
      (filters.has_rank() && filters.rank() != spatial + 2)) {
    throw InvalidArgument(
        {.message = fmt::format("filter must be {}-dimensional: {}",
                                fixed > 0 ? fmt::format("{}", fixed + 2) : "3-, 4- or 5",
                                filters.to_string()),
         .hint = "[spatial axes, in channels / groups, out channels]"});
  }
  return spatial;
}

bool divides(int64_t divisor, int64_t number) {
  return divisor == kUnknown || number == kUnknown || number % divisor == 0;
}

void check_channels(int64_t in, const Shape& filters) {
  for (const int64_t size : filters.dims()) {
    if (size == 0) {
      throw InvalidArgument(
          "filter must not have zero elements (i.e. all dimensions must be non-zero)");
    }
  }
  if (!divides(filters[-2], in)) {
    throw InvalidArgument(
        {.message = fmt::format("input depth must be evenly divisible by filter depth: {} vs {}",
                                in, filters[-2]),
         .hint = "filters are [spatial axes, in channels / groups, out channels]"});
  }
  if (in == kUnknown || filters[-2] == kUnknown || in == 0) return;
  const int64_t groups = in / filters[-2];
  if (!divides(groups, filters[-1])) {
    throw InvalidArgument(
        fmt::format("output depth must be evenly divisible by number of groups: {} vs {}",
                    filters[-1], groups));
  }
}

// The shape of the convolution of an image.
Shape convolved(const Op& op, const Shape& image, const Shape& filters, const WindowAttrs& attrs) {
  if (!image.has_rank() && !filters.has_rank() && spatial_axes(op) == 0) return Shape::unknown();
  const int spatial = spatial_axes(op, image, filters);
  const Shape known = filters.has_rank() ? filters : Shape(Dims(spatial + 2, kUnknown));
  if (!image.has_rank()) {
    ImageLayout(op, spatial + 2, spatial, attrs.data_format);
    return Shape::unknown();
  }
  const ImageLayout layout(op, image.rank(), spatial, attrs.data_format);
  check_channels(image[layout.channels()], known);
  const Windows windows = slide(op, layout, image, known.dims(), attrs);
  Dims sizes = image.dims();
  for (int i = 0; i < spatial; ++i) sizes[layout.axis(i)] = windows[i].output;
  sizes[layout.channels()] = known[-1];
  return Shape(sizes);
}

Specs infer_convolution(const InferContext& c) {
  require_equal_dtypes(c);
  require_numbers(c);
  return {{c.inputs[0].dtype,
           convolved(c.op, c.inputs[0].shape, c.inputs[1].shape, window_attrs(c.attrs, 0))}};
}

Shape known_shape(const Ints& sizes, std::string_view name) {
  for (const int64_t size : sizes) {
    if (size < 0) throw InvalidArgument(fmt::format("{} holds a negative size: {}", name, size));
  }
  return Shape(std::span<const int64_t>(sizes));
}

// InvalidArgument unless `output` is what convolving `image` gives.
void check_output(const InferContext& c, const Shape& image, const Shape& filters,
                  const Shape& output) {
  const Shape expected = convolved(c.op, image, filters, window_attrs(c.attrs, 1));
  if (compatible(expected, output)) return;
  throw InvalidArgument(
      {.message = fmt::format("an image of shape {} under filters of shape {} gives {}, not {}",
                              image.to_string(), filters.to_string(), expected.to_string(),
                              output.to_string()),
       .hint = "output_shape, strides and padding have to match the input"});
}

// Inputs: what a convolution gave, filters. Attribute 0: the shape of its image.
Specs infer_transpose(const InferContext& c) {
  require_equal_dtypes(c);
  require_numbers(c);
  const Shape image = known_shape(c.attrs.ints(0), "output_shape");
  check_output(c, image, c.inputs[1].shape, c.inputs[0].shape);
  return {{c.inputs[0].dtype, image}};
}

// Inputs: an image, a gradient of its convolution. Attribute 0: the shape of the filters.
Specs infer_filter_gradient(const InferContext& c) {
  require_equal_dtypes(c);
  require_numbers(c);
  const Shape filters = known_shape(c.attrs.ints(0), "the shape of the filters");
  check_output(c, c.inputs[0].shape, filters, c.inputs[1].shape);
  return {{c.inputs[0].dtype, filters}};
}

// --- gradients: a convolution is linear in either operand ----------------------------------------

Attrs with_shape(const Shape& shape, const WindowAttrs& a) {
  return {to_ints(shape), a.strides, a.padding, a.data_format, a.dilations};
}

Tensor convolve(const Tensor& image, const Tensor& filters, const WindowAttrs& a) {
  return call(op::convolution, {image, filters},
              {a.strides, a.padding, a.data_format, a.dilations});
}

Tensor image_gradient(const Tensor& g, const Tensor& filters, const Shape& image,
                      const WindowAttrs& a) {
  return call(op::conv_transpose, {g, filters}, with_shape(image, a));
}

Tensor filter_gradient(const Tensor& image, const Tensor& g, const Shape& filters,
                       const WindowAttrs& a) {
  return call(op::conv_filter_gradient, {image, g}, with_shape(filters, a));
}

Tensors gradient_convolution(const GradientContext& c) {
  const WindowAttrs a = window_attrs(c.attrs, 0);
  Tensors grads(2);
  if (c.needed[0]) {
    grads[0] = image_gradient(c.grads[0], c.inputs[1], c.input_specs[0].shape, a);
  }
  if (c.needed[1]) {
    grads[1] = filter_gradient(c.inputs[0], c.grads[0], c.input_specs[1].shape, a);
  }
  return grads;
}

Tensors gradient_transpose(const GradientContext& c) {
  const WindowAttrs a = window_attrs(c.attrs, 1);
  Tensors grads(2);
  if (c.needed[0]) grads[0] = convolve(c.grads[0], c.inputs[1], a);
  if (c.needed[1]) {
    grads[1] = filter_gradient(c.grads[0], c.inputs[0], c.input_specs[1].shape, a);
  }
  return grads;
}

Tensors gradient_filter_gradient(const GradientContext& c) {
  const WindowAttrs a = window_attrs(c.attrs, 1);
  Tensors grads(2);
  if (c.needed[0]) {
    grads[0] = image_gradient(c.inputs[1], c.grads[0], c.input_specs[0].shape, a);
  }
  if (c.needed[1]) grads[1] = convolve(c.inputs[0], c.grads[0], a);
  return grads;
}

// --- compositions --------------------------------------------------------------------------------

// conv1d, conv2d and conv3d are `convolution` for their number of axes, and so on.
template <Op& self, Op& general>
Tensors compose_for_rank(std::span<const Tensor> in, const Attrs& attrs) {
  spatial_axes(self, in[0].shape(), in[1].shape());
  return {call(general, in, attrs)};
}

// [height, width, channels, multiplier] as filters of as many groups as there are channels.
Shape grouped_filters(const Shape& filter, const Shape& input, const Attr& format) {
  if (!filter.has_rank()) return Shape::unknown();
  if (filter.rank() != 4) {
    throw InvalidArgument(fmt::format("filter must be 4-dimensional: {}", filter.to_string()));
  }
  if (input.has_rank()) {
    const ImageLayout layout(op::depthwise_conv2d, input.rank(), 2, format);
    const int64_t in = input[layout.channels()];
    if (in != filter[2] && in != kUnknown && filter[2] != kUnknown) {
      throw InvalidArgument(fmt::format(
          "a depthwise filter has as many channels as its input: {} vs {}", filter[2], in));
    }
  }
  const bool known = filter[2] != kUnknown && filter[3] != kUnknown;
  return Shape{filter[0], filter[1], 1, known ? filter[2] * filter[3] : kUnknown};
}

Specs infer_depthwise(const InferContext& c) {
  const Shape filters = grouped_filters(c.inputs[1].shape, c.inputs[0].shape, c.attrs[2]);
  return infer(op::convolution, Specs{c.inputs[0], {c.inputs[1].dtype, filters}}, c.attrs);
}

Tensors compose_depthwise(std::span<const Tensor> in, const Attrs& attrs) {
  const Shape filters = grouped_filters(in[1].shape(), in[0].shape(), attrs[2]);
  return {convolve(in[0], reshape(in[1], filters), window_attrs(attrs, 0))};
}

Tensors compose_separable(std::span<const Tensor> in, const Attrs& attrs) {
  const Tensor depthwise = call(op::depthwise_conv2d, {in[0], in[1]}, attrs);
  return {
      call(op::convolution, {depthwise, in[2]}, {Ints{1}, std::string("VALID"), attrs[2], Attr()})};
}

Specs infer_separable(const InferContext& c) {
  const Spec depthwise = infer(op::depthwise_conv2d, c.inputs.first(2), c.attrs)[0];
  return infer(op::convolution, Specs{depthwise, c.inputs[2]},
               {Ints{1}, std::string("VALID"), c.attrs[2], Attr()});
}

// --- bias ----------------------------------------------------------------------------------------

bool channels_first(const Attr& format) {
  if (std::holds_alternative<std::monostate>(format)) return false;
  const auto& text = std::get<std::string>(format);
  if (!text.starts_with('N') || text.size() < 2 || (text[1] != 'C' && text.back() != 'C')) {
    throw InvalidArgument({.message = fmt::format("data_format='{}' names no layout", text),
                           .hint = "'NHWC' or 'NCHW', or either for another number of axes"});
  }
  return text[1] == 'C' && text.size() > 2;
}

Specs infer_bias_add(const InferContext& c) {
  require_equal_dtypes(c);
  require_numbers(c);
  const bool first = channels_first(c.attrs[0]);
  const Shape &value = c.inputs[0].shape, &bias = c.inputs[1].shape;
  if (value.has_rank() && value.rank() < 2) {
    throw InvalidArgument(fmt::format("Input tensor must be at least 2D: {}", value.to_string()));
  }
  if (bias.has_rank() && bias.rank() != 1) {
    throw InvalidArgument(fmt::format("Biases must be 1D: {}", bias.to_string()));
  }
  if (value.has_rank() && bias.has_rank()) {
    const int64_t channels = value[first ? 1 : -1];
    if (channels != bias[0] && channels != kUnknown && bias[0] != kUnknown) {
      throw InvalidArgument(
          fmt::format("Must provide as many biases as the {} dimension of the input tensor: {} vs. "
                      "{}",
                      first ? "second" : "last", bias.to_string(), value.to_string()));
    }
  }
  return {c.inputs[0]};
}

Tensors compose_bias_add(std::span<const Tensor> in, const Attrs& attrs) {
  infer_bias_add(
      {op::bias_add, Specs{{in[0].dtype(), in[0].shape()}, {in[1].dtype(), in[1].shape()}}, attrs});
  if (!channels_first(attrs[0])) return {add(in[0], in[1])};
  Dims sizes(in[0].rank() - 1, 1);
  sizes[0] = in[1].dim(0);
  return {add(in[0], reshape(in[1], Shape(sizes)))};
}

// Attributes of conv_bias: the four of a convolution, relu. Of fused_conv2d: the same, with the
// activation's name.
Specs infer_conv_bias(const InferContext& c) {
  require_equal_dtypes(c);
  require_floating(c);
  const Shape image =
      convolved(op::conv2d, c.inputs[0].shape, c.inputs[1].shape, window_attrs(c.attrs, 0));
  const Shape &filters = c.inputs[1].shape, &bias = c.inputs[2].shape;
  if ((bias.has_rank() && bias.rank() != 1) ||
      (filters.has_rank() && !compatible(bias, Shape{filters[-1]}))) {
    throw InvalidArgument(fmt::format("filters of shape {} want one bias for each output, not {}",
                                      filters.to_string(), bias.to_string()));
  }
  return {{c.inputs[0].dtype, image}};
}

Ints all_but(int axis, int rank) {
  Ints axes;
  for (int i = 0; i < rank; ++i) {
    if (i != axis) axes.push_back(i);
  }
  return axes;
}

Tensors gradient_conv_bias(const GradientContext& c) {
  const WindowAttrs a = window_attrs(c.attrs, 0);
  const ImageLayout layout(c.op, c.output_specs[0].shape.rank(), 2, a.data_format);
  Tensor g = c.grads[0], bias;
  if (c.attrs.flag(4)) {
    if (layout.channels_first) {
      g = where(greater(c.outputs[0], Tensor::scalar(0, g.dtype())), g,
                Tensor::scalar(0, g.dtype()));
    } else {
      const ReluBiasGradient both = relu_bias_gradient(g, c.outputs[0]);
      g = both.gradient, bias = both.bias;
    }
  }
  Tensors grads(3);
  if (c.needed[0]) grads[0] = image_gradient(g, c.inputs[1], c.input_specs[0].shape, a);
  if (c.needed[1]) grads[1] = filter_gradient(c.inputs[0], g, c.input_specs[1].shape, a);
  if (c.needed[2]) {
    grads[2] =
        bias.defined() ? bias : reduce_sum(g, {.axis = all_but(layout.channels(), layout.rank)});
  }
  return grads;
}

Tensors compose_fused_conv2d(std::span<const Tensor> in, const Attrs& attrs) {
  const WindowAttrs a = window_attrs(attrs, 0);
  const std::string activation = attrs.none(4) ? "" : attrs.text(4);
  const bool relu = activation == "relu";
  const Tensor y =
      call(op::conv_bias, in, {a.strides, a.padding, a.data_format, a.dilations, relu});
  return {relu ? y : apply_activation(activation, y)};
}

}  // namespace

constinit Op op::convolution = {
    .names = "nn.convolution",
    .parameters =
        "input: tensor, filters: tensor, strides: ints? = None, padding: str|ints = "
        "'VALID', data_format: str? = None, dilations: ints? = None",
    .doc = "The convolution of images of one, two or three spatial axes.",
    .infer = infer_convolution,
    .gradient = gradient_convolution,
    .saves = Saves::inputs};
constinit Op op::conv1d = {
    .names = "nn.conv1d",
    .parameters =
        "input: tensor, filters: tensor, stride: ints, padding: str|ints, "
        "data_format: str? = 'NWC', dilations: ints? = None",
    .doc = "The convolution of series [batch, width, in] with filters [width, in / groups, out].",
    .infer = infer_convolution,
    .compose = compose_for_rank<op::conv1d, op::convolution>};
constinit Op op::conv2d = {
    .names = "nn.conv2d",
    .parameters =
        "input: tensor, filters: tensor, strides: ints, padding: str|ints, "
        "data_format: str? = 'NHWC', dilations: ints? = None",
    .doc =
        "The convolution of images [batch, height, width, in] with filters [height, width, "
        "in / groups, out].",
    .infer = infer_convolution,
    .compose = compose_for_rank<op::conv2d, op::convolution>};
constinit Op op::conv3d = {
    .names = "nn.conv3d",
    .parameters =
        "input: tensor, filters: tensor, strides: ints, padding: str|ints, "
        "data_format: str? = 'NDHWC', dilations: ints? = None",
    .doc =
        "The convolution of volumes [batch, depth, height, width, in] with filters [depth, "
        "height, width, in / groups, out].",
    .infer = infer_convolution,
    .compose = compose_for_rank<op::conv3d, op::convolution>};
constinit Op op::conv_transpose = {
    .names = "nn.conv_transpose",
    .parameters =
        "input: tensor, filters: tensor, output_shape: ints, strides: ints, padding: "
        "str|ints = 'SAME', data_format: str? = None, dilations: ints? = None",
    .doc =
        "The adjoint of a convolution by its input: an image of `output_shape`, whose "
        "convolution has the input's shape. Filters are [spatial axes, out, in].",
    .infer = infer_transpose,
    .gradient = gradient_transpose,
    .saves = Saves::inputs};
constinit Op op::conv1d_transpose = {
    .names = "nn.conv1d_transpose",
    .parameters =
        "input: tensor, filters: tensor, output_shape: ints, strides: ints, padding: "
        "str|ints = 'SAME', data_format: str? = 'NWC', dilations: ints? = None",
    .doc = "The adjoint of conv1d by its input.",
    .infer = infer_transpose,
    .compose = compose_for_rank<op::conv1d_transpose, op::conv_transpose>};
constinit Op op::conv2d_transpose = {
    .names = "nn.conv2d_transpose",
    .parameters =
        "input: tensor, filters: tensor, output_shape: ints, strides: ints, padding: "
        "str|ints = 'SAME', data_format: str? = 'NHWC', dilations: ints? = None",
    .doc = "The adjoint of conv2d by its input.",
    .infer = infer_transpose,
    .compose = compose_for_rank<op::conv2d_transpose, op::conv_transpose>};
constinit Op op::conv3d_transpose = {
    .names = "nn.conv3d_transpose",
    .parameters =
        "input: tensor, filters: tensor, output_shape: ints, strides: ints, padding: "
        "str|ints = 'SAME', data_format: str? = 'NDHWC', dilations: ints? = None",
    .doc = "The adjoint of conv3d by its input.",
    .infer = infer_transpose,
    .compose = compose_for_rank<op::conv3d_transpose, op::conv_transpose>};
constinit Op op::conv_filter_gradient = {
    .names = "internal.conv_filter_gradient",
    .parameters =
        "input: tensor, g: tensor, filter_shape: ints, strides: ints? = None, padding: "
        "str|ints = 'VALID', data_format: str? = None, dilations: ints? = None",
    .doc = "The gradient of a convolution by its filters.",
    .infer = infer_filter_gradient,
    .gradient = gradient_filter_gradient,
    .saves = Saves::inputs};
constinit Op op::depthwise_conv2d = {
    .names = "nn.depthwise_conv2d",
    .parameters =
        "input: tensor, filter: tensor, strides: ints, padding: str|ints, "
        "data_format: str? = None, dilations: ints? = None",
    .doc =
        "The convolution of every channel with `multiplier` filters of its own: filter [height, "
        "width, channels, multiplier].",
    .infer = infer_depthwise,
    .compose = compose_depthwise};
constinit Op op::separable_conv2d = {
    .names = "nn.separable_conv2d",
    .parameters =
        "input: tensor, depthwise_filter: tensor, pointwise_filter: tensor, strides: "
        "ints, padding: str|ints, data_format: str? = None, dilations: ints? = None",
    .doc = "depthwise_conv2d, followed by a convolution with filters of one pixel.",
    .infer = infer_separable,
    .compose = compose_separable};
constinit Op op::bias_add = {.names = "nn.bias_add",
                             .parameters = "value: tensor, bias: tensor, data_format: str? = None",
                             .doc = "value + bias, one number per channel.",
                             .infer = infer_bias_add,
                             .compose = compose_bias_add};
constinit Op op::fused_conv2d = {
    .names = "nn.fused_conv2d",
    .parameters =
        "input: tensor, filters: tensor, bias: tensor, strides: ints, padding: str|ints, "
        "data_format: str? = 'NHWC', dilations: ints? = None, activation: str? = None",
    .doc = "activation(conv2d(input, filters) + bias) in one pass over memory. Millstream's own.",
    .infer = infer_conv_bias,
    .compose = compose_fused_conv2d};
constinit Op op::conv_bias = {
    .names = "internal.conv_bias",
    .parameters =
        "input: tensor, filters: tensor, bias: tensor, strides: ints, padding: str|ints, "
        "data_format: str?, dilations: ints?, relu: bool",
    .doc = "conv2d and its bias, with negative results set to 0 if `relu`.",
    .infer = infer_conv_bias,
    .gradient = gradient_conv_bias};

static const RegisterOps family({&op::convolution, &op::conv1d, &op::conv2d, &op::conv3d,
                                 &op::conv_transpose, &op::conv1d_transpose, &op::conv2d_transpose,
                                 &op::conv3d_transpose, &op::conv_filter_gradient,
                                 &op::depthwise_conv2d, &op::separable_conv2d, &op::bias_add,
                                 &op::fused_conv2d, &op::conv_bias});

// --- C++ calls -----------------------------------------------------------------------------------

namespace {

Attr attr_of(const Padding& padding) {
  return std::visit([](const auto& value) { return Attr(value); }, padding);
}
template <class T>
Attr attr_of(const std::optional<T>& value) {
  return value ? Attr(*value) : Attr();
}

Tensor convolve(const Op& op, const Tensor& input, const Tensor& filters, const Ints& strides,
                const Padding& padding, const ConvOptions& o) {
  return call(op, {input, filters},
              {strides, attr_of(padding), attr_of(o.data_format), attr_of(o.dilations)});
}

}  // namespace

Tensor conv1d(const Tensor& input, const Tensor& filters, const Ints& stride,
              const Padding& padding, const ConvOptions& o) {
  return convolve(op::conv1d, input, filters, stride, padding, o);
}

Tensor conv2d(const Tensor& input, const Tensor& filters, const Ints& strides,
              const Padding& padding, const ConvOptions& o) {
  return convolve(op::conv2d, input, filters, strides, padding, o);
}

Tensor conv3d(const Tensor& input, const Tensor& filters, const Ints& strides,
              const Padding& padding, const ConvOptions& o) {
  return convolve(op::conv3d, input, filters, strides, padding, o);
}

Tensor depthwise_conv2d(const Tensor& input, const Tensor& filter, const Ints& strides,
                        const Padding& padding, const ConvOptions& o) {
  return convolve(op::depthwise_conv2d, input, filter, strides, padding, o);
}

Tensor conv2d_transpose(const Tensor& input, const Tensor& filters, const Shape& output_shape,
                        const Ints& strides, const Padding& padding, const ConvOptions& o) {
  return call(op::conv2d_transpose, {input, filters},
              {to_ints(output_shape), strides, attr_of(padding), attr_of(o.data_format),
               attr_of(o.dilations)});
}

Tensor bias_add(const Tensor& value, const Tensor& bias,
                const std::optional<std::string>& data_format) {
  return call(op::bias_add, {value, bias}, {attr_of(data_format)});
}

Tensor fused_conv2d(const Tensor& input, const Tensor& filters, const Tensor& bias,
                    const Ints& strides, const Padding& padding, const FusedConvOptions& o) {
  return call(
      op::fused_conv2d, {input, filters, bias},
      {strides, attr_of(padding), attr_of(o.data_format), attr_of(o.dilations), o.activation});
}

ConvShape::ConvShape(const Op& op, const Shape& image, const Shape& filters,
                     const WindowAttrs& attrs) {
  const ImageLayout layout(op, image.rank(), filters.rank() - 2, attrs.data_format);
  channels_first = layout.channels_first;
  spatial = layout.spatial;
  batch = 1;
  for (int i = 0; i < layout.batch_axes(); ++i) batch *= image[i];
  in = image[layout.channels()], out = filters[-1];
  groups = in / filters[-2];
  windows = slide(op, layout, image, filters.dims(), attrs);
}

}  // namespace millstream
