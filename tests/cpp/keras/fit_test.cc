#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "expect.h"
#include "millstream/keras/keras.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"

namespace millstream::keras {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace layers;

// y = 2 a - b + 0.5 on n points.
struct Line {
  Tensor x, y;
  explicit Line(int64_t n) {
    std::vector<float> xs, ys;
    for (int64_t i = 0; i < n; ++i) {
      const auto a = static_cast<float>(std::sin(0.37 * static_cast<double>(i)));
      const auto b = static_cast<float>(std::cos(0.61 * static_cast<double>(i)));
      xs.insert(xs.end(), {a, b});
      ys.push_back(2 * a - b + 0.5f);
    }
    x = constant(xs, {n, 2});
    y = constant(ys, {n, 1});
  }
};

Sequential line_model(double rate = 0.1) {
  Sequential model{{Input({.shape = {2}}), Dense{{.units = 1, .kernel_initializer = "zeros"}}}};
  model.compile({.optimizer = optimizers::SGD{{.learning_rate = rate}},
                 .loss = losses::MeanSquaredError{},
                 .metrics = {"mae"}});
  return model;
}

TEST(Fit, FindsALine) {
  const Line data(200);
  const Sequential model = line_model();
  const History history = model.fit(data.x, data.y, {.batch_size = 20, .epochs = 30, .verbose = 0});
  expect_equals(model.weights()[0], {2, -1}, 1e-2);
  expect_equals(model.weights()[1], {0.5}, 1e-2);
  const auto& logs = history.history();
  ASSERT_EQ(logs.at("loss").size(), 30u);
  EXPECT_LT(logs.at("loss").back(), 1e-3);
  EXPECT_LT(logs.at("loss").back(), logs.at("loss").front() / 100);
  EXPECT_EQ(logs.count("mae"), 1u);
  EXPECT_EQ(history.epoch().back(), 29);
  const Logs scores = model.evaluate(data.x, data.y);
  EXPECT_LT(scores["loss"], 1e-3);
  EXPECT_THROW(scores["accuracy"], InvalidArgument);
  expect_equals(model.predict(data.x, {.batch_size = 7}), data.y.to_vector<double>(), 2e-2);
}

TEST(Fit, LearnsClassesWithEveryOptimizer) {
  const int64_t n = 120;
  std::vector<float> xs;
  std::vector<int32_t> ys;
  for (int64_t i = 0; i < n; ++i) {
    const auto a = static_cast<float>(std::sin(static_cast<double>(i)));
    const auto b = static_cast<float>(std::sin(2.3 * static_cast<double>(i)));
    xs.insert(xs.end(), {a, b});
    ys.push_back(a > 0 ? (b > 0 ? 0 : 1) : 2);
  }
  const Tensor x = constant(xs, {n, 2}), y = constant(ys, {n});
  for (const char* optimizer : {"sgd", "adam", "adamw", "rmsprop", "adagrad"}) {
    SCOPED_TRACE(optimizer);
    set_random_seed(1);
    const Sequential model{{Dense{{.units = 16, .activation = "relu"}}, Dense{{.units = 3}}}};
    model.compile({.optimizer = optimizer,
                   .loss = losses::SparseCategoricalCrossentropy{{.from_logits = true}},
                   .metrics = {"accuracy"}});
    model.optimizer().set_learning_rate(0.1);
    const History history = model.fit(x, y, {.epochs = 20, .verbose = 0});
    EXPECT_GT(history.history().at("accuracy").back(), 0.85);
  }
}

TEST(Fit, ValidatesOnTheLastSamplesOrOnOthers) {
  const Line data(100), other(10);
  const Sequential model = line_model();
  History history =
      model.fit(data.x, data.y, {.epochs = 2, .verbose = 0, .validation_split = 0.25});
  EXPECT_EQ(history.history().at("val_loss").size(), 2u);
  const double split = history.history().at("val_loss").back();
  const auto rows = [](const Tensor& t) {
    return t.view({25, t.dim(1)}, t.strides(), 75 * t.strides()[0]);
  };
  EXPECT_NEAR(model.evaluate(rows(data.x), rows(data.y))["loss"], split, 1e-6);
  history = model.fit(
      data.x, data.y,
      {.epochs = 4, .verbose = 0, .validation_data = {other.x, other.y}, .validation_freq = 2});
  EXPECT_EQ(history.history().at("val_loss").size(), 2u);
  EXPECT_THROW(model.fit(data.x, data.y, {.verbose = 0, .validation_split = 1}), InvalidArgument);
}

TEST(Fit, GivesTheSameNumbersWithTheSameSeed) {
  const Line data(64);
  std::vector<double> losses[2];
  for (auto& run : losses) {
    set_random_seed(5);
    const Sequential model = line_model();
    run = model.fit(data.x, data.y, {.batch_size = 8, .epochs = 3, .verbose = 0})
              .history()
              .at("loss");
  }
  EXPECT_EQ(losses[0], losses[1]);
}

// One step of SGD on a weight of zero: its size shows how a sample counts.
double step_of(const FitOptions& options) {
  const Sequential model{{Dense{{.units = 1, .use_bias = false, .kernel_initializer = "zeros"}}}};
  model.compile({.optimizer = optimizers::SGD{{.learning_rate = 1}}, .loss = "mse"});
  FitOptions silent = options;
  silent.verbose = 0;
  model.fit(constant({{1.f}, {1.f}}), constant({{1.f}, {0.f}}), silent);
  return model.weights()[0].value().item<double>();
}

TEST(Fit, WeighsSamplesAndClasses) {
  EXPECT_NEAR(step_of({}), 1, 1e-6);
  EXPECT_NEAR(step_of({.sample_weight = constant({3.f, 1.f})}), 3, 1e-6);
  EXPECT_NEAR(step_of({.class_weight = {{1, 0.5}}}), 0.5, 1e-6);
}

TEST(Fit, AddsPenaltiesToTheLoss) {
  const Sequential model{{Dense{{.units = 1,
                                 .use_bias = false,
                                 .kernel_initializer = "ones",
                                 .kernel_regularizer = regularizers::L2{{.l2 = 0.25}}}}}};
  model.compile({.optimizer = optimizers::SGD{{.learning_rate = 1}}, .loss = "mse"});
  const Logs logs = model.train_on_batch(constant({{1.f}}), constant({{1.f}}));
  EXPECT_NEAR(logs["loss"], 0.25, 1e-6);
  expect_equals(model.weights()[0], {0.5}, 1e-6);
}

TEST(Fit, TrainsModelsWithSeveralOutputs) {
  const KerasTensor x = Input({.shape = {2}});
  const Model model({x}, {Dense{{.units = 1}}(x), Dense{{.units = 1}}(x)});
  model.compile(
      {.optimizer = "sgd", .loss = std::vector<Loss>{"mse", "mae"}, .loss_weights = {1, 0}});
  const Line data(32);
  const Tensors before = model.get_weights();
  model.fit(data.x, Tensors{data.y, data.y}, {.verbose = 0});
  const Tensors after = model.get_weights();
  EXPECT_NE(before[0].to_vector<float>(), after[0].to_vector<float>());
  EXPECT_EQ(before[2].to_vector<float>(), after[2].to_vector<float>());
  EXPECT_THROW(model.fit(data.x, data.y, {.verbose = 0}), InvalidArgument);
}

TEST(Fit, LeavesFrozenLayersAlone) {
  const Line data(16);
  const Dense frozen{{.units = 4}};
  const Sequential model{{Input({.shape = {2}}), frozen, Dense{{.units = 1}}}};
  frozen.set_trainable(false);
  const std::vector<float> before = frozen.get_weights()[0].to_vector<float>();
  model.compile({.optimizer = "adam", .loss = "mse"});
  model.fit(data.x, data.y, {.verbose = 0});
  EXPECT_EQ(frozen.get_weights()[0].to_vector<float>(), before);
}

// A source of batches of one's own.
class Counting : public BatchSource {
 public:
  void start_epoch() override {
    ++epochs;
    left_ = 3;
  }
  std::optional<Batch> next() override {
    if (left_-- <= 0) return std::nullopt;
    return Batch{{ones({4, 2})}, {ones({4, 1})}};
  }
  int epochs = 0;

