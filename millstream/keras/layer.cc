#include "millstream/keras/layer.h"

#include <algorithm>
#include <unordered_set>

#include "millstream/keras/call_scope.h"
#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"

namespace millstream::keras {
namespace {

Spec spec_of(const Tensor& x) { return {x.dtype(), x.shape()}; }

Specs specs_of(std::span<const Tensor> tensors) {
  Specs specs;
  specs.reserve(tensors.size());
  for (const Tensor& tensor : tensors) specs.push_back(spec_of(tensor));
  return specs;
}

std::vector<Shape> shapes_of(std::span<const Spec> specs) {
  std::vector<Shape> shapes;
  for (const Spec& spec : specs) shapes.push_back(spec.shape);
  return shapes;
}

std::string list(std::span<const Spec> specs) {
  std::string text;
  for (const Spec& spec : specs) text += (text.empty() ? "" : ", ") + to_string(spec);
  return text;
}

// The shape with its first dimension, the batch, unknown.
Spec any_batch(Spec spec) {
  if (!spec.shape.has_rank() || spec.shape.rank() == 0) return spec;
  Dims dims = spec.shape.dims();
  dims[0] = kUnknown;
  return {spec.dtype, Shape(dims)};
}

// Zeros of the shape, with `batch` and `size` for unknown dimensions.
Tensor sample_of(const Spec& spec, int64_t batch, int64_t size) {
  if (!spec.shape.has_rank()) {
    throw Unimplemented("the output shape for an input of unknown rank is not known");
  }
  Dims dims = spec.shape.dims();
  for (int i = 0; i < dims.size(); ++i) {
    if (dims[i] == kUnknown) dims[i] = i == 0 ? batch : size;
  }
  return zeros(Shape(dims), spec.dtype);
}

bool all_known(std::span<const Spec> specs) {
  return std::all_of(specs.begin(), specs.end(), [](const Spec& s) { return s.shape.known(); });
}

}  // namespace

// --- defaults of the virtual functions -----------------------------------------------------------

Tensor LayerImpl::call(const Tensor&, const CallContext&) {
  throw Unimplemented(class_name() + " defines neither call nor call_all");
}

void LayerImpl::build_all(std::span<const Shape> inputs) {
  if (!inputs.empty()) build(inputs[0]);
}

Tensors LayerImpl::call_all(std::span<const Tensor> inputs, const CallContext& context) {
  if (inputs.size() != 1) {
    throw InvalidArgument(fmt::format("takes one input, not {}", inputs.size()));
  }
  return {call(inputs[0], context)};
}

// Called on zeros of two sizes: dimensions that differ are those that depend on unknown ones.
Specs LayerImpl::compute_output_specs(std::span<const Spec> inputs) {
  if (inputs.size() == 1) return {compute_output_spec(inputs[0])};
  return probe_output_specs(inputs);
}

Spec LayerImpl::compute_output_spec(const Spec& input) {
  return probe_output_specs(std::span(&input, 1))[0];
}

Specs LayerImpl::probe_output_specs(std::span<const Spec> inputs) {
  const auto outputs_for = [&](int64_t batch, int64_t size) {
    Tensors samples;
    for (const Spec& input : inputs) samples.push_back(sample_of(input, batch, size));
    return Observer::paused([&] {
      const CallScope scope(*this, false);
      return specs_of(call_all(samples, {}));
    });
  };
  Specs first = outputs_for(2, 16);
  if (all_known(inputs)) return first;
  const Specs second = outputs_for(3, 37);
  for (size_t i = 0; i < first.size(); ++i) {
    first[i].shape = merge_alternatives(first[i].shape, second[i].shape);
  }
  return first;
}

Config LayerImpl::get_config() const {
  return Config::Dict{
      {"name", name()}, {"trainable", trainable()}, {"dtype", encode_dtype(dtype())}};
}

// --- weights and losses --------------------------------------------------------------------------

const std::string& LayerImpl::name() const {
  if (basics_.name.empty()) basics_.name = auto_name(to_snake_case(class_name()));
  return basics_.name;
}

Variable LayerImpl::add_weight(WeightOptions options) {
  if (!options.shape.known()) {
    throw InvalidArgument({.message = fmt::format("the weight '{}' would have the shape {}",
                                                  options.name, options.shape.to_string()),
                           .hint = "give the input a last dimension that is known"});
  }
  const Tensor value = options.initializer(options.shape, options.dtype.value_or(dtype()));
  Variable weight(value, {.name = options.name, .trainable = options.trainable});
  weights_.push_back(weight);
  regularizers_.push_back(options.regularizer);
  return weight;
}

SeedGenerator LayerImpl::add_seed_generator(std::optional<int64_t> seed) {
  return seeds_.emplace_back(seed);
}

void LayerImpl::track(const Layer& layer) {
  const bool known = std::find(sublayers_.begin(), sublayers_.end(), layer) != sublayers_.end();
  if (!known && &layer.impl() != this) sublayers_.push_back(layer);
}

void LayerImpl::set_sublayers(const std::vector<Layer>& layers) {
  discovers_sublayers_ = false;
  sublayers_.clear();
  for (const Layer& layer : layers) track(layer);
  built_ = false;
  output_specs_.clear();
}

Tensors LayerImpl::losses() const {
  Tensors all = call_losses_;
  for (size_t i = 0; i < weights_.size(); ++i) {
    if (regularizers_[i].defined() && trainable() && weights_[i].trainable()) {
      all.push_back(regularizers_[i](weights_[i]));
    }
  }
  for (const Layer& sublayer : sublayers_) {
    for (const Tensor& loss : sublayer.losses()) all.push_back(loss);
  }
  return all;
}

void LayerImpl::clear_losses() {
  call_losses_.clear();
  for (const Layer& sublayer : sublayers_) sublayer.impl().clear_losses();
}

// --- building and calling ------------------------------------------------------------------------

void LayerImpl::ensure_built(std::span<const Spec> inputs) {
  if (built_) return;
  Observer::paused([&] { build_all(shapes_of(inputs)); });
  input_specs_.clear();
  for (const Spec& input : inputs) input_specs_.push_back(any_batch(input));
  built_ = true;
}

std::string LayerImpl::describe_call(std::span<const Spec> inputs) const {
  std::string text =
      fmt::format("layer '{}' ({}) called with {}", name(), class_name(), list(inputs));
  if (built_ && !input_specs_.empty()) text += fmt::format(" and built for {}", list(input_specs_));
  return text;
}

Tensors LayerImpl::checked_call(std::span<const Tensor> inputs, const CallContext& context) {
  Tensors outputs = call_all(inputs, context);
  if (basics_.activity_regularizer.defined()) {
    for (const Tensor& output : outputs) {
      const auto batch = static_cast<double>(std::max<int64_t>(1, output.dim(0)));
      add_loss(basics_.activity_regularizer(output) / batch);
    }
  }
  if (output_specs_.empty()) {
    for (const Tensor& output : outputs) output_specs_.push_back(any_batch(spec_of(output)));
  }
  return outputs;
}

Tensors LayerImpl::run(std::span<const Tensor> inputs, CallOptions options) {
  const CallScope* outer = CallScope::innermost();
  if (outer == nullptr) {
    clear_losses();
  } else if (outer->layer().discovers_sublayers_) {
    outer->layer().track(Layer(shared_from_this()));
  }
  const CallContext context{options.training.value_or(outer != nullptr && outer->training())};
  Tensors converted;
  for (const Tensor& input : inputs) {
    const bool convert = is_floating(input.dtype()) && input.dtype() != dtype();
    converted.push_back(convert ? cast(input, dtype()) : input);
  }
  try {
    if (!built_) ensure_built(specs_of(converted));
    const CallScope scope(*this, context.training);
    return checked_call(converted, context);
  } catch (Error& error) {
    error.add_scope(describe_call(specs_of(inputs)));
    throw;
  }
}

Specs LayerImpl::infer(std::span<const Spec> inputs) {
  try {
    ensure_built(inputs);
    Specs outputs = compute_output_specs(inputs);
    if (output_specs_.empty()) output_specs_ = outputs;
    return outputs;
  } catch (Error& error) {
    error.add_scope(describe_call(inputs));
    throw;
  }
}

// --- the handle ----------------------------------------------------------------------------------

Tensors Layer::call_all(std::span<const Tensor> inputs, CallOptions options) const {
  return impl().run(inputs, options);
}

Tensor Layer::operator()(const Tensors& inputs, CallOptions options) const {
  return call_all(inputs, options).at(0);
}

Tensor Layer::operator()(const Tensor& x, CallOptions options) const {
  return call_all(std::span(&x, 1), options).at(0);
}

std::vector<KerasTensor> Layer::describe_all(const std::vector<KerasTensor>& inputs) const {
  Specs specs;
  for (const KerasTensor& input : inputs) specs.push_back(input.spec());
  const auto node = std::make_shared<KerasNode>(KerasNode{impl_, inputs, impl().infer(specs)});
  std::vector<KerasTensor> outputs;
  for (size_t i = 0; i < node->outputs.size(); ++i) outputs.emplace_back(node, i);
  return outputs;
}

KerasTensor Layer::operator()(const KerasTensor& x) const { return describe_all({x}).at(0); }

KerasTensor Layer::operator()(const std::vector<KerasTensor>& inputs) const {
  return describe_all(inputs).at(0);
}

void Layer::build(const Shape& input) const {
  const Spec spec{impl().dtype(), input};
  impl().infer(std::span(&spec, 1));
}

namespace {

void collect(const Layer& layer, std::unordered_set<uint64_t>& seen, Variables& found,
             bool only_trainable) {
  if (only_trainable && !layer.trainable()) return;
  for (const bool trainable : {true, false}) {
    if (only_trainable && !trainable) break;
    for (const Variable& weight : layer.impl().own_weights()) {
      if (weight.trainable() == trainable && seen.insert(weight.id()).second) {
        found.push_back(weight);
      }
    }
  }
  for (const Layer& sublayer : layer.impl().sublayers()) {
    collect(sublayer, seen, found, only_trainable);
  }
}

}  // namespace

Variables Layer::weights() const {
  std::unordered_set<uint64_t> seen;
  Variables all;
  collect(*this, seen, all, false);
  return all;
}

Variables Layer::trainable_variables() const {
  std::unordered_set<uint64_t> seen;
  Variables all;
  collect(*this, seen, all, true);
  return all;
}

Variables Layer::non_trainable_variables() const {
  const Variables trainable = trainable_variables();
  Variables rest;
  for (const Variable& weight : weights()) {
    if (std::find(trainable.begin(), trainable.end(), weight) == trainable.end()) {
      rest.push_back(weight);
    }
  }
  return rest;
}

int64_t Layer::count_params() const {
  if (!built()) {
    throw FailedPrecondition({.message = "layer '" + name() + "' has no weights yet",
                              .hint = "call it on data, or build() it"});
  }
  int64_t count = 0;
  for (const Variable& weight : weights()) count += weight.shape().elements();
  return count;
}

Tensors Layer::get_weights() const {
  Tensors values;
  for (const Variable& weight : weights()) values.push_back(weight.value());
  return values;
}

void Layer::set_weights(const Tensors& values) const {
  const Variables all = weights();
  if (values.size() != all.size()) {
    throw InvalidArgument(fmt::format("layer '{}' has {} weights, and {} values are given", name(),
                                      all.size(), values.size()));
  }
  for (size_t i = 0; i < all.size(); ++i) {
    if (values[i].shape() == all[i].shape()) continue;
    throw InvalidArgument(fmt::format("layer '{}': weight {} ('{}') has shape {}, its value {}",
                                      name(), i, all[i].name(), all[i].shape().to_string(),
                                      values[i].shape().to_string()));
  }
  for (size_t i = 0; i < all.size(); ++i) {
    Variable(all[i]).assign(cast(values[i], all[i].dtype()));
  }
}

Config serialize(const Layer& layer) {
  return nested_object("keras.layers", layer.impl().class_name(), layer.get_config());
}

Layer deserialize_layer(const Config& config) { return Registry<Layer>::from_config(config); }

}  // namespace millstream::keras
