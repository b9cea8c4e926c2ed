#pragma once
// Variable: a named, shared, changeable tensor. Copies of the handle are the same variable.
//
//   Variable w(zeros({784, 10}), {.name = "kernel"});
//   w.assign_sub(gradient * 0.1f);
//   Tensor y = matmul(x, w);         // converts to its present value
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "millstream/tensor/tensor.h"

namespace millstream {

struct VariableOptions {
  std::string name = "Variable";
  bool trainable = true;
  // Shapes that later values may have: unknown dimensions where the size may change.
  Shape shape = Shape::unknown();
};

class Variable {
 public:
  Variable() = default;  // refers to nothing
  explicit Variable(const Tensor& initial_value, VariableOptions options = {});

  bool defined() const { return state_ != nullptr; }
  uint64_t id() const { return state_->id; }
  const std::string& name() const { return state_->options.name; }
  bool trainable() const { return state_->options.trainable; }
  DType dtype() const { return state_->dtype; }
  const Shape& shape() const { return state_->shape; }
  Device& device() const { return *state_->device; }

  // The present value. It does not change when the variable is assigned to.
  Tensor value() const;
  operator Tensor() const { return value(); }

  // Replaces the value; InvalidArgument if dtype or shape do not fit.
  void assign(const Tensor& value);
  // Adds to the value, or subtracts from it (defined with the operators of tensors).
  void assign_add(const Tensor& delta);
  void assign_sub(const Tensor& delta);

  // Exchanges the value for f(value), with no other reader of the variable in between.
  template <class F>
  Tensor update(F&& f) {
    std::lock_guard lock(state_->mutex);
    return set_locked(f(state_->value));
  }

  friend bool operator==(const Variable& a, const Variable& b) { return a.state_ == b.state_; }

 private:
  struct State {
    uint64_t id;
    VariableOptions options;
    DType dtype;
    Shape shape;
    Device* device;
    std::recursive_mutex mutex;
    Tensor value;
  };
  explicit Variable(std::shared_ptr<State> state) : state_(std::move(state)) {}
  Tensor set_locked(const Tensor& value);

  friend Variable variable_with_id(uint64_t id);
  std::shared_ptr<State> state_;
};

using Variables = std::vector<Variable>;

// The living variable of this id, or an undefined handle.
Variable variable_with_id(uint64_t id);

}  // namespace millstream
