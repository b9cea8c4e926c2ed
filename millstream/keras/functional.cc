#include <algorithm>
#include <unordered_map>

#include "millstream/keras/layers/input.h"
#include "millstream/keras/model.h"

namespace millstream::keras {
namespace {

class FunctionalImpl : public ModelImpl {
 public:
  FunctionalImpl(const std::string& name, std::vector<KerasTensor> inputs,
                 std::vector<KerasTensor> outputs)
      : ModelImpl({.name = name.empty() ? auto_name("functional") : name}),
        inputs_(std::move(inputs)),
        outputs_(std::move(outputs)) {
    if (inputs_.empty() || outputs_.empty()) {
      throw InvalidArgument("a model needs at least one input and one output");
    }
    for (const KerasTensor& output : outputs_) visit(output);
    std::vector<Layer> layers;
    for (const auto& node : order_) layers.emplace_back(node->layer);
    set_sublayers(layers);
    Specs specs;
    for (const KerasTensor& input : inputs_) specs.push_back(input.spec());
    infer(specs);
  }

  std::string class_name() const override { return "Functional"; }

  Tensors call_all(std::span<const Tensor> inputs, const CallContext&) override {
    check_count(inputs.size());
    std::unordered_map<const KerasNode*, Tensors> values;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const KerasTensor& input = inputs_[i];
      const Layer layer(input.node()->layer);
      Tensors& slots = values[input.node().get()];
      slots.resize(input.node()->outputs.size());
      slots[input.index()] =
          layers::is_input(layer) ? layers::fit_to_input(inputs[i], layer) : inputs[i];
    }
    const auto value_of = [&](const KerasTensor& x) { return values[x.node().get()][x.index()]; };
    for (const auto& node : order_) {
      if (values.contains(node.get())) continue;  // an input
      Tensors arguments;
      for (const KerasTensor& input : node->inputs) arguments.push_back(value_of(input));
      values[node.get()] = Layer(node->layer).call_all(arguments);
    }
    Tensors results;
    for (const KerasTensor& output : outputs_) results.push_back(value_of(output));
    return results;
  }

  // The layers again, for inputs that may say more or less than those of the description.
  Specs compute_output_specs(std::span<const Spec> inputs) override {
    check_count(inputs.size());
    std::unordered_map<const KerasNode*, Specs> specs;
    for (size_t i = 0; i < inputs.size(); ++i) {
      specs[inputs_[i].node().get()] = inputs_[i].node()->outputs;
      specs[inputs_[i].node().get()][inputs_[i].index()] = inputs[i];
    }
    const auto spec_of = [&](const KerasTensor& x) { return specs[x.node().get()][x.index()]; };
    for (const auto& node : order_) {
      if (specs.contains(node.get())) continue;
      Specs arguments;
      for (const KerasTensor& input : node->inputs) arguments.push_back(spec_of(input));
      specs[node.get()] = node->layer->infer(arguments);
    }
    Specs results;
    for (const KerasTensor& output : outputs_) results.push_back(spec_of(output));
    return results;
  }

  bool has_branches() const override {
    if (inputs_.size() > 1 || order_.size() != sublayers().size()) return true;
    for (size_t i = 1; i < order_.size(); ++i) {
      const auto& inputs = order_[i]->inputs;
      if (inputs.size() != 1 || inputs[0].node() != order_[i - 1]) return true;
    }
    return false;
  }

  std::string connections(const Layer& layer) const override {
    std::string text;
    for (const auto& node : order_) {
      if (node->layer != layer.pointer()) continue;
      for (const KerasTensor& input : node->inputs) {
        text += fmt::format("{}{}[0][{}]", text.empty() ? "" : ", ", input.node()->layer->name(),
                            input.index());
      }
    }
    return text.empty() ? "-" : text;
  }

 private:
  bool is_given(const KerasTensor& tensor) const {
    return std::find(inputs_.begin(), inputs_.end(), tensor) != inputs_.end();
  }

  void check_count(size_t count) const {
    if (count == inputs_.size()) return;
    throw InvalidArgument(
        fmt::format("model '{}' has {} inputs and is given {}", name(), inputs_.size(), count));
  }

  // Appends the node of `tensor` after all that it needs. Of the inputs, only Input layers belong
  // to the model.
  void visit(const KerasTensor& tensor) {
    const auto& node = tensor.node();
    if (std::find(order_.begin(), order_.end(), node) != order_.end()) return;
    const bool source = node->inputs.empty();
    if (is_given(tensor)) {
      if (source) order_.push_back(node);
      return;
    }
    if (source) {
      throw InvalidArgument({.message = fmt::format("an output of model '{}' needs the input '{}'",
                                                    name(), node->layer->name()),
                             .hint = "name it among the inputs of the model"});
    }
    for (const KerasTensor& input : node->inputs) visit(input);
    order_.push_back(node);
  }

  std::vector<KerasTensor> inputs_, outputs_;
  std::vector<std::shared_ptr<const KerasNode>> order_;  // each node after those it needs
};

}  // namespace

Model::Model(const std::vector<KerasTensor>& inputs, const std::vector<KerasTensor>& outputs,
             const std::string& name)
    : Model(std::make_shared<FunctionalImpl>(name, inputs, outputs)) {}

}  // namespace millstream::keras
