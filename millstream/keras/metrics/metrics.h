#pragma once
// The metrics of Keras.
#include <optional>
#include <vector>

#include "millstream/keras/metrics/metric.h"

namespace millstream::keras::metrics {

struct NameOptions {
  std::string name = {};
};

// Of values instead of predictions.
struct Mean : Metric {
  explicit Mean(NameOptions options = {});
  using Metric::update_state;
  void update_state(const Tensor& values, const Tensor& sample_weight = {}) const;
};
struct Sum : Metric {
  explicit Sum(NameOptions options = {});
  using Metric::update_state;
  void update_state(const Tensor& values, const Tensor& sample_weight = {}) const;
};

// How often y_pred equals y_true.
struct Accuracy : Metric {
  explicit Accuracy(NameOptions options = {});
};

struct BinaryAccuracyOptions {
  std::string name = {};
  double threshold = 0.5;
};
// How often (y_pred > threshold) equals y_true.
struct BinaryAccuracy : Metric {
  explicit BinaryAccuracy(BinaryAccuracyOptions options = {});
};

// How often the largest prediction is at the largest label (one-hot labels).
struct CategoricalAccuracy : Metric {
  explicit CategoricalAccuracy(NameOptions options = {});
};
// The same for labels that are class numbers, [batch, ...] or [batch, ..., 1].
struct SparseCategoricalAccuracy : Metric {
  explicit SparseCategoricalAccuracy(NameOptions options = {});
};

struct TopKOptions {
  int64_t k = 5;
  std::string name = {};
};
// How often fewer than k predictions are larger than that of the right class.
struct TopKCategoricalAccuracy : Metric {
  explicit TopKCategoricalAccuracy(TopKOptions options = {});
};
struct SparseTopKCategoricalAccuracy : Metric {
  explicit SparseTopKCategoricalAccuracy(TopKOptions options = {});
};

// The means of losses.
struct MeanSquaredError : Metric {
  explicit MeanSquaredError(NameOptions options = {});
};
struct MeanAbsoluteError : Metric {
  explicit MeanAbsoluteError(NameOptions options = {});
};
struct RootMeanSquaredError : Metric {
  explicit RootMeanSquaredError(NameOptions options = {});
};
struct CrossentropyOptions {
  std::string name = {};
  bool from_logits = false;
  double label_smoothing = 0;
};
struct BinaryCrossentropy : Metric {
  explicit BinaryCrossentropy(CrossentropyOptions options = {});
};
struct CategoricalCrossentropy : Metric {
  explicit CategoricalCrossentropy(CrossentropyOptions options = {});
};
struct SparseCrossentropyOptions {
  std::string name = {};
  bool from_logits = false;
};
struct SparseCategoricalCrossentropy : Metric {
  explicit SparseCategoricalCrossentropy(SparseCrossentropyOptions options = {});
};

struct ThresholdOptions {
  std::vector<double> thresholds = {};  // 0.5 unless given; the result has one value for each
  std::optional<int64_t> top_k = {};    // only the k largest predictions of a sample count
  std::optional<int64_t> class_id = {};
  std::string name = {};
};
// True positives by predicted positives.
struct Precision : Metric {
  explicit Precision(ThresholdOptions options = {});
};
// True positives by actual positives.
struct Recall : Metric {
  explicit Recall(ThresholdOptions options = {});
};

struct AUCOptions {
  int64_t num_thresholds = 200;
  std::string curve = "ROC";                       // or "PR"
  std::string summation_method = "interpolation";  // or "minoring", "majoring"
  std::string name = {};
  std::vector<double> thresholds = {};  // instead of evenly spaced ones
  bool multi_label = false;             // one curve per column, averaged
  std::vector<double> label_weights = {};
  bool from_logits = false;
};
// The area under the curve of true against false positives, or of precision against recall.
struct AUC : Metric {
  explicit AUC(AUCOptions options = {});
};

}  // namespace millstream::keras::metrics
