#include "millstream/keras/layers/input.h"

#include "millstream/ops/array.h"
#include "millstream/ops/views.h"

namespace millstream::keras {
namespace layers {
namespace {

class InputLayerImpl : public LayerImpl {
 public:
  InputLayerImpl(Spec spec, const std::string& name)
      : LayerImpl({.name = name.empty() ? auto_name("input_layer") : name, .dtype = spec.dtype}),
        spec_(spec) {}

  std::string class_name() const override { return "InputLayer"; }
  Tensor call(const Tensor& x, const CallContext&) override { return x; }
  Spec compute_output_spec(const Spec&) override { return spec_; }
  const Spec& spec() const { return spec_; }

  Config get_config() const override {
    Config::List shape;
    for (const int64_t size : spec_.shape.dims()) {
      shape.push_back(size == kUnknown ? Config() : Config(size));
    }
    return Config::Dict{{"batch_shape", shape}, {"dtype", name_of(spec_.dtype)}, {"name", name()}};
  }

 private:
  Spec spec_;
};

const InputLayerImpl* input_of(const Layer& layer) {
  return dynamic_cast<const InputLayerImpl*>(&layer.impl());
}

Layer make(Dims dims, DType dtype, const std::string& name) {
  const auto impl = std::make_shared<InputLayerImpl>(Spec{dtype, Shape(dims)}, name);
  impl->infer(Specs{impl->spec()});
  return Layer(impl);
}

Layer from_config(const Config& config) {
  Dims dims;
  for (const Config& size : config["batch_shape"].list()) {
    dims.push_back(size.is_null() ? kUnknown : size.integer());
  }
  return make(dims, decode_dtype(config["dtype"]), config["name"].text());
}

}  // namespace

InputLayer::InputLayer(InputLayerOptions options)
    : Layer([&] {
        Dims dims = options.shape.dims();
        dims.insert(0, options.batch_size);
        return make(dims, options.dtype, options.name);
      }()) {}

bool is_input(const Layer& layer) { return input_of(layer) != nullptr; }
Spec input_spec(const Layer& input) { return input_of(input)->spec(); }

Tensor fit_to_input(const Tensor& x, const Layer& input) {
  const Spec& spec = input_of(input)->spec();
  Tensor fitted = x;
  const int rank = spec.shape.rank();
  if (x.rank() + 1 == rank && spec.shape[-1] == 1) fitted = expand_dims(x, -1);
  if (x.rank() == rank + 1 && x.dim(-1) == 1) fitted = squeeze(x, Ints{-1});
  bool fits = fitted.rank() == rank;
  for (int i = 0; fits && i < rank; ++i) {
    fits = spec.shape[i] == kUnknown || spec.shape[i] == fitted.dim(i);
  }
  if (!fits) {
    throw InvalidArgument(fmt::format("input '{}' takes {} and is given {}{}", input.name(),
                                      to_string(spec), name_of(x.dtype()), x.shape().to_string()));
  }
  return cast(fitted, spec.dtype);
}

static const bool listed = [] {
  Registry<Layer>::add("InputLayer", from_config);
  return true;
}();

}  // namespace layers

KerasTensor Input(InputOptions options) {
  const layers::InputLayer layer({.shape = options.shape,
                                  .batch_size = options.batch_size,
                                  .dtype = options.dtype,
                                  .name = options.name});
  const Specs specs{layers::input_spec(layer)};
  return {std::make_shared<KerasNode>(KerasNode{layer.pointer(), {}, specs}), 0};
}

}  // namespace millstream::keras
