#include "millstream/ops/pool.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "millstream/ops/array.h"
#include "millstream/ops/views.h"

namespace millstream {
namespace {

constexpr int64_t kLargest = (int64_t{1} << 31) - 1;  // window or stride

// Two sizes from 1, 2 or one per dimension.
Ints spatial(const Ints& sizes, bool channels_last, std::string_view what) {
  const auto refuse = [&](std::string_view rule) {
    throw InvalidArgument(fmt::format("{}=[{}]: {}", what, fmt::join(sizes, ", "), rule));
  };
  for (const int64_t size : sizes) {
    if (size < 1 || size > kLargest) refuse("sizes are at least 1 and below 2^31");
  }
  if (sizes.size() == 1) return {sizes[0], sizes[0]};
  if (sizes.size() == 2) return sizes;
  if (sizes.size() != 4) refuse("give one size, two, or one for each of the 4 dimensions");
  const size_t height = channels_last ? 1 : 2;
  if (sizes[0] != 1 || sizes[channels_last ? 3 : 1] != 1) {
    refuse("the sizes of batch and channels are 1");
  }
  return {sizes[height], sizes[height + 1]};
}

int64_t output_size(int64_t size, int64_t window, int64_t stride, bool same) {
  if (size == kUnknown) return kUnknown;
  if (same) return (size + stride - 1) / stride;
  if (size < window) {
    throw InvalidArgument(
        {.message = fmt::format("a window of {} is larger than the image's {}", window, size),
         .hint = "padding='SAME', or a smaller window"});
  }
  return (size - window) / stride + 1;
}

bool channels_last(const std::string& format) {
  if (format != "NHWC" && format != "NCHW") {
    throw InvalidArgument(fmt::format("data_format='{}' is neither 'NHWC' nor 'NCHW'", format));
  }
  return format == "NHWC";
}

bool same_padding(const std::string& padding) {
  if (padding != "SAME" && padding != "VALID") {
    throw InvalidArgument(fmt::format("padding='{}' is neither 'SAME' nor 'VALID'", padding));
  }
  return padding == "SAME";
}

void check_dtype(const InferContext& c, bool mean) {
  const DType dtype = c.inputs[0].dtype;
  if (dtype == boolean) {
    throw InvalidArgument(
        {.message = "pooling does not take bool images", .hint = "cast(x, float32)"});
  }
  if (mean && !is_floating(dtype)) {
    throw InvalidArgument(
        {.message = fmt::format("{} has no mean", name_of(dtype)), .hint = "cast(x, float32)"});
  }
}

// Attributes of the user's ops: ksize, strides, padding, data_format.
Specs infer_pool2d(const InferContext& c) {
  const bool last = channels_last(c.attrs.text(3)), same = same_padding(c.attrs.text(2));
  const Ints window = spatial(c.attrs.ints(0), last, "ksize");
  const Ints stride = spatial(c.attrs.ints(1), last, "strides");
  check_dtype(c, &c.op == &op::avg_pool2d || &c.op == &op::avg_pool);
  const Shape& image = c.inputs[0].shape;
  if (!image.has_rank()) return {{c.inputs[0].dtype, Shape{-1, -1, -1, -1}}};
  if (image.rank() != 4) {
    throw InvalidArgument(
        fmt::format("pooling takes images of rank 4, [batch, height, width, "
                    "channels], not of shape {}",
                    image.to_string()));
  }
  Dims sizes = image.dims();
  for (int axis = 0; axis < 2; ++axis) {
    int64_t& size = sizes[axis + (last ? 1 : 2)];
    size = output_size(size, window[axis], stride[axis], same);
  }
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

template <Op& kernel>
Tensors compose_pool2d(std::span<const Tensor> inputs, const Attrs& attrs) {
  const Spec spec{inputs[0].dtype(), inputs[0].shape()};
  infer_pool2d({kernel, std::span(&spec, 1), attrs});
  const bool last = channels_last(attrs.text(3)), same = same_padding(attrs.text(2));
  const Ints window = spatial(attrs.ints(0), last, "ksize");
  const Ints stride = spatial(attrs.ints(1), last, "strides");
  const Tensor image = last ? inputs[0] : transpose(inputs[0], Ints{0, 2, 3, 1});
  Ints pad(2), outputs(2);
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t size = image.dim(axis + 1);
    outputs[axis] = output_size(size, window[axis], stride[axis], same);
    const int64_t total = (outputs[axis] - 1) * stride[axis] + window[axis] - size;
    pad[axis] = same ? std::max<int64_t>(total, 0) / 2 : 0;
  }
  const Tensor pooled = call(kernel, {image}, {window, stride, pad, outputs});
  return {last ? pooled : transpose(pooled, Ints{0, 3, 1, 2})};
}

// Attributes of the kernel ops: window, stride, pad, outputs (two sizes each). Every window must
// hold a pixel of the image.
void check_windows(const Shape& image, const Attrs& attrs) {
  if (image.rank() != 4) throw InvalidArgument("an image has 4 dimensions");
  for (size_t i = 0; i < attrs.size(); ++i) {
    if (attrs.ints(i).size() != 2) throw InvalidArgument("windows have two sizes of each kind");
  }
  for (int i = 0; i < 2; ++i) {
    const int64_t window = attrs.ints(0)[i], stride = attrs.ints(1)[i], pad = attrs.ints(2)[i];
    const int64_t outputs = attrs.ints(3)[i], size = image[i + 1];
    int64_t reach = 0;  // of the last window's first pixel
    const bool fits = window > 0 && window <= kLargest && stride > 0 && stride <= kLargest &&
                      pad >= 0 && pad < window && outputs >= 0 &&
                      !__builtin_mul_overflow(outputs - 1, stride, &reach) &&
                      (size == kUnknown || outputs == 0 || reach - pad < size);
    if (!fits) throw InvalidArgument("the windows do not lie on the image");
  }
}

Spec pooled_spec(const Spec& image, const Attrs& attrs) {
  const Ints& outputs = attrs.ints(3);
  return {image.dtype, Shape{image.shape[0], outputs[0], outputs[1], image.shape[3]}};
}

void check_like(const Spec& given, const Spec& wanted) {
  if (given.dtype == wanted.dtype && given.shape == wanted.shape) return;
  throw InvalidArgument(
      fmt::format("{} where the windows ask for {}", to_string(given), to_string(wanted)));
}

Specs infer_pooled(const InferContext& c) {
  check_dtype(c, &c.op == &op::avg_pool);
  check_windows(c.inputs[0].shape, c.attrs);
  return {pooled_spec(c.inputs[0], c.attrs)};
}

Specs infer_place(const InferContext& c) {
  const Spec pooled = infer_pooled(c)[0];
  check_like(c.inputs[1], pooled);
  check_like(c.inputs[2], pooled);
  return {c.inputs[0]};
}

Specs infer_pick(const InferContext& c) {
  const Spec pooled = infer_pooled(c)[0];
  check_like(c.inputs[1], pooled);
  check_like(c.inputs[2], c.inputs[0]);
  return {pooled};
}

Specs infer_spread(const InferContext& c) {
  check_dtype(c, true);
  const Shape& pooled = c.inputs[0].shape;
  const Ints& size = c.attrs.ints(4);
  if (pooled.rank() != 4 || size.size() != 2 || size[0] < 0 || size[1] < 0) {
    throw InvalidArgument("pooled images have 4 dimensions, an image has two sizes");
  }
  const Shape image{pooled[0], size[0], size[1], pooled[3]};
  check_windows(image, c.attrs);
  const Spec spec{c.inputs[0].dtype, image};
  if (!(pooled_spec(spec, c.attrs).shape == pooled)) {
    throw InvalidArgument("pooled images of another shape than the windows give");
  }
  return {spec};
}

Tensors gradient_max_pool(const GradientContext& c) {
  return {call(op::max_pool_place, {c.inputs[0], c.outputs[0], c.grads[0]}, c.attrs)};
}

Tensors gradient_place(const GradientContext& c) {
  return {Tensor(), Tensor(),
          call(op::max_pool_pick, {c.inputs[0], c.inputs[1], c.grads[0]}, c.attrs)};
}

Tensors gradient_pick(const GradientContext& c) {
  return {Tensor(), Tensor(),
          call(op::max_pool_place, {c.inputs[0], c.inputs[1], c.grads[0]}, c.attrs)};
}

Tensors gradient_avg_pool(const GradientContext& c) {
  const Shape& image = c.input_specs[0].shape;
  return {call(op::avg_pool_spread, {c.grads[0]},
               {c.attrs[0], c.attrs[1], c.attrs[2], c.attrs[3], Ints{image[1], image[2]}})};
}

Tensors gradient_spread(const GradientContext& c) {
  return {call(op::avg_pool, {c.grads[0]}, {c.attrs[0], c.attrs[1], c.attrs[2], c.attrs[3]})};
}

constexpr std::string_view kParameters =
    "input: tensor, ksize: ints, strides: ints, padding: str, data_format: str = 'NHWC'";
constexpr std::string_view kKernelParameters =
    "image: tensor, window: ints, stride: ints, pad: ints, outputs: ints";

}  // namespace

PoolWindows::PoolWindows(const Shape& image, const Shape& pooled, const Attrs& attrs)
    : batch(image[0]), channels(image[3]) {
  const auto axis = [&](int i) {
    return Axis{image[i + 1], attrs.ints(0)[i], attrs.ints(1)[i], attrs.ints(2)[i], pooled[i + 1]};
  };
  height = axis(0);
  width = axis(1);
}

constinit Op op::max_pool2d = {.names = "nn.max_pool2d nn.max_pool",
                               .parameters = kParameters,
                               .doc = "The largest element of each window of an image.",
                               .infer = infer_pool2d,
                               .compose = compose_pool2d<op::max_pool>};
constinit Op op::avg_pool2d = {.names = "nn.avg_pool2d nn.avg_pool",
                               .parameters = kParameters,
                               .doc = "The mean of each window of an image.",
                               .infer = infer_pool2d,
                               .compose = compose_pool2d<op::avg_pool>};
constinit Op op::max_pool = {.names = "internal.max_pool_windows",
                             .parameters = kKernelParameters,
                             .doc = "Maxima of the windows of NHWC images.",
                             .infer = infer_pooled,
                             .gradient = gradient_max_pool};
constinit Op op::max_pool_place = {
    .names = "internal.max_pool_place",
    .parameters =
        "image: tensor, pooled: tensor, values: tensor, window: ints, stride: ints, "
        "pad: ints, outputs: ints",
    .doc = "An image that holds `values` where each window of `image` had its first maximum.",
    .infer = infer_place,
    .gradient = gradient_place,
    .saves = Saves::inputs};
constinit Op op::max_pool_pick = {
    .names = "internal.max_pool_pick",
    .parameters =
        "image: tensor, pooled: tensor, values: tensor, window: ints, stride: ints, "
        "pad: ints, outputs: ints",
    .doc = "Elements of `values` where each window of `image` had its first maximum.",
    .infer = infer_pick,
    .gradient = gradient_pick,
    .saves = Saves::inputs};
constinit Op op::avg_pool = {.names = "internal.avg_pool_windows",
                             .parameters = kKernelParameters,
                             .doc = "Means of the windows of NHWC images.",
                             .infer = infer_pooled,
                             .gradient = gradient_avg_pool,
                             .saves = Saves::nothing};
constinit Op op::avg_pool_spread = {
    .names = "internal.avg_pool_spread",
    .parameters =
        "pooled: tensor, window: ints, stride: ints, pad: ints, outputs: ints, "
        "image_size: ints",
    .doc = "The adjoint of avg_pool_windows.",
    .infer = infer_spread,
    .gradient = gradient_spread,
    .saves = Saves::nothing};

static const RegisterOps family({&op::max_pool2d, &op::avg_pool2d, &op::max_pool,
                                 &op::max_pool_place, &op::max_pool_pick, &op::avg_pool,
                                 &op::avg_pool_spread});

Tensor max_pool2d(const Tensor& input, const Ints& ksize, const Ints& strides,
                  const std::string& padding, const PoolOptions& options) {
  return call(op::max_pool2d, {input}, {ksize, strides, padding, options.data_format});
}

Tensor avg_pool2d(const Tensor& input, const Ints& ksize, const Ints& strides,
                  const std::string& padding, const PoolOptions& options) {
  return call(op::avg_pool2d, {input}, {ksize, strides, padding, options.data_format});
}

}  // namespace millstream
