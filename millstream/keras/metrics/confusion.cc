// Metrics that count true and false positives and negatives at thresholds.
#include <algorithm>

#include "millstream/keras/losses/loss.h"
#include "millstream/keras/metrics/metrics.h"
#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/sequence.h"
#include "millstream/ops/slice.h"
#include "millstream/ops/sort.h"
#include "millstream/ops/views.h"

namespace millstream::keras::metrics {
namespace {

constexpr double kEpsilon = 1e-7;
constexpr float kLowest = -1e10f;

// Counts of one batch: predicted positives that are right and wrong, per threshold and label, and
// how many there are of each.
struct Counts {
  Tensor true_positives, false_positives;  // [thresholds, labels]
  Tensor positives, negatives;             // [labels]
};

// labels, predictions and weights: [samples, labels].
Counts count(const Tensor& labels, const Tensor& predictions, const Tensor& weights,
             const Tensor& thresholds) {
  const Tensor positive = cast(cast(labels, boolean), float32) * weights;
  const Tensor negative = weights - positive;
  const Tensor limit = reshape(thresholds, Shape{thresholds.dim(0), 1, 1});
  const Tensor predicted = cast(expand_dims(predictions, 0) > limit, float32);
  const auto over_samples = [&](const Tensor& x) {
    return reduce_sum(predicted * expand_dims(x, 0), {.axis = Ints{1}});
  };
  return {over_samples(positive), over_samples(negative), reduce_sum(positive, {.axis = Ints{0}}),
          reduce_sum(negative, {.axis = Ints{0}})};
}

// Everything but the k largest of each row pushed below every threshold.
Tensor keep_top_k(const Tensor& x, int64_t k) {
  const Tensor indices = top_k(x, k).indices;
  const Tensor kept = reduce_sum(one_hot(indices, x.dim(-1)), {.axis = Ints{-2}});
  return where(kept > 0.f, x, fill(x.shape(), constant(kLowest, x.dtype())));
}

Tensor column(const Tensor& x, int64_t index) {
  Ints begin(static_cast<size_t>(x.rank()), 0), size(static_cast<size_t>(x.rank()), -1);
  begin.back() = index;
  size.back() = 1;
  return slice(x, begin, size);
}

Tensor as_column(const Tensor& x) { return reshape(x, Shape{x.elements(), 1}); }

Tensor broadcast_weights(const Tensor& sample_weight, const Tensor& predictions) {
  const Tensor ones = ones_like(predictions);
  if (!sample_weight.defined()) return ones;
  Tensor weights = cast(sample_weight, float32);
  while (weights.rank() > 0 && weights.rank() < predictions.rank()) {
    weights = expand_dims(weights, -1);
  }
  return ones * weights;
}

class Thresholded : public MetricImpl {
 public:
  Thresholded(const char* class_name, ThresholdOptions options)
      : MetricImpl(options.name),
        options_(std::move(options)),
        class_name_(class_name),
        thresholds_(threshold_values(options_)),
        true_positives_(add_variable("true_positives", thresholds_.shape())),
        others_(add_variable(class_name_ == "Precision" ? "false_positives" : "false_negatives",
                             thresholds_.shape())) {}

  std::string class_name() const override { return class_name_; }
  Config get_config() const override {
    Config config = config_of(options_);
    config.set("name", name());
    if (options_.thresholds.empty()) config.set("thresholds", {});
    return config;
  }

  void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& weight) override {
    auto [predictions, labels] = match_ranks(cast(y_pred, float32), y_true);
    if (options_.top_k) predictions = keep_top_k(predictions, *options_.top_k);
    Tensor weights = broadcast_weights(weight, predictions);
    if (options_.class_id) {
      if (predictions.rank() < 2) throw InvalidArgument("class_id needs predictions of rank 2");
      labels = column(labels, *options_.class_id);
      predictions = column(predictions, *options_.class_id);
      weights = column(weights, *options_.class_id);
    }
    const Counts counts =
        count(as_column(labels), as_column(predictions), as_column(weights), thresholds_);
    const Tensor hits = squeeze(counts.true_positives, Ints{1});
    true_positives_.assign(true_positives_ + hits);
    others_.assign(others_ + (class_name_ == "Precision" ? squeeze(counts.false_positives, Ints{1})
                                                         : counts.positives - hits));
  }

  Tensor result() override {
    const Tensor ratio = divide_no_nan(true_positives_, true_positives_ + others_);
    return ratio.elements() == 1 ? squeeze(ratio) : ratio;
  }

 private:
  static Tensor threshold_values(const ThresholdOptions& o) {
    std::vector<float> values(o.thresholds.begin(), o.thresholds.end());
    for (const float value : values) {
      if (!(value >= 0 && value <= 1)) {
        throw InvalidArgument(fmt::format("thresholds must be in [0, 1], not {}", value));
      }
    }
    if (values.empty()) values.push_back(o.top_k ? kLowest : 0.5f);
    return constant(values);
  }

  const ThresholdOptions options_;
  const std::string class_name_;
  const Tensor thresholds_;
  Variable true_positives_, others_;
};

class Area : public MetricImpl {
 public:
  explicit Area(AUCOptions options) : MetricImpl(options.name), options_(std::move(options)) {
    if (options_.curve != "ROC" && options_.curve != "PR") {
      throw InvalidArgument("AUC: the curve '" + options_.curve + "' is neither ROC nor PR");
    }
    const std::string& method = options_.summation_method;
    if (method != "interpolation" && method != "minoring" && method != "majoring") {
      throw InvalidArgument("AUC: the summation method '" + method +
                            "' is none of interpolation, minoring, majoring");
    }
    make_thresholds();
  }

