#include "benchmarks/peers/training.h"

#include <millstream/millstream.h>

namespace millstream::bench {
namespace {

using namespace keras;

constexpr int64_t kImages = 60000, kBatch = 128;

// Fashion-MNIST, or noise of its size where it is not installed: the speed is the same.
datasets::Split images() {
  try {
    return datasets::fashion_mnist::load_data().train;
  } catch (const NotFound&) {
    return {cast(random::uniform({kImages, 28, 28}, {.maxval = 255}), uint8),
            cast(random::uniform({kImages}, {.maxval = 10}), uint8)};
  }
}

// The bytes as numbers from 0 to 1, without a second array on the way: the peak of memory is
// measured.
Tensor scaled(const Tensor& bytes) {
  const Tensor x = Tensor::empty(float32, {kImages, 28, 28, 1}, current_device());
  float* const to = reinterpret_cast<float*>(x.node()->data);
  const uint8_t* const from = bytes.data<uint8_t>();
  for (int64_t i = 0; i < x.elements(); ++i) to[i] = static_cast<float>(from[i]) / 255.f;
  return x;
}

// Images per second between every 50th step, after 20 to warm up.
void train(const Bench& bench, const std::string& task, const Sequential& model) {
  const datasets::Split data = images();
  const Tensor x = scaled(data.images), y = cast(data.labels, int64);
  model.compile({.optimizer = optimizers::Adam{},
                 .loss = losses::SparseCategoricalCrossentropy{{.from_logits = true}}});
  std::vector<double> rates;
  double last = 0;
  const callbacks::LambdaCallback marks{{.on_train_batch_end = [&](int64_t step, const Logs&) {
    constexpr int64_t kFirst = 19, kStretch = 50;
    if (step < kFirst || (step - kFirst) % kStretch != 0) return;
    if (step > kFirst) rates.push_back(kStretch * kBatch / (now() - last));
    last = now();
  }}};
  const double start = now();
  model.fit(x, y, {.batch_size = kBatch, .verbose = 0, .callbacks = {marks}});
  const double end = now();
  bench.emit(task, rates, "images/s");
  bench.emit(task + ".first_epoch_wall", {end - start}, "s");
  bench.peak_memory("t13.peak_rss." + task);
}

}  // namespace

void train_tiny(const Bench& bench) {
  constexpr int64_t kSteps = 100, kWarmUp = 2;
  const Sequential model{{Input({.shape = {10}}),
                          layers::Dense{{.units = 10, .activation = "relu"}},
                          layers::Dense{{.units = 1}}}};
  model.compile({.optimizer = optimizers::Adam{}, .loss = "mse"});
  std::vector<double> times;
  double start = 0;
  const callbacks::LambdaCallback clock{{.on_epoch_begin = [&](int64_t) { start = now(); },
                                         .on_epoch_end =
                                             [&](int64_t epoch, Logs&) {
                                               if (epoch >= kWarmUp)
                                                 times.push_back((now() - start) / kSteps * 1e6);
                                             }}};
  model.fit(random::normal({32 * kSteps, 10}), random::normal({32 * kSteps, 1}),
            {.epochs = 12, .verbose = 0, .callbacks = {clock}, .shuffle = false});
  bench.emit("t08.tiny_step.fit", times, "us");
}

void train_cnn(const Bench& bench) {
  train(bench, "t09.cnn.fit",
        Sequential{{Input({.shape = {28, 28, 1}}),
                    layers::Conv2D{{.filters = 32, .kernel_size = 3, .activation = "relu"}},
                    layers::MaxPooling2D{},
                    layers::Conv2D{{.filters = 64, .kernel_size = 3, .activation = "relu"}},
                    layers::MaxPooling2D{}, layers::Flatten{},
                    layers::Dense{{.units = 128, .activation = "relu"}},
                    layers::Dense{{.units = 10}}}});
}

void train_mlp(const Bench& bench) {
  train(bench, "t10.mlp.fit",
        Sequential{{Input({.shape = {28, 28, 1}}), layers::Flatten{},
                    layers::Dense{{.units = 512, .activation = "relu"}},
                    layers::Dense{{.units = 512, .activation = "relu"}},
                    layers::Dense{{.units = 10}}}});
}

}  // namespace millstream::bench
