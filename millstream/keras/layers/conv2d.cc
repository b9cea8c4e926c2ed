#include "millstream/keras/layers/conv2d.h"

#include "millstream/ops/array.h"
#include "millstream/ops/conv.h"

namespace millstream::keras::layers {
namespace {

Ints ints(Pair pair) { return {pair.height, pair.width}; }

void check_pair(const char* field, Pair pair) {
  check_positive(field, pair.height);
  check_positive(field, pair.width);
}

// What the three share: checks, channels, bias and activation.
template <class Options>
class Convolution : public Configured<Options> {
 public:
  Convolution(const char* name, Options options)
      : Configured<Options>(name, std::move(options)),
        layout_(layout_of(this->options_.data_format)),
        padding_(this->options_.padding == "same" ? "SAME" : "VALID") {
    check_choice("padding", this->options_.padding, {"valid", "same"});
    check_pair("kernel_size", this->options_.kernel_size);
    check_pair("strides", this->options_.strides);
  }

 protected:
  bool channels_last() const { return layout_ == "NHWC"; }

  int64_t channels_of(const Shape& input) const {
    check_rank(
        input, 4,
        channels_last() ? "[batch, height, width, channels]" : "[batch, channels, height, width]");
    const int64_t channels = input[channels_last() ? 3 : 1];
    if (channels == kUnknown) {
      throw InvalidArgument("the number of channels must be known, and the input has the shape " +
                            input.to_string());
    }
    return channels;
  }

  void add_bias(int64_t channels) {
    if (!this->options_.use_bias) return;
    bias_ = this->add_weight({.name = "bias",
                              .shape = {channels},
                              .initializer = this->options_.bias_initializer,
                              .regularizer = this->options_.bias_regularizer});
  }

  Tensor finish(const Tensor& y) const {
    return this->options_.activation(bias_.defined() ? bias_add(y, bias_, layout_) : y);
  }

  Spec spec_of(const Spec& input, int64_t height, int64_t width, int64_t channels) const {
    const int64_t batch = input.shape[0];
    return {this->dtype(), channels_last() ? Shape{batch, height, width, channels}
                                           : Shape{batch, channels, height, width}};
  }

  const std::string layout_, padding_;
  Variable kernel_, bias_;
};

// Size of the output along an axis.
int64_t output_size(int64_t size, int64_t kernel, int64_t stride, int64_t dilation, bool same) {
  if (size == kUnknown) return kUnknown;
  const int64_t reach = (kernel - 1) * dilation + 1;
  const int64_t outputs = same ? (size + stride - 1) / stride : (size - reach) / stride + 1;
  if (!same && size < reach) {
    throw InvalidArgument(fmt::format(
        "a kernel that reaches over {} pixels does not fit an image of {}", reach, size));
  }
  return outputs;
}

class Conv2DImpl : public Convolution<Conv2DOptions> {
 public:
  explicit Conv2DImpl(Conv2DOptions options) : Convolution("Conv2D", std::move(options)) {
    check_positive("filters", options_.filters);
    check_positive("groups", options_.groups);
    check_pair("dilation_rate", options_.dilation_rate);
    if (options_.filters % options_.groups != 0) {
      throw InvalidArgument(fmt::format("Conv2D: {} filters cannot be split into {} groups",
                                        options_.filters, options_.groups));
    }
  }

  void build(const Shape& input) override {
    const int64_t channels = channels_of(input), groups = options_.groups;
    if (channels % groups != 0) {
      throw InvalidArgument(
          fmt::format("{} channels cannot be split into {} groups", channels, groups));
    }
    const Pair size = options_.kernel_size;
    kernel_ = add_weight({.name = "kernel",
                          .shape = {size.height, size.width, channels / groups, options_.filters},
                          .initializer = options_.kernel_initializer,
                          .regularizer = options_.kernel_regularizer});
    add_bias(options_.filters);
  }

  Tensor call(const Tensor& input, const CallContext&) override {
    const Tensor x = cast(input, dtype());
    const Ints strides = ints(options_.strides), dilations = ints(options_.dilation_rate);
    if (!options_.use_bias) {
      return options_.activation(
          conv2d(x, kernel_, strides, padding_, {.data_format = layout_, .dilations = dilations}));
    }
    const bool fused = options_.activation.name() == "relu";
    const Tensor y = fused_conv2d(
        x, kernel_, bias_, strides, padding_,
        {.data_format = layout_, .dilations = dilations, .activation = fused ? "relu" : ""});
    return fused ? y : options_.activation(y);
  }