 private:
  int left_ = 0;
};

TEST(Fit, TakesAnySourceOfBatches) {
  Counting source;
  const Sequential model = line_model();
  int steps = 0;
  model.fit(source, {.epochs = 2,
                     .verbose = 0,
                     .callbacks = {callbacks::LambdaCallback(
                         {.on_train_batch_end = [&](int64_t, const Logs&) { ++steps; }})}});
  EXPECT_EQ(source.epochs, 2);
  EXPECT_EQ(steps, 6);
  steps = 0;
  model.fit(source, {.verbose = 0,
                     .callbacks = {callbacks::LambdaCallback(
                         {.on_train_batch_end = [&](int64_t, const Logs&) { ++steps; }})},
                     .steps_per_epoch = 2});
  EXPECT_EQ(steps, 2);
}

TEST(Fit, SaysWhatIsMissingOrDoesNotFit) {
  const Line data(8);
  const Sequential raw{{Dense{{.units = 1}}}};
  EXPECT_THROW(raw.fit(data.x, data.y), FailedPrecondition);
  const Sequential lossless{{Dense{{.units = 1}}}};
  lossless.compile({.optimizer = "sgd"});
  EXPECT_THROW(lossless.fit(data.x, data.y, {.verbose = 0}), FailedPrecondition);
  const Sequential model = line_model();
  EXPECT_THROW(model.fit(data.x, zeros({7, 1}), {.verbose = 0}), InvalidArgument);
  EXPECT_THROW(model.fit(data.x, data.y, {.batch_size = 0, .verbose = 0}), InvalidArgument);
  EXPECT_THROW(model.fit(Tensors{}, data.y, {.verbose = 0}), InvalidArgument);
  EXPECT_THROW(model.fit(zeros({0, 2}), zeros({0, 1}), {.verbose = 0}), InvalidArgument);
  EXPECT_THROW(model.predict(zeros({0, 2})), InvalidArgument);
  try {
    model.fit(zeros({8, 3}), data.y, {.verbose = 0});
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("float32[?,2]"));
    EXPECT_THAT(error.what(), HasSubstr("float32[8,3]"));
  }
}

