#pragma once
// Learning rates that change with the step of training (the first step is 0).
//
//   optimizers::Adam adam{{.learning_rate = optimizers::schedules::CosineDecay{
//       {.initial_learning_rate = 1e-3, .decay_steps = 10'000}}}};
//   Tensor rate = schedule(constant(500, int64));     // float32[]
//
// Errors: InvalidArgument for steps that are not positive or lists that do not fit.
#include <optional>
#include <string>
#include <vector>

#include "millstream/keras/registry.h"
#include "millstream/tensor/tensor.h"

namespace millstream::keras {

class Schedule;

class ScheduleImpl {
 public:
  using HandleType = Schedule;
  virtual ~ScheduleImpl() = default;
  // `step` is float32[].
  virtual Tensor rate(const Tensor& step) const = 0;
  virtual std::string class_name() const { return class_name_of(typeid(*this).name()); }
  virtual Config get_config() const { return Config::Dict(); }
};

class Schedule : public Shared<const ScheduleImpl> {
 public:
  static constexpr const char* kKind = "learning rate schedule";
  Schedule() = default;
  explicit Schedule(std::shared_ptr<const ScheduleImpl> impl) : Shared(std::move(impl)) {}
  // The rate of a step, an integer scalar.
  Tensor operator()(const Tensor& step) const;
};

// A number, or a schedule.
class LearningRate {
 public:
  LearningRate(double value = 0.001) : value_(value) {}
  template <std::derived_from<Schedule> S>
  LearningRate(const S& schedule) : schedule_(schedule) {}

  double value() const { return value_; }
  const Schedule& schedule() const { return schedule_; }

  Config to_config() const;
  static LearningRate from_config(const Config& config);

 private:
  double value_ = 0;
  Schedule schedule_;
};

namespace optimizers::schedules {

struct ExponentialDecayOptions {
  double initial_learning_rate = 0.001;
  double decay_steps = 1;
  double decay_rate = 1;
  bool staircase = false;
  std::string name = "ExponentialDecay";
};
// initial * decay_rate^(step / decay_steps)
struct ExponentialDecay : Schedule {
  explicit ExponentialDecay(ExponentialDecayOptions options);
};

struct PiecewiseConstantDecayOptions {
  std::vector<double> boundaries = {};
  std::vector<double> values = {};  // one more than boundaries
  std::string name = "PiecewiseConstant";
};
// values[0] up to and including step boundaries[0], and so on.
struct PiecewiseConstantDecay : Schedule {
  explicit PiecewiseConstantDecay(PiecewiseConstantDecayOptions options);
};

struct CosineDecayOptions {
  double initial_learning_rate = 0.001;
  double decay_steps = 1;
  double alpha = 0;  // share of the rate that stays
  std::string name = "CosineDecay";
  std::optional<double> warmup_target = {};
  double warmup_steps = 0;
};
// Linear to warmup_target, then half a cosine down to alpha of it.
struct CosineDecay : Schedule {
  explicit CosineDecay(CosineDecayOptions options);
};

struct PolynomialDecayOptions {
  double initial_learning_rate = 0.001;
  double decay_steps = 1;
  double end_learning_rate = 0.0001;
  double power = 1;
  bool cycle = false;
  std::string name = "PolynomialDecay";
};
// (initial - end) * (1 - step / decay_steps)^power + end
struct PolynomialDecay : Schedule {
  explicit PolynomialDecay(PolynomialDecayOptions options);
};

struct InverseTimeDecayOptions {
  double initial_learning_rate = 0.001;
  double decay_steps = 1;
  double decay_rate = 1;
  bool staircase = false;
  std::string name = "InverseTimeDecay";
};
// initial / (1 + decay_rate * step / decay_steps)
struct InverseTimeDecay : Schedule {
  explicit InverseTimeDecay(InverseTimeDecayOptions options);
};

}  // namespace optimizers::schedules
}  // namespace millstream::keras
