#include "millstream/keras/losses/losses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "expect.h"
#include "millstream/autodiff/tape.h"
#include "millstream/ops/operators.h"

namespace millstream::keras {
namespace {

using testing::HasSubstr;
using namespace losses;

const Tensor& truth() {
  static const Tensor y = constant({{0.f, 1.f, 0.f}, {0.2f, 0.3f, 0.5f}});
  return y;
}
const Tensor& probabilities() {
  static const Tensor y = constant({{0.1f, 0.7f, 0.2f}, {0.3f, 0.3f, 0.4f}});
  return y;
}
const Tensor& logits() {
  static const Tensor y = constant({{1.f, -2.f, 0.5f}, {0.3f, 2.f, -1.f}});
  return y;
}
const Tensor& labels() {
  static const Tensor y = constant({1, 2});
  return y;
}

struct LossCase {
  const char* name;  // as Keras's registry knows it
  Tensor y_true, y_pred;
  double mean, sum;
  std::vector<double> values;
  double weighted;       // with sample weights 0.5 and 2
  double weighted_mean;  // the same, divided by the weights
};

const std::vector<LossCase>& loss_cases() {
  static const std::vector<LossCase> cases = {
      {"MeanSquaredError",
       truth(),
       logits(),
       2.566667,
       5.133333,
       {3.416667, 1.716667},
       2.570833,
       2.056667},
      {"MeanAbsoluteError", truth(), logits(), 1.3, 2.6, {1.5, 1.1}, 1.475, 1.18},
      {"Huber", truth(), logits(), 0.8883333, 1.776667, {1.041667, 0.735}, 0.9954166, 0.7963333},
      {"BinaryCrossentropy",
       truth(),
       probabilities(),
       0.4226227,
       0.8452454,
       {0.228393, 0.6168523},
       0.6739506,
       0.5391605},
      {"CategoricalCrossentropy",
       truth(),
       probabilities(),
       0.7084033,
       1.416807,
       {0.356675, 1.060132},
       1.149301,
       0.9194404},
      {"SparseCategoricalCrossentropy",
       labels(),
       probabilities(),
       0.6364828,
       1.272966,
       {0.3566749, 0.9162908},
       1.005459,
       0.8043675}};
  return cases;
}

Loss with_reduction(const char* name, const char* reduction) {
  return Registry<Loss>::make(name, Config::Dict{{"reduction", reduction}});
}

class LossValues : public testing::TestWithParam<LossCase> {};

TEST_P(LossValues, AreThoseOfKeras) {
  const auto& [name, y_true, y_pred, mean, sum, values, weighted, weighted_mean] = GetParam();
  const Tensor weights = constant({0.5f, 2.f});
  expect_equals(Loss(name)(y_true, y_pred), {mean}, 1e-5);
  expect_equals(with_reduction(name, "sum")(y_true, y_pred), {sum}, 1e-5);
  expect_equals(with_reduction(name, "none")(y_true, y_pred), values, 1e-5);
  expect_equals(Loss(name)(y_true, y_pred, weights), {weighted}, 1e-5);
  expect_equals(with_reduction(name, "mean_with_sample_weight")(y_true, y_pred, weights),
                {weighted_mean}, 1e-5);
}

TEST_P(LossValues, TakeFloat64AndHalfPredictions) {
  const auto& c = GetParam();
  expect_equals(Loss(c.name)(c.y_true, cast(c.y_pred, float64)), {c.mean}, 1e-5);
  const Tensor half = Loss(c.name)(c.y_true, cast(c.y_pred, bfloat16));
  EXPECT_EQ(half.dtype(), float32);
  expect_equals(half, {c.mean}, 2e-2);
}

TEST_P(LossValues, HaveTheGradientOfTheirDifferences) {
  const auto& c = GetParam();
  const Tensor y = cast(c.y_pred, float64);
  const Loss loss(c.name);
  GradientTape tape;
  tape.watch(y);
  const Tensor value = loss(c.y_true, y);
  const std::vector<double> gradient = tape.gradient(value, y).to_vector<double>();
  std::vector<double> at = y.to_vector<double>();
  for (size_t i = 0; i < at.size(); ++i) {
    const auto shifted = [&](double step) {
      std::vector<double> moved = at;
      moved[i] += step;
      const Tensor x = Tensor::from_host(float64, y.shape(), moved.data(), y.device());
      return loss(c.y_true, x).item<double>();
    };
    EXPECT_NEAR(gradient[i], (shifted(1e-5) - shifted(-1e-5)) / 2e-5, 1e-5) << i;
  }
}

TEST_P(LossValues, ComeBackFromTheirConfiguration) {
  const Loss loss = with_reduction(GetParam().name, "sum");
  const Loss read = Loss::from_config(Config::from_json(loss.to_config().to_json()));
  EXPECT_EQ(read.to_config().to_json(), loss.to_config().to_json());
  EXPECT_EQ(read.impl().reduction(), "sum");
}

INSTANTIATE_TEST_SUITE_P(, LossValues, testing::ValuesIn(loss_cases()),
                         [](const auto& param) { return param.param.name; });

TEST(Losses, TakeOptions) {
  struct Case {
    Loss loss;
    Tensor y_true;
    double value;
  };
  const std::vector<Case> cases = {
      {Huber({.delta = 0.5}), truth(), 0.5383334},
      {BinaryCrossentropy({.from_logits = true}), truth(), 1.258135},
      {BinaryCrossentropy({.from_logits = true, .label_smoothing = 0.2}), truth(), 1.183469},
      {CategoricalCrossentropy({.from_logits = true}), truth(), 2.776809},
      {CategoricalCrossentropy({.from_logits = true, .label_smoothing = 0.1}), truth(), 2.671475},
      {SparseCategoricalCrossentropy({.from_logits = true}), labels(), 3.356809},
      {SparseCategoricalCrossentropy({.from_logits = true, .ignore_class = 1}), labels(),
       3.209021}};
  for (const Case& c : cases) expect_equals(c.loss(c.y_true, logits()), {c.value}, 1e-5);
}

TEST(Losses, TakeLabelsOfEveryDTypeAndAsAColumn) {
  const SparseCategoricalCrossentropy loss({.from_logits = true});
  for (const DType dtype : {uint8, int8, int16, int32, int64, float32}) {
    expect_equals(loss(cast(labels(), dtype), logits()), {3.356809}, 1e-5);
  }
  expect_equals(loss(constant({{1}, {2}}), logits()), {3.356809}, 1e-5);
}

TEST(Losses, MayBeFunctions) {
  const Loss loss = [](const Tensor& y_true, const Tensor& y_pred) { return abs(y_true - y_pred); };
  expect_equals(loss(constant({1.f, 2.f}), constant({2.f, 4.f})), {1.5});
  EXPECT_THROW(loss.get_config(), Unimplemented);
}

TEST(Losses, SayWhatDoesNotFit) {
  try {
    CategoricalCrossentropy()(zeros({2, 3}), zeros({2, 4}));
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("categorical_crossentropy"));
    EXPECT_THAT(error.what(), HasSubstr("[2,3]"));
    EXPECT_THAT(error.what(), HasSubstr("[2,4]"));
  }
  EXPECT_THROW(Loss("mean_squared"), NotFound);
  EXPECT_THROW(MeanSquaredError({.reduction = "average"}), InvalidArgument);
  EXPECT_THROW(BinaryCrossentropy({.label_smoothing = 2}), InvalidArgument);
  EXPECT_THROW(MeanSquaredError()(zeros({2, 3}), zeros({5})), InvalidArgument);
}

}  // namespace
}  // namespace millstream::keras
