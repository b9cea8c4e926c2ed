#include "millstream/keras/layers/pooling.h"

#include <algorithm>

#include "millstream/ops/array.h"
#include "millstream/ops/pool.h"
#include "millstream/ops/reduce.h"

namespace millstream::keras::layers {
namespace {

class Windows : public Configured<Pooling2DOptions> {
 public:
  Windows(const char* name, Pooling2DOptions options, const Op& op)
      : Configured(name, std::move(options)), op_(op) {
    check_choice("padding", options_.padding, {"valid", "same"});
    const Pair size = options_.pool_size, strides = options_.strides.value_or(size);
    for (const int64_t value : {size.height, size.width, strides.height, strides.width}) {
      check_positive("pool_size and strides", value);
    }
    attrs_ = {Ints{size.height, size.width}, Ints{strides.height, strides.width},
              options_.padding == "same" ? std::string("SAME") : std::string("VALID"),
              layout_of(options_.data_format)};
  }

  Tensor call(const Tensor& x, const CallContext&) override {
    return millstream::call(op_, {cast(x, dtype())}, attrs_);
  }

  Spec compute_output_spec(const Spec& input) override {
    return millstream::infer(op_, std::span(&input, 1), attrs_)[0];
  }

 private:
  const Op& op_;
  Attrs attrs_;
};

using Reduce = Tensor (*)(const Tensor&, const ReduceOptions&);

class Global : public Configured<GlobalPooling2DOptions> {
 public:
  Global(const char* name, GlobalPooling2DOptions options, Reduce reduce)
      : Configured(name, std::move(options)),
        reduce_(reduce),
        axes_(layout_of(options_.data_format) == "NHWC" ? Ints{1, 2} : Ints{2, 3}) {}

  Tensor call(const Tensor& x, const CallContext&) override {
    check_rank(x.shape(), 4, "[batch, height, width, channels]");
    return reduce_(cast(x, dtype()), {.axis = axes_, .keepdims = options_.keepdims});
  }

  Spec compute_output_spec(const Spec& input) override {
    check_rank(input.shape, 4, "[batch, height, width, channels]");
    Dims dims;
    for (int i = 0; i < 4; ++i) {
      const bool folded = std::find(axes_.begin(), axes_.end(), i) != axes_.end();
      if (!folded) dims.push_back(input.shape[i]);
      if (folded && options_.keepdims) dims.push_back(1);
    }
    return {dtype(), Shape(dims)};
  }

 private:
  Reduce reduce_;
  Ints axes_;
};

}  // namespace

MaxPooling2D::MaxPooling2D(Pooling2DOptions options)
    : Layer(std::make_shared<Windows>("MaxPooling2D", std::move(options), op::max_pool2d)) {}
AveragePooling2D::AveragePooling2D(Pooling2DOptions options)
    : Layer(std::make_shared<Windows>("AveragePooling2D", std::move(options), op::avg_pool2d)) {}
GlobalAveragePooling2D::GlobalAveragePooling2D(GlobalPooling2DOptions options)
    : Layer(std::make_shared<Global>("GlobalAveragePooling2D", std::move(options), reduce_mean)) {}
GlobalMaxPooling2D::GlobalMaxPooling2D(GlobalPooling2DOptions options)
    : Layer(std::make_shared<Global>("GlobalMaxPooling2D", std::move(options), reduce_max)) {}

static const Listed<MaxPooling2D, Pooling2DOptions> max_pooling("MaxPooling2D");
static const Listed<AveragePooling2D, Pooling2DOptions> average_pooling("AveragePooling2D");
static const Listed<GlobalAveragePooling2D, GlobalPooling2DOptions> global_average(
    "GlobalAveragePooling2D");
static const Listed<GlobalMaxPooling2D, GlobalPooling2DOptions> global_max("GlobalMaxPooling2D");

}  // namespace millstream::keras::layers
