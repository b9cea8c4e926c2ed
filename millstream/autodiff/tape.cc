#include "millstream/autodiff/tape.h"

#include <fmt/format.h>

#include <algorithm>

#include "millstream/ops/array.h"
#include "millstream/ops/elementwise.h"

namespace millstream {
namespace {

bool saves(Saves which, Saves part) {
  return (static_cast<int>(which) & static_cast<int>(part)) != 0;
}

void accumulate(IdMap<Tensor>& grads, uint64_t id, const Tensor& grad) {
  Tensor& total = grads[id];
  total = total.defined() ? add(total, grad) : grad;
}

}  // namespace

GradientTape::GradientTape(TapeOptions options) : options_(options) { activate(); }

GradientTape::~GradientTape() {
  if (active()) deactivate();
}

GradientTape::Stopped::Stopped(GradientTape& stopped)
    : tape(stopped), was_active(stopped.active()) {
  if (was_active) tape.deactivate();
}

GradientTape::Stopped::~Stopped() {
  if (was_active) tape.activate();
}

void GradientTape::stop() {
  if (active()) deactivate();
}

void GradientTape::resume() {
  if (!active()) activate();
}

void GradientTape::reset() {
  entries_.clear();
  slots_.clear();
  tracked_.clear();
  variables_.clear();
  watched_.clear();
  spent_ = false;
}

void GradientTape::watch(const Tensor& tensor) {
  if (!is_floating(tensor.dtype())) return;  // nothing flows to integers, as in TensorFlow
  tracked_[tensor.id()] = 1;
  watched_.push_back(tensor);
}

void GradientTape::watch(const Variable& variable) {
  const Tensor value = variable.value();
  watch(value);
  const auto known = std::find_if(variables_.begin(), variables_.end(),
                                  [&](const auto& v) { return v.first == variable.id(); });
  if (known == variables_.end())
    variables_.push_back({variable.id(), {value.id()}});
  else
    known->second.push_back(value.id());
}

Variables GradientTape::watched_variables() const {
  Variables variables;
  for (const auto& [id, values] : variables_) {
    if (Variable variable = variable_with_id(id); variable.defined()) {
      variables.push_back(std::move(variable));
    }
  }
  return variables;
}

bool GradientTape::track(const Tensor& input) {
  if (tracked_.find(input.id()) != nullptr) return true;
  const TensorNode& node = *input.node();
  if (node.variable == 0 || !is_floating(node.dtype)) return false;
  const auto known = std::find_if(variables_.begin(), variables_.end(),
                                  [&](const auto& v) { return v.first == node.variable; });
  if (known == variables_.end()) {
    if (!node.trainable || !options_.watch_accessed_variables) return false;
    variables_.push_back({node.variable, {node.id}});
  } else {
    known->second.push_back(node.id);  // a later value of a variable that is watched
  }
  tracked_[node.id] = 1;
  watched_.push_back(input);
  return true;
}

void GradientTape::called(const Call& call) {
  if (call.op.gradient == nullptr) return;
  add_entry(&call.op, call.attrs, call.inputs, call.outputs, call.op.saves, nullptr);
}

void GradientTape::record_custom(std::span<const Tensor> inputs, std::span<const Tensor> outputs,
                                 std::shared_ptr<const CustomGradient> gradient) {
  add_entry(nullptr, {}, inputs, outputs, Saves::nothing, std::move(gradient));
}

void GradientTape::add_entry(const Op* op, const Attrs& attrs, std::span<const Tensor> inputs,
                             std::span<const Tensor> outputs, Saves saved,
                             std::shared_ptr<const CustomGradient> custom) {
  if (entries_.empty()) {
    entries_.reserve(16);
    slots_.reserve(64);
  }
  const auto first = static_cast<uint32_t>(slots_.size());
  bool any = false;
  for (const Tensor& input : inputs) {
    const bool tracked = track(input);
    any = any || tracked;
    slots_.push_back({saves(saved, Saves::inputs) ? input : Tensor(),
                      input.id(),
                      {input.dtype(), input.shape()},
                      tracked});
  }
  if (!any) {
    slots_.resize(first);
    return;
  }
  for (const Tensor& output : outputs) {
    slots_.push_back({saves(saved, Saves::outputs) ? output : Tensor(),
                      output.id(),
                      {output.dtype(), output.shape()},
                      true});
    tracked_[output.id()] = 1;
  }
  entries_.push_back({op, attrs, first, static_cast<uint16_t>(inputs.size()),
                      static_cast<uint16_t>(outputs.size()), std::move(custom)});
}

// What a gradient function is given. The lists serve one entry after the other.
struct GradientTape::Step {
  Tensors inputs, outputs, output_grads;
  Specs input_specs, output_specs;
  std::unique_ptr<bool[]> needed;
  size_t room = 0;  // in `needed`

