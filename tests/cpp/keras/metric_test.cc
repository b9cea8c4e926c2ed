#include "millstream/keras/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "expect.h"
#include "millstream/ops/elementwise.h"

namespace millstream::keras {
namespace {

using testing::HasSubstr;
using namespace metrics;

struct Update {
  Tensor y_true, y_pred, weight = {};
};

struct MetricCase {
  const char* name;
  std::function<Metric()> make;
  Update first, second;
  std::vector<double> after_first, after_second;  // as Keras has them
};

std::vector<MetricCase> mean_cases() {
  const Tensor truth = constant({{0.f, 1.f, 0.f}, {0.2f, 0.3f, 0.5f}});
  const Tensor guess = constant({{0.1f, 0.7f, 0.2f}, {0.3f, 0.3f, 0.4f}});
  const Tensor logits = constant({{1.f, -2.f, 0.5f}, {0.3f, 2.f, -1.f}});
  const Tensor labels = constant({1, 2}), other = constant({0, 1});
  const Tensor w = constant({0.5f, 2.f}), v = constant({1.f, 0.5f});
  const Tensor a = constant({1.f, 3.f}), b = constant({5.f, 7.f});
  return {{"Mean", [] { return Mean(); }, {a, a}, {b, b, v}, {2}, {3.571429}},
          {"Sum", [] { return Sum(); }, {a, a}, {b, b, v}, {4}, {12.5}},
          {"Accuracy",
           [] { return Accuracy(); },
           {constant({{1}, {2}, {3}}), constant({{0}, {2}, {3}})},
           {constant({{1}, {2}}), constant({{1}, {2}}), v},
           {0.6666667},
           {0.7777778}},
          {"BinaryAccuracy",
           [] { return BinaryAccuracy(); },
           {constant({{1}, {0}, {1}}), constant({{0.6f}, {0.7f}, {0.2f}})},
           {constant({{1}, {1}}), constant({{0.6f}, {0.4f}}), v},
           {0.3333333},
           {0.4444444}},
          {"CategoricalAccuracy",
           [] { return CategoricalAccuracy(); },
           {truth, guess},
           {truth, logits, w},
           {1},
           {0.4444444}},
          {"SparseCategoricalAccuracy",
           [] { return SparseCategoricalAccuracy(); },
           {labels, guess},
           {other, logits, w},
           {1},
           {1}},
          {"TopKCategoricalAccuracy",
           [] { return TopKCategoricalAccuracy({.k = 2}); },
           {truth, guess},
           {truth, logits, w},
           {1},
           {0.4444444}},
          {"SparseTopKCategoricalAccuracy",
           [] { return SparseTopKCategoricalAccuracy({.k = 2}); },
           {labels, guess},
           {labels, logits, w},
           {1},
           {0.4444444}},
          {"MeanSquaredError",
           [] { return MeanSquaredError(); },
           {truth, guess},
           {truth, logits, w},
           {0.02666667},
           {1.154444}},
          {"RootMeanSquaredError",
           [] { return RootMeanSquaredError(); },
           {truth, guess},
           {truth, logits},
           {0.1632993},
           {1.138713}},
          {"SparseCategoricalCrossentropy",
           [] { return SparseCategoricalCrossentropy({.from_logits = true}); },
           {labels, logits},
           {labels, guess},
           {3.356809},
           {2.128659}}};
}

std::vector<MetricCase> confusion_cases() {
  const Tensor y = constant({0, 1, 1, 0, 1}), reversed = constant({1, 0, 1, 1, 0});
  const Tensor p = constant({0.1f, 0.4f, 0.8f, 0.6f, 0.9f});
  const Tensor w = constant({1.f, 2.f, 1.f, 0.5f, 1.f});
  const Tensor one_hot = constant({{0, 1, 0}, {1, 0, 1}});
  const Tensor guess = constant({{0.1f, 0.7f, 0.2f}, {0.3f, 0.3f, 0.4f}});
  const Tensor logits = constant({{1.f, -2.f, 0.5f}, {0.3f, 2.f, -1.f}});
  const auto auc = [&](const char* name, const char* curve, const char* method, double first,
                       double second) {
    return MetricCase{name,    [=] { return AUC({.curve = curve, .summation_method = method}); },
                      {y, p},  {reversed, p, w},
                      {first}, {second}};
  };
  return {
      auc("AucRoc", "ROC", "interpolation", 0.8333334, 0.6090909),
      auc("AucRocMinoring", "ROC", "minoring", 0.8333334, 0.5272727),
      auc("AucRocMajoring", "ROC", "majoring", 0.8333334, 0.6909091),
      auc("AucPr", "PR", "interpolation", 0.904106, 0.591278),
      auc("AucPrMinoring", "PR", "minoring", 0.5555556, 0.4311642),
      auc("AucPrMajoring", "PR", "majoring", 0.9166666, 0.6437774),
      {"AucThresholds",
       [] {
         return AUC({.thresholds = {0.5, 0.25}});
       },
       {y, p},
       {reversed, p},
       {0.6666667},
       {0.5833333}},
      {"AucMultiLabel",
       [] {
         return AUC({.multi_label = true, .label_weights = {1, 2, 1}});
       },
       {constant({{0, 1, 0}, {1, 0, 1}, {1, 1, 0}}),
        constant({{.1f, .7f, .2f}, {.3f, .3f, .4f}, {.9f, .6f, .5f}})},
       {constant({{1, 1, 0}, {0, 0, 1}}), constant({{.5f, .7f, .3f}, {.3f, .2f, .8f}})},
       {0.875},
       {0.9375}},
      {"Precision", [] { return Precision(); }, {y, p}, {reversed, p, w}, {0.6666667}, {0.6363636}},
      {"Recall", [] { return Recall(); }, {y, p}, {reversed, p, w}, {0.6666667}, {0.6363636}},
      {"PrecisionThresholds",
       [] {
         return Precision({.thresholds = {0.3, 0.7}});
       },
       {y, p},
       {reversed, p},
       {0.75, 1},
       {0.625, 0.75}},
      {"PrecisionTopK",
       [] { return Precision({.top_k = 1}); },
       {one_hot, guess},
       {one_hot, logits},
       {1},
       {0.5}},
      {"RecallTopK",
       [] { return Recall({.top_k = 2}); },
       {one_hot, guess},
       {one_hot, logits},
       {1},
       {0.6666667}},
      {"RecallClass",
       [] { return Recall({.class_id = 1}); },
       {one_hot, guess},
       {one_hot, logits},
       {1},
       {0.5}}};
}

class MetricValues : public testing::TestWithParam<MetricCase> {};

TEST_P(MetricValues, AreThoseOfKeras) {
  const MetricCase& c = GetParam();
  const Metric metric = c.make();
  for (int round = 0; round < 2; ++round) {
    metric.update_state(c.first.y_true, c.first.y_pred, c.first.weight);
    expect_equals(metric.result(), c.after_first, 1e-5);
    metric.update_state(c.second.y_true, c.second.y_pred, c.second.weight);
    expect_equals(metric.result(), c.after_second, 1e-5);
    metric.reset_state();
  }
}

TEST_P(MetricValues, ComeBackFromTheirConfiguration) {
  const Metric metric = GetParam().make();
  const Metric read = Metric::from_config(Config::from_json(metric.to_config().to_json()));
  EXPECT_EQ(read.to_config().to_json(), metric.to_config().to_json());
}

const auto name_of_case = [](const auto& param) { return param.param.name; };
INSTANTIATE_TEST_SUITE_P(Means, MetricValues, testing::ValuesIn(mean_cases()), name_of_case);
INSTANTIATE_TEST_SUITE_P(Counts, MetricValues, testing::ValuesIn(confusion_cases()), name_of_case);

TEST(Metrics, ChooseTheAccuracyByTheShapes) {
  const Metric sparse("accuracy"), binary("accuracy"), categorical("acc");
  sparse.update_state(constant({1, 0}), constant({{0.1f, 0.9f}, {0.2f, 0.8f}}));
  expect_equals(sparse.result(), {0.5});
  binary.update_state(constant({1.f, 0.f}), constant({{0.9f}, {0.2f}}));
  expect_equals(binary.result(), {1});
  categorical.update_state(constant({{0, 1}, {0, 1}}), constant({{0.1f, 0.9f}, {0.7f, 0.3f}}));
  expect_equals(categorical.result(), {0.5});
  EXPECT_EQ(sparse.name(), "accuracy");
  EXPECT_EQ(categorical.name(), "acc");
  EXPECT_EQ(Metric("mse").name(), "mse");
}

TEST(Metrics, AreZeroBeforeTheFirstUpdate) {
  expect_equals(Mean().result(), {0});
  expect_equals(AUC().result(), {0});
  expect_equals(Precision().result(), {0});
  expect_equals(Metric("accuracy").result(), {0});
}

TEST(Metrics, MayBeFunctions) {
  const Metric metric("shift", [](const Tensor& y_true, const Tensor& y_pred) {
    return squared_difference(y_true, y_pred);
  });
  metric.update_state(constant({1.f, 2.f}), constant({2.f, 4.f}));
  expect_equals(metric.result(), {2.5});
  EXPECT_EQ(metric.name(), "shift");
}

TEST(Metrics, SayWhatDoesNotFit) {
  try {
    CategoricalAccuracy().update_state(zeros({2, 3}), zeros({3, 3}));
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("metric 'categorical_accuracy'"));
  }
  EXPECT_THROW(Metric("akkuracy"), NotFound);
  EXPECT_THROW(AUC({.curve = "RPC"}), InvalidArgument);
  EXPECT_THROW(AUC({.num_thresholds = 1}), InvalidArgument);
  EXPECT_THROW(Precision({.thresholds = {1.5}}), InvalidArgument);
}

}  // namespace
}  // namespace millstream::keras