// --- batches -------------------------------------------------------------------------------------

TEST(TensorSource, ShufflesRowsWithTheirLabels) {
  std::vector<uint8_t> pixels(40);
  std::vector<int32_t> labels(10);
  for (size_t i = 0; i < 40; ++i) pixels[i] = static_cast<uint8_t>(i / 4);
  for (size_t i = 0; i < 10; ++i) labels[i] = static_cast<int32_t>(i);
  TensorSource source({constant(pixels, {10, 2, 2})}, {constant(labels)},
                      {.batch_size = 4, .shuffle = true});
  EXPECT_EQ(source.batches(), 3);
  std::vector<std::vector<int64_t>> epochs;
  for (int epoch = 0; epoch < 2; ++epoch) {
    source.start_epoch();
    std::vector<int64_t> seen, sizes;
    while (const std::optional<Batch> batch = source.next()) {
      EXPECT_EQ(batch->x[0].dtype(), uint8);
      sizes.push_back(batch->size());
      const std::vector<int64_t> rows = batch->x[0].to_vector<int64_t>();
      const std::vector<int64_t> own = batch->y[0].to_vector<int64_t>();
      for (size_t i = 0; i < own.size(); ++i) {
        for (size_t j = 0; j < 4; ++j) EXPECT_EQ(rows[4 * i + j], own[i]);
        seen.push_back(own[i]);
      }
    }
    EXPECT_THAT(sizes, ElementsAre(4, 4, 2));
    epochs.push_back(seen);
    std::sort(seen.begin(), seen.end());
    EXPECT_THAT(seen, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  }
  EXPECT_NE(epochs[0], epochs[1]);
}

// --- callbacks -----------------------------------------------------------------------------------

std::string scratch(const std::string& name) {
  return (std::filesystem::path(testing::TempDir()) / ("keras_fit_test_" + name)).string();
}

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Callbacks, EarlyStoppingEndsAndRestores) {
  const Line data(32);
  const Sequential model = line_model();
  double pretended = 3;
  std::vector<std::vector<float>> weights;
  const callbacks::LambdaCallback pretend({.on_epoch_end = [&](int64_t epoch, Logs& logs) {
    pretended = epoch < 3 ? pretended - 1 : pretended + 1;  // best at epoch 2
    logs.set("val_loss", pretended);
    weights.push_back(model.get_weights()[0].to_vector<float>());
  }});
  const callbacks::EarlyStopping stop({.patience = 2, .restore_best_weights = true});
  const History history =
      model.fit(data.x, data.y, {.epochs = 10, .verbose = 0, .callbacks = {pretend, stop}});
  EXPECT_EQ(history.epoch().size(), 5u);
  EXPECT_EQ(stop.stopped_epoch(), 4);
  EXPECT_EQ(stop.best_epoch(), 2);
  EXPECT_EQ(stop.best(), 0);
  EXPECT_EQ(model.get_weights()[0].to_vector<float>(), weights[2]);
}

