#include "millstream/tensor/variable.h"

#include <fmt/format.h>

#include <unordered_map>

namespace millstream {
namespace {

bool fits(const Shape& declared, const Shape& shape) {
  if (!declared.has_rank()) return true;
  if (declared.rank() != shape.rank()) return false;
  for (int i = 0; i < shape.rank(); ++i) {
    if (declared[i] != kUnknown && declared[i] != shape[i]) return false;
  }
  return true;
}

// A literal, which is on the host, where new tensors live.
Tensor at_home(const Tensor& x) {
  const bool literal = x.defined() && x.node()->weak;
  return literal ? Tensor::from_host(x.dtype(), x.shape(), x.data(), current_device()) : x;
}

struct Registry {
  std::mutex mutex;
  uint64_t next_id = 1;
  std::unordered_map<uint64_t, std::weak_ptr<void>> states;
};

Registry& living() {
  static auto* const registry = new Registry();
  return *registry;
}

}  // namespace

Variable::Variable(const Tensor& value, VariableOptions options) {
  const Tensor initial_value = at_home(value);
  if (!initial_value.defined()) {
    throw InvalidArgument(
        {.message = "a Variable needs an initial value", .hint = "Variable(zeros({2, 3}))"});
  }
  const Shape shape = options.shape.has_rank() ? options.shape : initial_value.shape();
  Registry& registry = living();
  uint64_t id;
  {
    std::lock_guard lock(registry.mutex);
    id = registry.next_id++;
  }
  state_ = std::shared_ptr<State>(
      new State{
          id, std::move(options), initial_value.dtype(), shape, &initial_value.device(), {}, {}},
      [](State* state) {
        {
          std::lock_guard lock(living().mutex);
          living().states.erase(state->id);
        }
        delete state;
      });
  {
    std::lock_guard lock(registry.mutex);
    registry.states.emplace(id, state_);
  }
  set_locked(initial_value);
}

Tensor Variable::value() const {
  std::lock_guard lock(state_->mutex);
  return state_->value;
}

void Variable::assign(const Tensor& value) {
  std::lock_guard lock(state_->mutex);
  set_locked(value);
}

Tensor Variable::set_locked(const Tensor& value) {
  if (value.dtype() != dtype() || !fits(shape(), value.shape())) {
    throw InvalidArgument({.message = fmt::format("cannot assign {}{} to variable '{}' of {}{}",
                                                  name_of(value.dtype()), value.shape().to_string(),
                                                  name(), name_of(dtype()), shape().to_string())});
  }
  Tensor own = value.alias();  // a new identity: no gradient flows through an assignment
  own.node()->variable = id();
  own.node()->trainable = trainable();
  return state_->value = own;
}

Variable variable_with_id(uint64_t id) {
  Registry& registry = living();
  std::lock_guard lock(registry.mutex);
  const auto found = registry.states.find(id);
  if (found == registry.states.end()) return {};
  return Variable(std::static_pointer_cast<Variable::State>(found->second.lock()));
}

}  // namespace millstream