  void begin(size_t input_count) {
    inputs.clear();
    outputs.clear();
    output_grads.clear();
    input_specs.clear();
    output_specs.clear();
    if (room < input_count) {
      room = 2 * input_count;
      needed = std::make_unique<bool[]>(room);
    }
  }
};

void GradientTape::step_back(const Entry& entry, Step& step, IdMap<Tensor>& grads) {
  step.begin(entry.inputs);
  bool any = false;
  for (uint32_t i = 0; i < entry.outputs; ++i) {
    const Slot& slot = slots_[entry.first + entry.inputs + i];
    const Tensor* grad = grads.find(slot.id);
    step.output_grads.push_back(grad != nullptr ? *grad : Tensor());
    any = any || (grad != nullptr && grad->defined());
    step.outputs.push_back(slot.tensor);
    step.output_specs.push_back(slot.spec);
  }
  if (!any) return;
  for (uint32_t i = 0; i < entry.inputs; ++i) {
    const Slot& slot = slots_[entry.first + i];
    step.inputs.push_back(slot.tensor);
    step.input_specs.push_back(slot.spec);
    step.needed[i] = slot.tracked;
  }
  Tensors input_grads;
  if (entry.custom) {
    input_grads = (*entry.custom)(step.output_grads);
  } else {
    input_grads = entry.op->gradient({*entry.op, step.inputs, step.outputs, step.input_specs,
                                      step.output_specs, entry.attrs, step.output_grads,
                                      std::span<const bool>(step.needed.get(), entry.inputs)});
  }
  for (uint32_t i = 0; i < entry.inputs && i < input_grads.size(); ++i) {
    const Slot& slot = slots_[entry.first + i];
    if (slot.tracked && input_grads[i].defined()) accumulate(grads, slot.id, input_grads[i]);
  }
}

void GradientTape::propagate(IdMap<Tensor>& grads, Pass pass) {
  Step step;
  for (size_t i = entries_.size(); i-- > 0;) {
    const Entry entry = entries_[i];  // a copy: this tape may be recording the gradient's own calls
    step_back(entry, step, grads);
    if (pass == Pass::last) {  // what the entry kept alive is no longer wanted
      entries_[i].attrs = {};
      for (uint32_t s = 0; s < uint32_t{entry.inputs} + entry.outputs; ++s) {
        slots_[entry.first + s].tensor = {};
      }
    }
  }
}

Tensor GradientTape::collect(const Source& source, const IdMap<Tensor>& grads,
                             UnconnectedGradients unconnected) const {
  Tensor total;
  const auto take = [&](uint64_t id) {
    const Tensor* grad = grads.find(id);
    if (grad == nullptr || !grad->defined()) return;
    total = total.defined() ? add(total, *grad) : *grad;
  };
  if (source.is_variable()) {
    for (const auto& [id, values] : variables_) {
      if (id != source.variable().id()) continue;
      for (const uint64_t value : values) take(value);
    }
  } else {
    take(source.tensor().id());
  }
  if (!total.defined() && unconnected == UnconnectedGradients::zero) {
    return zeros_like(source.is_variable() ? source.variable().value() : source.tensor());
  }
  return total;
}

void GradientTape::begin_gradient() {
  if (spent_) {
    throw FailedPrecondition(
        {.message = "A non-persistent GradientTape can only be used to compute one set of "
                    "gradients (or jacobians)",
         .hint = "GradientTape tape({.persistent = true})"});
  }
  spent_ = !options_.persistent;
  // Only a persistent tape that still records sees the calls of its own gradients.
  if (!options_.persistent) stop();
}

void GradientTape::end_gradient() {
  if (!options_.persistent) reset(), spent_ = true;
}

Tensors GradientTape::backward(std::span<const Tensor> targets, std::span<const Source> sources,
                               const GradientOptions& options, Pass pass) {
  IdMap<Tensor> grads;
  for (size_t i = 0; i < targets.size(); ++i) {
    const bool given = i < options.output_gradients.size() && options.output_gradients[i].defined();
    accumulate(grads, targets[i].id(), given ? options.output_gradients[i] : ones_like(targets[i]));
  }
  propagate(grads, pass);
  Tensors results;
  for (const Source& source : sources) {
    results.push_back(collect(source, grads, options.unconnected_gradients));
  }
  return results;
}

Tensors GradientTape::gradient(std::span<const Tensor> targets, std::span<const Source> sources,
                               const GradientOptions& options) {
  begin_gradient();
  Tensors results =
      backward(targets, sources, options, options_.persistent ? Pass::one_of_many : Pass::last);
  end_gradient();
  return results;
}

Tensor GradientTape::gradient(const Tensor& target, const Source& source,
                              const GradientOptions& options) {
  return gradient(std::span(&target, 1), std::span(&source, 1), options)[0];
}

Tensors GradientTape::gradient(const Tensor& target, std::span<const Variable> variables,
                               const GradientOptions& options) {
  const std::vector<Source> sources(variables.begin(), variables.end());
  return gradient(std::span(&target, 1), sources, options);
}

Tensors custom_gradient(const std::function<WithGradient(std::span<const Tensor>)>& f,
                        std::span<const Tensor> inputs) {
  auto [results, gradient] = Observer::paused([&] { return f(inputs); });
  Tensors outputs;
  for (const Tensor& result : results) outputs.push_back(result.alias());
  const auto shared = std::make_shared<const GradientTape::CustomGradient>(std::move(gradient));
  Observer::each([&](Observer& observer) {
    if (auto* tape = dynamic_cast<GradientTape*>(&observer)) {
      tape->record_custom(inputs, outputs, shared);
    }
  });
  return outputs;
}

}  // namespace millstream