TEST(Callbacks, ModelCheckpointKeepsTheBest) {
  const Line data(32);
  const Sequential model = line_model();
  const std::string path = scratch("best-{epoch:02d}-{loss:.1f}.weights");
  double pretended[] = {5, 7, 4};
  model.fit(data.x, data.y,
            {.epochs = 3,
             .verbose = 0,
             .callbacks = {callbacks::LambdaCallback({.on_epoch_end =
                                                          [&](int64_t epoch, Logs& logs) {
                                                            logs.set("loss", pretended[epoch]);
                                                          }}),
                           callbacks::ModelCheckpoint(
                               {.filepath = path, .monitor = "loss", .save_best_only = true})}});
  EXPECT_TRUE(std::filesystem::exists(scratch("best-01-5.0.weights")));
  EXPECT_FALSE(std::filesystem::exists(scratch("best-02-7.0.weights")));
  const Sequential fresh = line_model();
  fresh.load_weights(scratch("best-03-4.0.weights"));
  EXPECT_EQ(fresh.get_weights()[0].to_vector<float>(), model.get_weights()[0].to_vector<float>());
  EXPECT_THROW(callbacks::ModelCheckpoint({}), InvalidArgument);
}

TEST(Callbacks, SetAndReduceTheLearningRate) {
  const Line data(8);
  const Sequential model = line_model();
  History history = model.fit(
      data.x, data.y,
      {.epochs = 3,
       .verbose = 0,
       .callbacks = {callbacks::LearningRateScheduler(
           {.schedule = [](int64_t epoch, double rate) { return epoch < 1 ? rate : rate / 2; }})}});
  EXPECT_THAT(history.history().at("learning_rate"),
              ElementsAre(testing::DoubleNear(0.1, 1e-6), testing::DoubleNear(0.05, 1e-6),
                          testing::DoubleNear(0.025, 1e-6)));
  history = model.fit(
      data.x, data.y,
      {.epochs = 4,
       .verbose = 0,
       .callbacks = {callbacks::LambdaCallback(
                         {.on_epoch_end = [](int64_t, Logs& logs) { logs.set("val_loss", 1.0); }}),
                     callbacks::ReduceLROnPlateau({.factor = 0.5, .patience = 2})}});
  EXPECT_NEAR(model.optimizer().learning_rate(), 0.0125, 1e-6);
}