  std::string class_name() const override { return "AUC"; }
  Config get_config() const override {
    Config config = config_of(options_);
    config.set("name", name());
    if (options_.thresholds.empty()) config.set("thresholds", {});
    if (options_.label_weights.empty()) config.set("label_weights", {});
    return config;
  }

  void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& weight) override {
    auto [predictions, labels] = match_ranks(cast(y_pred, float32), y_true);
    if (options_.from_logits) predictions = sigmoid(predictions);
    if (predictions.shape() != labels.shape()) {
      throw InvalidArgument("AUC: labels and predictions must have one shape");
    }
    if (options_.multi_label && predictions.rank() != 2) {
      throw InvalidArgument("AUC: multi_label needs predictions of rank 2");
    }
    Tensor weights = broadcast_weights(weight, predictions);
    if (!options_.multi_label) {
      if (!options_.label_weights.empty()) weights = weights * label_weights();
      labels = as_column(labels);
      predictions = as_column(predictions);
      weights = as_column(weights);
    }
    make_variables(predictions.dim(1));
    const Counts counts = count(labels, predictions, weights, thresholds_);
    const auto gather = [&](size_t i, const Tensor& x) { state_[i].assign(state_[i] + x); };
    gather(0, counts.true_positives);
    gather(1, counts.false_positives);
    gather(2, counts.negatives - counts.false_positives);
    gather(3, counts.positives - counts.true_positives);
  }

  Tensor result() override {
    if (state_.empty()) return constant(0.f, float32);
    const Tensor tp = state_[0], fp = state_[1], tn = state_[2], fn = state_[3];
    if (options_.curve == "PR" && options_.summation_method == "interpolation") {
      return average(interpolate_precision(tp, fp, fn));
    }
    const Tensor recall = divide_no_nan(tp, tp + fn);
    const bool roc = options_.curve == "ROC";
    const Tensor x = roc ? divide_no_nan(fp, fp + tn) : recall;
    const Tensor y = roc ? recall : divide_no_nan(tp, tp + fp);
    const Tensor a = lower(y), b = upper(y);
    const std::string& method = options_.summation_method;
    const Tensor heights = method == "interpolation" ? (a + b) * 0.5
                           : method == "minoring"    ? minimum(a, b)
                                                     : maximum(a, b);
    return average(reduce_sum((lower(x) - upper(x)) * heights, {.axis = Ints{0}}));
  }

 private:
  void make_thresholds() {
    std::vector<double> inner = options_.thresholds;
    std::sort(inner.begin(), inner.end());
    if (inner.empty()) {
      const int64_t n = options_.num_thresholds;
      if (n <= 1) throw InvalidArgument("AUC: num_thresholds must be greater than 1");
      for (int64_t i = 1; i + 1 < n; ++i) {
        inner.push_back(static_cast<double>(i) / static_cast<double>(n - 1));
      }
    }
    std::vector<float> values{static_cast<float>(-kEpsilon)};
    values.insert(values.end(), inner.begin(), inner.end());
    values.push_back(static_cast<float>(1 + kEpsilon));
    thresholds_ = constant(values);
  }

  void make_variables(int64_t labels) {
    if (!state_.empty()) return;
    for (const char* name :
         {"true_positives", "false_positives", "true_negatives", "false_negatives"}) {
      state_.push_back(add_variable(name, {thresholds_.dim(0), labels}));
    }
  }

  Tensor label_weights() const {
    return constant(
        std::vector<float>(options_.label_weights.begin(), options_.label_weights.end()));
  }

  // Of the labels' areas [labels].
  Tensor average(const Tensor& areas) const {
    if (!options_.multi_label || options_.label_weights.empty()) return reduce_mean(areas);
    const Tensor weights = label_weights();
    return divide_no_nan(reduce_sum(areas * weights), reduce_sum(weights));
  }

  // The values at the lower and at the upper threshold of each interval.
  Tensor lower(const Tensor& x) const { return slice(x, {0, 0}, {x.dim(0) - 1, -1}); }
  Tensor upper(const Tensor& x) const { return slice(x, {1, 0}, {x.dim(0) - 1, -1}); }

  // Davis and Goadrich 2006: true positives vary linearly with predicted positives in an interval,
  // which makes precision a curve between two thresholds.
  Tensor interpolate_precision(const Tensor& tp, const Tensor& fp, const Tensor& fn) const {
    const Tensor p = tp + fp;
    const Tensor dtp = lower(tp) - upper(tp), dp = lower(p) - upper(p);
    const Tensor slope = divide_no_nan(dtp, maximum(dp, 0.f));
    const Tensor intercept = upper(tp) - slope * upper(p);
    const Tensor ratio = where(logical_and(lower(p) > 0.f, upper(p) > 0.f),
                               divide_no_nan(lower(p), maximum(upper(p), 0.f)), ones_like(dp));
    const Tensor area = slope * (dtp + intercept * log(ratio));
    return reduce_sum(divide_no_nan(area, maximum(upper(tp) + upper(fn), 0.f)), {.axis = Ints{0}});
  }

  const AUCOptions options_;
  Tensor thresholds_;
  Variables state_;
};

}  // namespace

Precision::Precision(ThresholdOptions o)
    : Metric(std::make_shared<Thresholded>("Precision", std::move(o))) {}
Recall::Recall(ThresholdOptions o)
    : Metric(std::make_shared<Thresholded>("Recall", std::move(o))) {}
AUC::AUC(AUCOptions o) : Metric(std::make_shared<Area>(std::move(o))) {}

namespace {

const Register<Metric, Precision, ThresholdOptions> precision("Precision");
const Register<Metric, Recall, ThresholdOptions> recall("Recall");
const Register<Metric, AUC, AUCOptions> auc("AUC");

}  // namespace
}  // namespace millstream::keras::metrics