  Spec compute_output_spec(const Spec& input) override {
    channels_of(input.shape);
    const auto& o = options_;
    const int at = channels_last() ? 1 : 2;
    const bool same = padding_ == "SAME";
    return spec_of(input,
                   output_size(input.shape[at], o.kernel_size.height, o.strides.height,
                               o.dilation_rate.height, same),
                   output_size(input.shape[at + 1], o.kernel_size.width, o.strides.width,
                               o.dilation_rate.width, same),
                   o.filters);
  }
};

class DepthwiseConv2DImpl : public Convolution<DepthwiseConv2DOptions> {
 public:
  explicit DepthwiseConv2DImpl(DepthwiseConv2DOptions options)
      : Convolution("DepthwiseConv2D", std::move(options)) {
    check_positive("depth_multiplier", options_.depth_multiplier);
    check_pair("dilation_rate", options_.dilation_rate);
  }

  void build(const Shape& input) override {
    const int64_t channels = channels_of(input);
    const Pair size = options_.kernel_size;
    kernel_ = add_weight({.name = "kernel",
                          .shape = {size.height, size.width, channels, options_.depth_multiplier},
                          .initializer = options_.depthwise_initializer,
                          .regularizer = options_.depthwise_regularizer});
    add_bias(channels * options_.depth_multiplier);
  }

  Tensor call(const Tensor& input, const CallContext&) override {
    const Pair s = options_.strides;
    const Ints strides =
        channels_last() ? Ints{1, s.height, s.width, 1} : Ints{1, 1, s.height, s.width};
    return finish(
        depthwise_conv2d(cast(input, dtype()), kernel_, strides, padding_,
                         {.data_format = layout_, .dilations = ints(options_.dilation_rate)}));
  }

  Spec compute_output_spec(const Spec& input) override {
    const auto& o = options_;
    const int64_t channels = channels_of(input.shape);
    const int at = channels_last() ? 1 : 2;
    const bool same = padding_ == "SAME";
    return spec_of(input,
                   output_size(input.shape[at], o.kernel_size.height, o.strides.height,
                               o.dilation_rate.height, same),
                   output_size(input.shape[at + 1], o.kernel_size.width, o.strides.width,
                               o.dilation_rate.width, same),
                   channels * o.depth_multiplier);
  }
};

class Conv2DTransposeImpl : public Convolution<Conv2DTransposeOptions> {
 public:
  explicit Conv2DTransposeImpl(Conv2DTransposeOptions options)
      : Convolution("Conv2DTranspose", std::move(options)) {
    check_positive("filters", options_.filters);
    const auto& extra = options_.output_padding;
    if (extra &&
        (extra->height >= options_.strides.height || extra->width >= options_.strides.width)) {
      throw InvalidArgument("Conv2DTranspose: output_padding must be less than strides");
    }
  }

  void build(const Shape& input) override {
    const Pair size = options_.kernel_size;
    kernel_ = add_weight({.name = "kernel",
                          .shape = {size.height, size.width, options_.filters, channels_of(input)},
                          .initializer = options_.kernel_initializer,
                          .regularizer = options_.kernel_regularizer});
    add_bias(options_.filters);
  }

  Tensor call(const Tensor& input, const CallContext&) override {
    const Spec output = compute_output_spec({input.dtype(), input.shape()});
    return finish(conv2d_transpose(cast(input, dtype()), kernel_, output.shape,
                                   ints(options_.strides), padding_, {.data_format = layout_}));
  }

  Spec compute_output_spec(const Spec& input) override {
    channels_of(input.shape);
    const auto& o = options_;
    const int at = channels_last() ? 1 : 2;
    const auto extra = [&](int64_t Pair::*side) {
      return o.output_padding ? std::optional(*o.output_padding.*side) : std::nullopt;
    };
    return spec_of(
        input,
        larger_size(input.shape[at], o.kernel_size.height, o.strides.height, extra(&Pair::height)),
        larger_size(input.shape[at + 1], o.kernel_size.width, o.strides.width, extra(&Pair::width)),
        o.filters);
  }

 private:
  int64_t larger_size(int64_t size, int64_t kernel, int64_t stride,
                      std::optional<int64_t> extra) const {
    if (size == kUnknown) return kUnknown;
    const bool same = padding_ == "SAME";
    if (!extra) return same ? size * stride : size * stride + std::max<int64_t>(kernel - stride, 0);
    return (size - 1) * stride + kernel - (same ? 2 * (kernel / 2) : 0) + *extra;
  }
};

}  // namespace

Conv2D::Conv2D(Conv2DOptions options) : Layer(std::make_shared<Conv2DImpl>(std::move(options))) {}
DepthwiseConv2D::DepthwiseConv2D(DepthwiseConv2DOptions options)
    : Layer(std::make_shared<DepthwiseConv2DImpl>(std::move(options))) {}
Conv2DTranspose::Conv2DTranspose(Conv2DTransposeOptions options)
    : Layer(std::make_shared<Conv2DTransposeImpl>(std::move(options))) {}

static const Listed<Conv2D, Conv2DOptions> conv("Conv2D");
static const Listed<DepthwiseConv2D, DepthwiseConv2DOptions> depthwise("DepthwiseConv2D");
static const Listed<Conv2DTranspose, Conv2DTransposeOptions> transposed("Conv2DTranspose");

}  // namespace millstream::keras::layers
