#include "millstream/keras/metrics/metric.h"

#include "millstream/keras/losses/loss.h"
#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/views.h"

namespace millstream::keras {
namespace {

class FunctionMetric : public MeanMetricImpl {
 public:
  FunctionMetric(std::string name, Metric::Function function)
      : MeanMetricImpl(std::move(name)), function_(std::move(function)) {}
  Tensor values(const Tensor& y_true, const Tensor& y_pred) const override {
    return function_(y_true, y_pred);
  }
  Config get_config() const override {
    throw Unimplemented("a metric that is a C++ function has no configuration");
  }

 private:
  Metric::Function function_;
};

Ints axes_from(int first, int rank) {
  Ints axes;
  for (int i = first; i < rank; ++i) axes.push_back(i);
  return axes;
}

Tensor mean_from(const Tensor& x, int first) {
  if (x.rank() <= first) return x;
  return reduce_mean(x, {.axis = axes_from(first, x.rank())});
}

}  // namespace

// --- MetricImpl ----------------------------------------------------------------------------------

const std::string& MetricImpl::name() const {
  if (name_.empty()) name_ = auto_name(to_snake_case(class_name()));
  return name_;
}

Variable MetricImpl::add_variable(const std::string& name, const Shape& shape, DType dtype) {
  return variables_.emplace_back(zeros(shape, dtype),
                                 VariableOptions{.name = name, .trainable = false});
}

void MetricImpl::reset_state() {
  for (Variable& variable : variables_) variable.assign(zeros(variable.shape(), variable.dtype()));
}

// --- Metric --------------------------------------------------------------------------------------

Metric::Metric(std::string name, Function function)
    : Metric(std::make_shared<FunctionMetric>(std::move(name), std::move(function))) {}

void Metric::update_state(const Tensor& y_true, const Tensor& y_pred,
                          const Tensor& sample_weight) const {
  try {
    impl().update_state(y_true, y_pred, sample_weight);
  } catch (Error& error) {
    error.add_scope(fmt::format("metric '{}' of y_true {}{} and y_pred {}{}", name(),
                                name_of(y_true.dtype()), y_true.shape().to_string(),
                                name_of(y_pred.dtype()), y_pred.shape().to_string()));
    throw;
  }
}

Config Metric::to_config() const {
  return nested_object("keras.metrics", impl().class_name(), impl().get_config());
}

Metric Metric::from_config(const Config& config) { return Registry<Metric>::from_config(config); }

// --- means ---------------------------------------------------------------------------------------

void MeanState::add(const Tensor& values, const Tensor& sample_weight) {
  const Tensor numbers = cast(values, total_.dtype());
  Tensor total, count;
  if (!sample_weight.defined()) {
    const Tensor samples = mean_from(numbers, 1);
    total = reduce_sum(samples);
    count = constant(samples.elements(), total_.dtype());
  } else {
    auto [matched, weights] = match_ranks(numbers, cast(sample_weight, total_.dtype()));
    const int rank = weights.rank();
    matched = mean_from(matched, rank);
    const Tensor spread = weights + zeros_like(matched);
    total = reduce_sum(mean_from(matched * spread, 1));
    count = reduce_sum(rank > 1 ? mean_from(spread, 1) : spread);
  }
  total_.assign(total_ + total);
  count_.assign(count_ + count);
}

Tensor MeanState::result() const { return divide_no_nan(total_, count_); }

MeanMetricImpl::MeanMetricImpl(std::string name)
    : MetricImpl(std::move(name)), state_(add_variable("total", {}), add_variable("count", {})) {}

void MeanMetricImpl::update_state(const Tensor& y_true, const Tensor& y_pred,
                                  const Tensor& sample_weight) {
  state_.add(values(y_true, y_pred), sample_weight);
}

}  // namespace millstream::keras
