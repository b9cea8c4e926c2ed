#include "millstream/keras/losses/losses.h"
#include "millstream/keras/metrics/metrics.h"
#include "millstream/ops/argmax.h"
#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/sort.h"
#include "millstream/ops/views.h"

namespace millstream::keras::metrics {
namespace {

// A mean metric with a class name and options that are its configuration.
template <class Options>
class Configured : public MeanMetricImpl {
 public:
  Configured(const char* class_name, Options options)
      : MeanMetricImpl(options.name.empty() ? to_snake_case(class_name) : options.name),
        options_(std::move(options)),
        class_name_(class_name) {}
  std::string class_name() const override { return class_name_; }
  Config get_config() const override {
    Config config = config_of(options_);
    config.set("name", name());
    return config;
  }

 protected:
  const Options options_;

 private:
  const char* class_name_;
};

class Values : public Configured<NameOptions> {
 public:
  using Configured::Configured;
  Tensor values(const Tensor& values, const Tensor&) const override { return values; }
};

class SumOfValues : public MetricImpl {
 public:
  explicit SumOfValues(NameOptions options)
      : MetricImpl(options.name.empty() ? "sum" : options.name),
        total_(add_variable("total", {})) {}
  void update_state(const Tensor& values, const Tensor&, const Tensor& sample_weight) override {
    total_.assign(total_ + reduce_weighted(cast(values, total_.dtype()), sample_weight, "sum"));
  }
  Tensor result() override { return total_.value(); }
  std::string class_name() const override { return "Sum"; }

 private:
  Variable total_;
};

class Equal : public Configured<NameOptions> {
 public:
  using Configured::Configured;
  Tensor values(const Tensor& y_true, const Tensor& y_pred) const override {
    const auto [truth, prediction] = match_ranks(cast(y_true, y_pred.dtype()), y_pred);
    return truth == prediction;
  }
};

class Binary : public Configured<BinaryAccuracyOptions> {
 public:
  using Configured::Configured;
  Tensor values(const Tensor& y_true, const Tensor& y_pred) const override {
    const auto [truth, prediction] = match_ranks(y_true, y_pred);
    return truth == cast(prediction > options_.threshold, truth.dtype());
  }
};

bool is_column(const Tensor& labels, const Tensor& y_pred) {
  return labels.rank() == y_pred.rank() && labels.rank() > 0 && labels.dim(-1) == 1;
}

Tensor class_numbers(const Tensor& labels, const Tensor& y_pred) {
  return is_column(labels, y_pred) ? squeeze(labels, Ints{-1}) : labels;
}

class Sparse : public Configured<NameOptions> {
 public:
  using Configured::Configured;
  Tensor values(const Tensor& y_true, const Tensor& y_pred) const override {
    const Tensor labels = class_numbers(y_true, y_pred);
    return cast(labels, int64) == argmax(y_pred, {.axis = -1});
  }
};

class Categorical : public Configured<NameOptions> {
 public:
  using Configured::Configured;
  Tensor values(const Tensor& y_true, const Tensor& y_pred) const override {
    return argmax(y_true, {.axis = -1}) == argmax(y_pred, {.axis = -1});
  }
};

// Of all rows of the scores, whatever the shape of the labels.
Tensor among_top_k(const Tensor& labels, const Tensor& scores, int64_t k) {
  const Tensor rows = reshape(scores, {-1, scores.dim(-1)});
  return reshape(in_top_k(reshape(cast(labels, int64), {-1}), rows, k), labels.shape());
}

class SparseTopK : public Configured<TopKOptions> {
 public:
  using Configured::Configured;
  Tensor values(const Tensor& y_true, const Tensor& y_pred) const override {
    return among_top_k(class_numbers(y_true, y_pred), y_pred, options_.k);
  }
};

class TopK : public Configured<TopKOptions> {
 public:
  using Configured::Configured;
  Tensor values(const Tensor& y_true, const Tensor& y_pred) const override {
    return among_top_k(argmax(y_true, {.axis = -1}), y_pred, options_.k);
  }
};

// The mean of a loss per sample.
template <class Options>
class OfLoss : public Configured<Options> {
 public:
  OfLoss(const char* class_name, Options options, Loss loss)
      : Configured<Options>(class_name, std::move(options)), loss_(std::move(loss)) {}
  Tensor values(const Tensor& y_true, const Tensor& y_pred) const override {
    return loss_(y_true, y_pred);
  }

 private:
  Loss loss_;
};

class RootOfSquares : public OfLoss<NameOptions> {
 public:
  using OfLoss::OfLoss;
  Tensor result() override { return sqrt(MeanMetricImpl::result()); }
};

// Chooses by the shapes of the first batch, as compile does for the name "accuracy".
class AnyAccuracy : public MetricImpl {
 public:
  using MetricImpl::MetricImpl;
  std::string class_name() const override { return "accuracy"; }

  void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& weight) override {
    if (!chosen_.defined()) chosen_ = choose(y_true, y_pred);
    chosen_.update_state(y_true, y_pred, weight);
  }
  Tensor result() override { return chosen_.defined() ? chosen_.result() : constant(0.f, float32); }
  void reset_state() override {
    if (chosen_.defined()) chosen_.reset_state();
  }

 private:
  Metric choose(const Tensor& y_true, const Tensor& y_pred) const {
    if (y_pred.rank() == 0 || y_pred.dim(-1) == 1) return BinaryAccuracy({.name = name()});
    const bool sparse = y_true.rank() < y_pred.rank() || y_true.dim(-1) == 1;
    return sparse ? Metric(SparseCategoricalAccuracy({.name = name()}))
                  : Metric(CategoricalAccuracy({.name = name()}));
  }

