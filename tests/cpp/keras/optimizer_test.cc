#include "millstream/keras/optimizers/optimizers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "expect.h"
#include "millstream/ops/optimizer.h"

namespace millstream::keras {
namespace {

using testing::HasSubstr;
using namespace optimizers;

struct StepCase {
  const char* name;
  std::function<Optimizer()> make;
  std::vector<double> first, second;  // the variables after three steps, as Keras has them
};

const std::vector<StepCase>& step_cases() {
  static const std::vector<StepCase> cases = {
      {"sgd", [] { return SGD(); }, {0.994, -1.985, 2.94}, {0.491}},
      {"sgd_momentum",
       [] { return SGD({.learning_rate = 0.1, .momentum = 0.9}); },
       {0.9049, -1.7195, 1.878},
       {0.3317}},
      {"sgd_nesterov",
       [] { return SGD({.learning_rate = 0.1, .momentum = 0.9, .nesterov = true}); },
       {0.85441, -1.59755, 1.3902},
       {0.25853}},
      {"sgd_weight_decay",
       [] { return SGD({.learning_rate = 0.1, .weight_decay = 0.1}); },
       {0.9106981, -1.792093, 2.316877},
       {0.3960465}},
      {"adam", [] { return Adam(); }, {0.9970769, -1.997, 2.997}, {0.497}},
      {"adam_amsgrad",
       [] { return Adam({.learning_rate = 0.1, .amsgrad = true}); },
       {0.7076889, -1.700003, 2.700002},
       {0.2000044}},
      {"adam_weight_decay",
       [] { return Adam({.learning_rate = 0.1, .weight_decay = 0.1}); },
       {0.680943, -1.643591, 2.613889},
       {0.1881438}},
      {"adamw",
       [] { return AdamW({.learning_rate = 0.1}); },
       {0.7066081, -1.697724, 2.696524},
       {0.1995247}},
      {"rmsprop", [] { return RMSprop(); }, {0.9913901, -1.992623, 2.992623}, {0.4926226}},
      {"rmsprop_centered",
       [] { return RMSprop({.learning_rate = 0.1, .momentum = 0.5, .centered = true}); },
       {-0.3503096, -0.8093252, 1.809323},
       {-0.6906713}},
      {"adagrad",
       [] { return Adagrad({.learning_rate = 0.1}); },
       {0.8569719, -1.796702, 2.773458},
       {0.325161}},
      {"clipnorm",
       [] { return SGD({.learning_rate = 0.1, .clipnorm = 1}); },
       {0.9710984, -1.927634, 2.710536},
       {0.41}},
      {"clipvalue",
       [] { return SGD({.learning_rate = 0.1, .clipvalue = 0.2}); },
       {0.95, -1.94, 2.94},
       {0.44}},
      {"global_clipnorm",
       [] { return SGD({.learning_rate = 0.1, .global_clipnorm = 1}); },
       {0.9713956, -1.92838, 2.713521},
       {0.4570281}},
      {"schedule",
       [] {
         return SGD({.learning_rate = schedules::ExponentialDecay(
                         {.initial_learning_rate = 0.1, .decay_steps = 2, .decay_rate = 0.5})});
       },
       {0.9608579, -1.889645, 2.558579},
       {0.4337868}}};
  return cases;
}

class OptimizerSteps : public testing::TestWithParam<StepCase> {};

TEST_P(OptimizerSteps, AreThoseOfKeras) {
  const Variable v(constant({1.f, -2.f, 3.f})), u(constant({{0.5f}}));
  const Optimizer optimizer = GetParam().make();
  for (int step = 1; step <= 3; ++step) {
    optimizer.apply_gradients(
        {constant({0.1f * static_cast<float>(step), -0.5f, 2.f}), constant({{0.3f}})}, {v, u});
  }
  expect_equals(v, GetParam().first, 3e-5);
  expect_equals(u, GetParam().second, 3e-5);
  EXPECT_EQ(optimizer.iterations(), 3);
}

TEST_P(OptimizerSteps, ComeBackFromTheirConfiguration) {
  const Optimizer optimizer = GetParam().make();
  const Config config = optimizer.to_config();
  const Optimizer read = Optimizer::from_config(Config::from_json(config.to_json()));
  EXPECT_EQ(read.to_config().to_json(), config.to_json());
}

INSTANTIATE_TEST_SUITE_P(, OptimizerSteps, testing::ValuesIn(step_cases()),
                         [](const auto& param) { return param.param.name; });

// One large parameter, of a size that no register divides, against its pieces.
TEST(OptimizerUpdate, TreatsEveryElementAlike) {
  const int64_t n = 100'003;
  for (const DType dtype : {float32, float64, float16, bfloat16}) {
    const auto vector = [&](double k) { return weight_pattern({n}, k, 1, dtype); };
    const Tensor rate = constant(0.1, float32), step = constant(4, int64);
    const Tensors whole{rate, step, vector(0), vector(1), vector(2), vector(3)};
    const Tensors updated = adam_update(whole);
    ASSERT_EQ(updated.size(), 3u);
    Tensors part{rate, step};
    for (size_t i = 2; i < whole.size(); ++i) {
      part.push_back(contiguous(whole[i].view({1}, {1}, n - 2)));
    }
    const Tensors one = adam_update(part);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(updated[i].dtype(), dtype);
      EXPECT_EQ(updated[i].to_vector<double>()[static_cast<size_t>(n) - 2], one[i].item<double>());
    }
  }
}

TEST(OptimizerUpdate, RefusesWhatDoesNotFit) {
  const Tensor rate = constant(0.1, float32), step = constant(1, int64);
  const Tensor a = zeros({2}), b = zeros({3});
  EXPECT_THROW(sgd_update(Tensors{rate}), InvalidArgument);
  EXPECT_THROW(sgd_update(Tensors{rate, step, a}), InvalidArgument);
  EXPECT_THROW(sgd_update(Tensors{rate, step, a, b}), InvalidArgument);
  EXPECT_THROW(sgd_update(Tensors{step, step, a, a}), InvalidArgument);
  EXPECT_THROW(sgd_update(Tensors{rate, step, a, zeros({2}, float64)}), InvalidArgument);
  EXPECT_TRUE(sgd_update(Tensors{rate, step}).empty());
}

TEST(Optimizer, SkipsVariablesWithoutAGradient) {
  const Variable a(constant({1.f})), b(constant({1.f}));
  const SGD sgd({.learning_rate = 0.5});
  sgd.apply_gradients({constant({1.f}), Tensor()}, {a, b});
  expect_equals(a, {0.5});
  expect_equals(b, {1});
  EXPECT_THROW(sgd.apply_gradients({Tensor(), Tensor()}, {a, b}), InvalidArgument);
  EXPECT_THROW(sgd.apply_gradients({constant({1.f})}, {a, b}), InvalidArgument);
}

TEST(Optimizer, KeepsSomeVariablesFromDecaying) {
  const Variable kernel(constant({1.f})), bias(constant({1.f}));
  const AdamW adam({.learning_rate = 0.1, .weight_decay = 0.5});
  adam.exclude_from_weight_decay({bias});
  adam.apply_gradients({constant({0.f}), constant({0.f})}, {kernel, bias});
  expect_equals(kernel, {0.95});
  expect_equals(bias, {1});
}

TEST(Optimizer, TakesANewLearningRateUnlessAScheduleSetsIt) {
  const Variable v(constant({1.f}));
  const SGD sgd({.learning_rate = 0.5});
  sgd.set_learning_rate(0.25);
  sgd.apply_gradients({constant({1.f})}, {v});
  expect_equals(v, {0.75});
  EXPECT_DOUBLE_EQ(sgd.learning_rate(), 0.25);
  const SGD scheduled({.learning_rate = schedules::ExponentialDecay({.decay_steps = 10})});
  EXPECT_THROW(scheduled.set_learning_rate(0.1), FailedPrecondition);
}

TEST(Optimizer, RefusesContradictions) {
  EXPECT_THROW(SGD({.clipnorm = 1, .clipvalue = 1}), InvalidArgument);
  EXPECT_THROW(SGD({.clipnorm = -1}), InvalidArgument);
  EXPECT_THROW(SGD({.momentum = 2}), InvalidArgument);
  try {
    Optimizer("adamm");
    FAIL();
  } catch (const NotFound& error) {
    EXPECT_THAT(error.what(), HasSubstr("adamw"));
  }
}

struct ScheduleCase {
  const char* name;
  Schedule schedule;
  std::vector<double> rates;  // at steps 0, 5, 7, 15, 25
};

TEST(Schedules, AreThoseOfKeras) {
  using namespace schedules;
  const std::vector<ScheduleCase> cases = {
      {"exponential",
       ExponentialDecay({.initial_learning_rate = 0.1, .decay_steps = 10, .decay_rate = 0.5}),
       {0.1, 0.07071068, 0.06155722, 0.03535534, 0.01767767}},
      {"exponential staircase",
       ExponentialDecay(
           {.initial_learning_rate = 0.1, .decay_steps = 10, .decay_rate = 0.5, .staircase = true}),
       {0.1, 0.1, 0.1, 0.05, 0.025}},
      {"piecewise",
       PiecewiseConstantDecay({.boundaries = {5, 15}, .values = {1, 0.5, 0.1}}),
       {1, 1, 0.5, 0.5, 0.1}},
      {"cosine",
       CosineDecay({.initial_learning_rate = 0.1, .decay_steps = 20, .alpha = 0.1}),
       {0.1, 0.08681981, 0.07542957, 0.0231802, 0.01}},
      {"cosine warmup",
       CosineDecay({.initial_learning_rate = 0,
                    .decay_steps = 20,
                    .warmup_target = 0.1,
                    .warmup_steps = 10}),
       {0, 0.05, 0.07, 0.08535534, 0.01464466}},
      {"polynomial",
       PolynomialDecay({.initial_learning_rate = 0.1,
                        .decay_steps = 20,
                        .end_learning_rate = 0.01,
                        .power = 2}),
       {0.1, 0.060625, 0.048025, 0.015625, 0.01}},
      {"polynomial cycle",
       PolynomialDecay({.initial_learning_rate = 0.1,
                        .decay_steps = 10,
                        .end_learning_rate = 0.01,
                        .cycle = true}),
       {0.1, 0.055, 0.037, 0.0325, 0.025}},
      {"inverse time",
       InverseTimeDecay({.initial_learning_rate = 0.1, .decay_steps = 10, .decay_rate = 0.5}),
       {0.1, 0.08, 0.07407407, 0.05714286, 0.04444445}},
      {"inverse time staircase",
       InverseTimeDecay(
           {.initial_learning_rate = 0.1, .decay_steps = 10, .decay_rate = 0.5, .staircase = true}),
       {0.1, 0.1, 0.1, 0.06666667, 0.05}}};
  const int64_t steps[] = {0, 5, 7, 15, 25};
  for (const ScheduleCase& c : cases) {
    for (size_t i = 0; i < 5; ++i) {
      EXPECT_NEAR(c.schedule(constant(steps[i], int64)).item<double>(), c.rates[i], 1e-6)
          << c.name << " at " << steps[i];
    }
  }
  EXPECT_THROW(CosineDecay({.decay_steps = 0}), InvalidArgument);
  EXPECT_THROW(PiecewiseConstantDecay({.boundaries = {1}, .values = {1}}), InvalidArgument);
}

}  // namespace
}  // namespace millstream::keras
