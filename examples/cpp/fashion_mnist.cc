// Trains a small CNN to tell ten kinds of clothes apart, tests it, and draws what it learned.
#include <millstream/millstream.h>
#include <millstream/plot/plot.h>

#include <iostream>

namespace ms = millstream;
using namespace ms::keras;

int main() try {
  // 60,000 images of 28 x 28 bytes to learn from and 10,000 to be tested on, with their labels.
  const auto [train, test] = datasets::fashion_mnist::load_data();

  Sequential model{{
      Input({.shape = {28, 28, 1}}),           // rows, columns, channels
      layers::Rescaling{{.scale = 1. / 255}},  // from bytes to [0, 1]
      layers::Conv2D{{.filters = 32, .kernel_size = 3, .activation = "relu"}},
      layers::MaxPooling2D{},
      layers::Conv2D{{.filters = 64, .kernel_size = 3, .activation = "relu"}},
      layers::MaxPooling2D{}, layers::Flatten{},  // 5 x 5 x 64 numbers
      layers::Dense{{.units = 128, .activation = "relu"}},
      layers::Dense{{.units = 10}},  // one logit per class
  }};
  model.summary();
  model.compile({.optimizer = optimizers::Adam{{.learning_rate = 1e-3}},
                 .loss = losses::SparseCategoricalCrossentropy{{.from_logits = true}},
                 .metrics = {"accuracy"}});

  const History history =
      model.fit(train.images, train.labels,
                {.batch_size = 128, .epochs = 5, .validation_data = {test.images, test.labels}});

  const Logs scores = model.evaluate(test.images, test.labels, {.batch_size = 128});
  std::cout << "Test accuracy " << scores["accuracy"] << ", on " << ms::explain_placement() << '\n';

  // A dozen test images with what the model takes them for, beside the learning curve.
  const ms::Tensor images = ms::slice(test.images, {ms::Slice(0, 12)});
  const ms::Tensor labels = ms::slice(test.labels, {ms::Slice(0, 12)});
  const ms::Tensor probabilities = ms::softmax(model.predict(images));
  ms::plot::report({.title = "A CNN on Fashion-MNIST",
                    .images = images,
                    .captions = ms::plot::prediction_captions(probabilities, labels,
                                                              datasets::fashion_mnist::class_names),
                    .history = history.history()},
                   "fashion_mnist.png");
  std::cout << "Pictures in fashion_mnist.png\n";
} catch (const ms::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