  Metric chosen_;
};

template <class Impl, class Options, class... More>
Metric make(const char* name, Options options, More&&... more) {
  return Metric(std::make_shared<Impl>(name, std::move(options), std::forward<More>(more)...));
}

// A metric that is asked for by name reports under that name.
Metric named(const std::string& name) {
  if (name == "accuracy" || name == "acc") return Metric(std::make_shared<AnyAccuracy>(name));
  return Registry<Metric>::make(name, Config::Dict{{"name", name}});
}

}  // namespace

Mean::Mean(NameOptions o) : Metric(make<Values>("Mean", std::move(o))) {}
void Mean::update_state(const Tensor& values, const Tensor& sample_weight) const {
  Metric::update_state(values, values, sample_weight);
}
Sum::Sum(NameOptions o) : Metric(std::make_shared<SumOfValues>(std::move(o))) {}
void Sum::update_state(const Tensor& values, const Tensor& sample_weight) const {
  Metric::update_state(values, values, sample_weight);
}
Accuracy::Accuracy(NameOptions o) : Metric(make<Equal>("Accuracy", std::move(o))) {}
BinaryAccuracy::BinaryAccuracy(BinaryAccuracyOptions o)
    : Metric(make<Binary>("BinaryAccuracy", std::move(o))) {}
CategoricalAccuracy::CategoricalAccuracy(NameOptions o)
    : Metric(make<Categorical>("CategoricalAccuracy", std::move(o))) {}
SparseCategoricalAccuracy::SparseCategoricalAccuracy(NameOptions o)
    : Metric(make<Sparse>("SparseCategoricalAccuracy", std::move(o))) {}
TopKCategoricalAccuracy::TopKCategoricalAccuracy(TopKOptions o)
    : Metric(make<TopK>("TopKCategoricalAccuracy", std::move(o))) {}
SparseTopKCategoricalAccuracy::SparseTopKCategoricalAccuracy(TopKOptions o)
    : Metric(make<SparseTopK>("SparseTopKCategoricalAccuracy", std::move(o))) {}

MeanSquaredError::MeanSquaredError(NameOptions o)
    : Metric(make<OfLoss<NameOptions>>("MeanSquaredError", std::move(o),
                                       losses::MeanSquaredError({.reduction = "none"}))) {}
MeanAbsoluteError::MeanAbsoluteError(NameOptions o)
    : Metric(make<OfLoss<NameOptions>>("MeanAbsoluteError", std::move(o),
                                       losses::MeanAbsoluteError({.reduction = "none"}))) {}
RootMeanSquaredError::RootMeanSquaredError(NameOptions o)
    : Metric(make<RootOfSquares>("RootMeanSquaredError", std::move(o),
                                 losses::MeanSquaredError({.reduction = "none"}))) {}
BinaryCrossentropy::BinaryCrossentropy(CrossentropyOptions o)
    : Metric(make<OfLoss<CrossentropyOptions>>(
          "BinaryCrossentropy", o,
          losses::BinaryCrossentropy({.from_logits = o.from_logits,
                                      .label_smoothing = o.label_smoothing,
                                      .reduction = "none"}))) {}
CategoricalCrossentropy::CategoricalCrossentropy(CrossentropyOptions o)
    : Metric(make<OfLoss<CrossentropyOptions>>(
          "CategoricalCrossentropy", o,
          losses::CategoricalCrossentropy({.from_logits = o.from_logits,
                                           .label_smoothing = o.label_smoothing,
                                           .reduction = "none"}))) {}
SparseCategoricalCrossentropy::SparseCategoricalCrossentropy(SparseCrossentropyOptions o)
    : Metric(make<OfLoss<SparseCrossentropyOptions>>(
          "SparseCategoricalCrossentropy", o,
          losses::SparseCategoricalCrossentropy(
              {.from_logits = o.from_logits, .reduction = "none"}))) {}

namespace {

template <class T, class Options>
using Listed = Register<Metric, T, Options>;

const Listed<Mean, NameOptions> mean("Mean");
const Listed<Sum, NameOptions> sum("Sum");
const Listed<Accuracy, NameOptions> accuracy("Accuracy");
const Listed<BinaryAccuracy, BinaryAccuracyOptions> binary("BinaryAccuracy");
const Listed<CategoricalAccuracy, NameOptions> categorical("CategoricalAccuracy");
const Listed<SparseCategoricalAccuracy, NameOptions> sparse("SparseCategoricalAccuracy");
const Listed<TopKCategoricalAccuracy, TopKOptions> top_k("TopKCategoricalAccuracy");
const Listed<SparseTopKCategoricalAccuracy, TopKOptions> sparse_top_k(
    "SparseTopKCategoricalAccuracy");
const Listed<MeanSquaredError, NameOptions> mse("MeanSquaredError", {"mse"});
const Listed<MeanAbsoluteError, NameOptions> mae("MeanAbsoluteError", {"mae"});
const Listed<RootMeanSquaredError, NameOptions> rmse("RootMeanSquaredError", {"rmse"});
const Listed<BinaryCrossentropy, CrossentropyOptions> bce("BinaryCrossentropy", {"bce"});
const Listed<CategoricalCrossentropy, CrossentropyOptions> cce("CategoricalCrossentropy");
const Listed<SparseCategoricalCrossentropy, SparseCrossentropyOptions> scce(
    "SparseCategoricalCrossentropy");

}  // namespace
}  // namespace millstream::keras::metrics

millstream::keras::Metric::Metric(const char* name) : Metric(metrics::named(name)) {}
