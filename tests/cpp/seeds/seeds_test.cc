// The programs of the documents that this project began with, as a user writes them in C++. They
// run with any number of GPUs; what needs distribution or data pipelines is not here yet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millstream/millstream.h>

#include <iostream>
#include <sstream>

namespace ms = millstream;

namespace {

using testing::HasSubstr;
using namespace ms::keras;

const ms::Tensor kProduct = ms::constant({{58.f, 64.f}, {139.f, 154.f}});

void expect_equal(const ms::Tensor& got, const ms::Tensor& expected) {
  EXPECT_EQ(got.to_vector<float>(), expected.to_vector<float>());
}

// "How to enable GPU support?", first program: a product where there is a GPU and where it is
// named.
TEST(EnableGpu, Matmul) {
  const bool gpu = !ms::config::list_physical_devices("GPU").empty();
  const ms::Tensor a = ms::constant({{1.f, 2.f, 3.f}, {4.f, 5.f, 6.f}});
  const ms::Tensor b = ms::constant({{7.f, 8.f}, {9.f, 10.f}, {11.f, 12.f}});
  const ms::Tensor c = ms::matmul(a, b);
  expect_equal(c, kProduct);
  EXPECT_THAT(c.device().name(), HasSubstr(gpu ? "GPU:0" : "CPU:0"));
  const auto on_gpu = [&] {
    const ms::device on("/GPU:0");
    return ms::matmul(a, b);
  };
  if (gpu) {
    expect_equal(on_gpu(), kProduct);
    EXPECT_THAT(on_gpu().device().name(), HasSubstr("GPU:0"));
  } else {
    EXPECT_THROW(on_gpu(), ms::InvalidArgument);  // never silently on the CPU
  }
}

// The second program: each GPU by its name.
TEST(EnableGpu, EachOfSeveral) {
  const auto gpus = ms::config::list_physical_devices("GPU");
  for (size_t i = 0; i < gpus.size(); ++i) {
    const ms::device on(fmt::format("/GPU:{}", i));
    const ms::Tensor b = ms::constant({1.f, 2.f, 3.f}) * 2;
    expect_equal(b, ms::constant({2.f, 4.f, 6.f}));
    EXPECT_THAT(b.device().name(), HasSubstr(fmt::format("GPU:{}", i)));
  }
}

// "How do I use a GPU?": a training loop of one's own, over batches cut by hand.
TEST(UseGpu, TrainingLoop) {
  ms::random::set_seed(1);
  const ms::Tensor images = ms::random::normal({256, 12});
  const ms::Tensor labels = ms::reduce_sum(images, {.axis = ms::Ints{1}, .keepdims = true});
  const Sequential model{
      {layers::Dense{{.units = 16, .activation = "relu"}}, layers::Dense{{.units = 1}}}};
  const optimizers::Adam optimizer{{.learning_rate = 0.01}};
  const losses::MeanSquaredError loss_of;
  std::vector<float> losses;
  for (int epoch = 0; epoch < 10; ++epoch) {
    for (int64_t start = 0; start < 256; start += 64) {
      const ms::Tensor x = ms::slice(images, {start, 0}, {64, 12});
      const ms::Tensor y = ms::slice(labels, {start, 0}, {64, 1});
      ms::GradientTape tape;
      const ms::Tensor loss = loss_of(y, model(x));
      const auto variables = model.trainable_variables();
      optimizer.apply_gradients(tape.gradient(loss, variables), variables);
      losses.push_back(loss.item<float>());
    }
  }
  EXPECT_LT(losses.back(), 0.5f * losses.front());
}

// "Why isn't the GPU utilized?": memory growth, then a model that is compiled and fitted on a GPU.
TEST(WhyNoGpu, GrowthAndFit) {
  const auto gpus = ms::config::list_physical_devices("GPU");
  try {
    for (const auto& gpu : gpus) ms::config::experimental::set_memory_growth(gpu, true);
    EXPECT_EQ(ms::config::list_logical_devices("GPU").size(), gpus.size());
  } catch (const ms::FailedPrecondition& error) {
    std::cout << error.what() << '\n';  // the devices were made by an earlier test
  }
  ms::random::set_seed(1);
  const Sequential model{{layers::Dense{{.units = 10}}}};
  const ms::Tensor x_train = ms::random::normal({64, 8}), y_train = ms::random::normal({64, 10});
  const ms::device on(gpus.empty() ? "/CPU:0" : "/GPU:0");
  model.compile({.optimizer = "adam", .loss = "mse"});
  const History history = model.fit(x_train, y_train, {.epochs = 10, .verbose = 0});
  const auto& losses = history.history().at("loss");
  EXPECT_LT(losses.back(), losses.front());
  for (const ms::Variable& weight : model.trainable_variables()) {
    EXPECT_THAT(weight.value().device().name(), HasSubstr(gpus.empty() ? "CPU:0" : "GPU:0"));
  }
}

// "How can I ensure that the GPU is used?"
TEST(EnsureGpu, Verify) {
  const auto gpus = ms::config::list_physical_devices("GPU");
  std::cout << "Num GPUs Available: " << gpus.size() << '\n';
  for (size_t i = 0; i < gpus.size(); ++i) {
    EXPECT_EQ(gpus[i].name, fmt::format("/physical_device:GPU:{}", i));
    EXPECT_TRUE(ms::config::experimental::get_device_details(gpus[i]).device_name);
  }
}

TEST(EnsureGpu, LargeMatmul) {
  const ms::Tensor a = ms::random::uniform({300, 200}), b = ms::random::uniform({200, 100});
  const ms::Tensor result = ms::matmul(a, b);
  const ms::Tensor row =
      ms::reduce_sum(ms::slice(a, {7, 0}, {1, 200}) * ms::transpose(b), {.axis = ms::Ints{1}});
  const auto got = ms::slice(result, {7, 0}, {1, 100}).to_vector<float>();
  const auto expected = row.to_vector<float>();
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-3f);
}

// "How is GPU support installed?": all GPUs made visible.
TEST(InstallGpu, VisibleDevices) {
  const auto gpus = ms::config::list_physical_devices("GPU");
  ms::config::set_visible_devices(gpus, "GPU");  // nothing changes, so it is never too late
  EXPECT_EQ(ms::config::list_logical_devices("GPU").size(), gpus.size());
}

}  // namespace
