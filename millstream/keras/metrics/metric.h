#pragma once
// Metric: a number that is gathered over batches.
//
//   metrics::SparseCategoricalAccuracy accuracy;
//   for (...) accuracy.update_state(labels, logits);
//   accuracy.result();          // float32[]
//   accuracy.reset_state();
//
// A metric of one's own keeps its state in variables and defines update_state and result:
//
//   class WrongImpl : public keras::MetricImpl { ... };
//   using Wrong = keras::Handle<WrongImpl>;
//
// Errors: InvalidArgument for shapes that do not fit, with the metric's name; NotFound for an
// unknown name.
#include <functional>
#include <string>

#include "millstream/keras/registry.h"
#include "millstream/tensor/variable.h"

namespace millstream::keras {

class Metric;

class MetricImpl {
 public:
  using HandleType = Metric;

  explicit MetricImpl(std::string name = {}) : name_(std::move(name)) {}
  virtual ~MetricImpl() = default;

  // `sample_weight` may be undefined.
  virtual void update_state(const Tensor& y_true, const Tensor& y_pred,
                            const Tensor& sample_weight) = 0;
  virtual Tensor result() = 0;
  // Sets all variables to zero unless defined otherwise.
  virtual void reset_state();

  virtual std::string class_name() const { return class_name_of(typeid(*this).name()); }
  virtual Config get_config() const { return Config::Dict{{"name", name()}}; }
  const std::string& name() const;
  const Variables& variables() const { return variables_; }

 protected:
  // Zeros.
  Variable add_variable(const std::string& name, const Shape& shape, DType dtype = float32);

 private:
  mutable std::string name_;
  Variables variables_;
};

class Metric : public Shared<MetricImpl> {
 public:
  static constexpr const char* kKind = "metric";
  using Function = std::function<Tensor(const Tensor& y_true, const Tensor& y_pred)>;

  Metric() = default;
  explicit Metric(std::shared_ptr<MetricImpl> impl) : Shared(std::move(impl)) {}
  // "accuracy" becomes the binary, categorical or sparse one by the shapes of the first batch.
  Metric(const char* name);
  Metric(const std::string& name) : Metric(name.c_str()) {}
  // The mean of a function of one's own.
  Metric(std::string name, Function function);

  void update_state(const Tensor& y_true, const Tensor& y_pred,
                    const Tensor& sample_weight = {}) const;
  Tensor result() const { return impl().result(); }
  void reset_state() const { impl().reset_state(); }
  const std::string& name() const { return impl().name(); }
  Config get_config() const { return impl().get_config(); }

  Config to_config() const;
  static Metric from_config(const Config& config);
};

// The running mean that most metrics are made of.
class MeanState {
 public:
  MeanState(Variable total, Variable count) : total_(total), count_(count) {}
  // Means over all dimensions but the first, weighted.
  void add(const Tensor& values, const Tensor& sample_weight);
  Tensor result() const;

 private:
  Variable total_, count_;
};

// The mean over samples of what `values` gives for a batch.
class MeanMetricImpl : public MetricImpl {
 public:
  explicit MeanMetricImpl(std::string name);
  virtual Tensor values(const Tensor& y_true, const Tensor& y_pred) const = 0;
  void update_state(const Tensor& y_true, const Tensor& y_pred,
                    const Tensor& sample_weight) override;
  Tensor result() override { return state_.result(); }

 private:
  MeanState state_;
};

}  // namespace millstream::keras
