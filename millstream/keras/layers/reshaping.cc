#include "millstream/keras/layers/reshaping.h"

#include <algorithm>

#include "millstream/ops/views.h"

namespace millstream::keras::layers {
namespace {

int64_t product(std::span<const int64_t> sizes) {
  int64_t product = 1;
  for (const int64_t size : sizes) {
    if (size == kUnknown) return kUnknown;
    product *= size;
  }
  return product;
}

class FlattenImpl : public Configured<FlattenOptions> {
 public:
  explicit FlattenImpl(FlattenOptions options) : Configured("Flatten", std::move(options)) {
    check_choice("Flatten: data_format", options_.data_format, {"channels_last", "channels_first"});
  }

  Tensor call(const Tensor& input, const CallContext&) override {
    Tensor x = input;
    if (options_.data_format == "channels_first" && x.rank() > 2) {
      Ints order{0};
      for (int i = 2; i < x.rank(); ++i) order.push_back(i);
      order.push_back(1);
      x = transpose(x, order);
    }
    if (x.rank() == 0) throw InvalidArgument("the input needs a batch dimension");
    const Spec spec = compute_output_spec({x.dtype(), x.shape()});
    return reshape(x, spec.shape);
  }

  Spec compute_output_spec(const Spec& input) override {
    const std::span<const int64_t> sizes = input.shape.dims();
    return {input.dtype, {sizes[0], product(sizes.subspan(1))}};
  }
};

class ReshapeImpl : public Configured<ReshapeOptions> {
 public:
  explicit ReshapeImpl(ReshapeOptions options) : Configured("Reshape", std::move(options)) {
    const auto& sizes = options_.target_shape;
    if (std::count(sizes.begin(), sizes.end(), kUnknown) > 1) {
      throw InvalidArgument("Reshape: only one size of target_shape may be -1");
    }
  }

  Tensor call(const Tensor& x, const CallContext&) override {
    return reshape(x, compute_output_spec({x.dtype(), x.shape()}).shape);
  }

  Spec compute_output_spec(const Spec& input) override {
    const std::span<const int64_t> sizes = input.shape.dims();
    const int64_t elements = product(sizes.subspan(1));
    Dims dims{sizes[0]};
    for (const int64_t size : options_.target_shape) dims.push_back(size);
    int64_t known = 1;
    for (const int64_t size : options_.target_shape) known *= size == kUnknown ? 1 : size;
    if (elements != kUnknown) {
      for (int i = 1; i < dims.size(); ++i) {
        if (dims[i] == kUnknown && known != 0 && elements % known == 0) dims[i] = elements / known;
      }
      if (product(std::span<const int64_t>(dims).subspan(1)) != elements) {
        throw InvalidArgument(fmt::format("the {} elements of a sample of shape {} do not fit {}",
                                          elements, input.shape.to_string(),
                                          Shape(dims).to_string()));
      }
    }
    return {input.dtype, Shape(dims)};
  }
};

}  // namespace

Flatten::Flatten(FlattenOptions options)
    : Layer(std::make_shared<FlattenImpl>(std::move(options))) {}
Reshape::Reshape(ReshapeOptions options)
    : Layer(std::make_shared<ReshapeImpl>(std::move(options))) {}

static const Listed<Flatten, FlattenOptions> flatten("Flatten");
static const Listed<Reshape, ReshapeOptions> reshaping("Reshape");

}  // namespace millstream::keras::layers