TEST(Callbacks, CsvLoggerWritesALinePerEpoch) {
  const Line data(8);
  const std::string path = scratch("log.csv");
  const Sequential model = line_model();
  model.fit(data.x, data.y,
            {.epochs = 2, .verbose = 0, .callbacks = {callbacks::CSVLogger({.filename = path})}});
  const std::string text = read(path);
  EXPECT_EQ(text.substr(0, text.find('\n')), "epoch,loss,mae");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  model.fit(
      data.x, data.y,
      {.verbose = 0, .callbacks = {callbacks::CSVLogger({.filename = path, .append = true})}});
  const std::string longer = read(path);
  EXPECT_EQ(std::count(longer.begin(), longer.end(), '\n'), 4);
  EXPECT_THROW(model.fit(data.x, data.y,
                         {.verbose = 0,
                          .callbacks = {callbacks::CSVLogger({.filename = "/nowhere/log.csv"})}}),
               PermissionDenied);
}

TEST(Callbacks, TerminateOnNaNEndsTraining) {
  const Sequential model = line_model();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor x = fill({8, 2}, constant(nan, float32)), y = zeros({8, 1});
  const History history = model.fit(
      x, y,
      {.batch_size = 2, .epochs = 5, .verbose = 0, .callbacks = {callbacks::TerminateOnNaN()}});
  EXPECT_EQ(history.epoch().size(), 1u);
  EXPECT_THROW(
      model.fit(x, y,
                {.verbose = 0, .callbacks = {callbacks::TerminateOnNaN({.raise_error = true})}}),
      FailedPrecondition);
}

TEST(Callbacks, SeeEverythingInOrder) {
  std::string events;
  class TellerImpl : public CallbackImpl {
   public:
    explicit TellerImpl(std::string& events) : events_(events) {}
    void on_train_begin() override { events_ += "T"; }
    void on_epoch_begin(int64_t) override { events_ += "e"; }
    void on_train_batch_begin(int64_t) override { events_ += "b"; }
    void on_train_batch_end(int64_t, const Logs&) override { events_ += "B"; }
    void on_test_begin() override { events_ += "v"; }
    void on_test_end(const Logs&) override { events_ += "V"; }
    void on_epoch_end(int64_t, Logs&) override { events_ += "E"; }
    void on_train_end(const Logs&) override { events_ += "t"; }

   private:
    std::string& events_;
  };
  const Line data(4);
  line_model().fit(data.x, data.y,
                   {.batch_size = 2,
                    .epochs = 2,
                    .verbose = 0,
                    .callbacks = {Handle<TellerImpl>(events)},
                    .validation_data = {data.x, data.y}});
  EXPECT_EQ(events, "TebBbBvVEebBbBvVEt");
}

TEST(ProgressBar, PrintsALinePerEpochWhereThereIsNoTerminal) {
  const Line data(8);
  testing::internal::CaptureStdout();
  line_model().fit(data.x, data.y, {.epochs = 2});
  const std::string text = testing::internal::GetCapturedStdout();
  EXPECT_THAT(text, HasSubstr("Epoch 1/2"));
  EXPECT_THAT(text, HasSubstr("Epoch 2/2"));
  EXPECT_THAT(text, HasSubstr("samples/s"));
  EXPECT_THAT(text, HasSubstr("  loss "));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(Fit, SaysWhichBatchIsTooLargeForTheMemory) {
  const Line data(4096);
  Sequential model{{Dense{{.units = 512, .activation = "tanh"}}, Dense{{.units = 1}}}};
  model.compile({.optimizer = "sgd", .loss = "mse"});
  model.fit(data.x, data.y, {.batch_size = 8, .verbose = 0});
  Pool& pool = current_device().pool();
  const auto limit = pool.limit();
  pool.set_limit(pool.stats().current + (12 << 20));
  std::string hint;
  try {
    model.fit(data.x, data.y, {.batch_size = 4096, .verbose = 0});
  } catch (const ResourceExhausted& error) {
    hint = error.hint();
  }
  pool.set_limit(limit);
  int64_t fitting = 0;
  ASSERT_EQ(std::sscanf(hint.c_str(), "fewer than about %ld samples in a batch instead of 4096",
                        &fitting),
            1)
      << hint;
  EXPECT_GT(fitting, 500);
  EXPECT_LT(fitting, 4096);
}

}  // namespace
}  // namespace millstream::keras
