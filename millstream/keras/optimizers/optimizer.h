#pragma once
// Optimizer: changes variables by their gradients.
//
//   optimizers::Adam adam{{.learning_rate = 1e-3}};
//   adam.apply_gradients(tape.gradient(loss, variables), variables);
//   adam.set_learning_rate(1e-4);
//
// All parameters of a step are updated by one op, in one pass over memory. Errors: InvalidArgument
// when gradients and variables do not fit or no variable has a gradient.
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "millstream/keras/optimizers/schedules.h"
#include "millstream/tensor/variable.h"

namespace millstream::keras {

class Optimizer;

class OptimizerImpl {
 public:
  using HandleType = Optimizer;

  // Options that all optimizers have.
  struct Basics {
    LearningRate learning_rate;
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {};         // each gradient to this norm at most
    std::optional<double> clipvalue = {};        // each element to [-clipvalue, clipvalue]
    std::optional<double> global_clipnorm = {};  // all gradients together to this norm at most
    std::string name = {};
  };

  explicit OptimizerImpl(Basics basics);
  virtual ~OptimizerImpl() = default;

  // --- what an optimizer defines -----------------------------------------------------------------
  // Names of the variables that it keeps for each parameter.
  virtual std::vector<std::string> slots() const = 0;
  // `tensors`: learning rate, number of the step from 1, then value, gradient and slots of each
  // parameter. Returns the new values and slots in that order.
  virtual Tensors update(std::span<const Tensor> tensors, double weight_decay) const = 0;
  virtual double initial_slot_value() const { return 0; }
  virtual std::string class_name() const { return class_name_of(typeid(*this).name()); }
  virtual Config get_config() const;

  // --- what it has -------------------------------------------------------------------------------
  void build(const Variables& variables);
  void apply(std::span<const Tensor> gradients, const Variables& variables);
  Tensor learning_rate() const;
  void set_learning_rate(double value);
  const Variable& iterations() const { return iterations_; }
  Variables variables() const;
  const std::string& name() const;
  void exclude_from_weight_decay(const Variables& variables);

 private:
  Tensors clip(const Tensors& gradients) const;
  void step(const Tensors& gradients, const Variables& variables, double weight_decay);

  Basics basics_;
  Variable iterations_, learning_rate_;
  std::unordered_map<uint64_t, Variables> slots_;
  Variables slot_order_;
  std::unordered_set<uint64_t> undecayed_;
};

class Optimizer : public Shared<OptimizerImpl> {
 public:
  static constexpr const char* kKind = "optimizer";

  Optimizer() = default;
  explicit Optimizer(std::shared_ptr<OptimizerImpl> impl) : Shared(std::move(impl)) {}
  Optimizer(const char* name) : Optimizer(Registry<Optimizer>::make(name)) {}
  Optimizer(const std::string& name) : Optimizer(name.c_str()) {}

  // One step. Variables whose gradient is undefined stay as they are.
  void apply_gradients(const Tensors& gradients, const Variables& variables) const {
    impl().apply(gradients, variables);
  }
  // Makes the slots of these variables before the first step.
  void build(const Variables& variables) const { impl().build(variables); }

  double learning_rate() const { return impl().learning_rate().item<double>(); }
  // FailedPrecondition if the rate follows a schedule.
  void set_learning_rate(double value) const { impl().set_learning_rate(value); }
  int64_t iterations() const { return impl().iterations().value().item<int64_t>(); }
  // iterations, learning_rate, then the slots of each parameter.
  Variables variables() const { return impl().variables(); }
  const std::string& name() const { return impl().name(); }
  Config get_config() const { return impl().get_config(); }
  void exclude_from_weight_decay(const Variables& variables) const {
    impl().exclude_from_weight_decay(variables);
  }

  Config to_config() const;
  static Optimizer from_config(const Config& config);
};

}  // namespace millstream::keras
