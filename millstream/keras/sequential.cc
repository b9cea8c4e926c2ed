#include "millstream/keras/layers/input.h"
#include "millstream/keras/model.h"

namespace millstream::keras {
namespace {

class SequentialImpl : public ModelImpl {
 public:
  SequentialImpl(const std::string& name, const std::vector<Layer>& layers)
      : ModelImpl({.name = name.empty() ? auto_name("sequential") : name}) {
    for (const Layer& layer : layers) append(layer);
    update();
  }

  std::string class_name() const override { return "Sequential"; }

  void add(const Layer& layer) {
    append(layer);
    update();
  }

  void pop() {
    if (layers_.empty()) throw InvalidArgument("the model has no layer to remove");
    layers_.pop_back();
    update();
  }

  Tensors call_all(std::span<const Tensor> inputs, const CallContext&) override {
    Tensors x(inputs.begin(), inputs.end());
    if (input_.defined() && x.size() == 1) x[0] = layers::fit_to_input(x[0], input_);
    for (const Layer& layer : layers_) x = layer.call_all(x);
    return x;
  }

  Specs compute_output_specs(std::span<const Spec> inputs) override {
    Specs x(inputs.begin(), inputs.end());
    for (const Layer& layer : layers_) x = layer.impl().infer(x);
    return x;
  }

  Config get_config() const override {
    Config::List layers;
    if (input_.defined()) layers.push_back(serialize(input_));
    for (const Layer& layer : layers_) layers.push_back(serialize(layer));
    Config config = LayerImpl::get_config();
    config.set("layers", std::move(layers));
    return config;
  }

 private:
  void append(const Layer& layer) {
    if (!layers::is_input(layer)) {
      layers_.push_back(layer);
    } else if (layers_.empty() && !input_.defined()) {
      input_ = layer;
    } else {
      throw InvalidArgument("the Input of a Sequential model must come first");
    }
  }

  // With an Input the weights are made at once.
  void update() {
    set_sublayers(layers_);
    if (input_.defined()) infer(Specs{layers::input_spec(input_)});
  }

  Layer input_;
  std::vector<Layer> layers_;  // a layer may stand here twice
};

SequentialImpl& sequential(const Model& model) {
  return static_cast<SequentialImpl&>(model.impl());
}

Layer sequential_from_config(const Config& config) {
  std::vector<Layer> layers;
  for (const Config& layer : config["layers"].list()) layers.push_back(deserialize_layer(layer));
  return Sequential(layers, config["name"].text());
}

}  // namespace

Sequential::Sequential(std::vector<Layer> layers, const std::string& name)
    : Model(std::make_shared<SequentialImpl>(name, layers)) {}

void Sequential::add(const Layer& layer) const { sequential(*this).add(layer); }
void Sequential::pop() const { sequential(*this).pop(); }

static const bool listed = [] {
  Registry<Layer>::add("Sequential", sequential_from_config);
  return true;
}();

}  // namespace millstream::keras
