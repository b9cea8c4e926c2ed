#pragma once
// Pictures of a training run, as PNG files. Library millstream_plot; the core needs no cairo.
//
//   plot::learning_curve(history, "curve.png");
//   plot::image_grid({pixels, 12, 28, 28}, captions, "images.png");
//   plot::report({.title = "A CNN on Fashion-MNIST", .images = images, .captions = captions,
//                 .history = history}, "fashion_mnist.png");
//
// Errors: InvalidArgument when sizes do not fit together, NotFound and PermissionDenied when the
// file cannot be written. Values that are not finite leave a gap in a curve.
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace millstream::plot {

// What `fit` returns: "loss", "accuracy", ..., and "val_" forms; one value per epoch.
using History = std::map<std::string, std::vector<double>>;

// uint8 [count, height, width, channels], row-major; one channel is grey, three are RGB.
struct Images {
  std::span<const uint8_t> pixels;
  int64_t count = 0;
  int64_t height = 0;
  int64_t width = 0;
  int channels = 1;
};

struct Caption {
  std::string text;         // "Sandal"
  std::string detail = {};  // "98 %", on a second line
  bool wrong = false;       // drawn in red
};

struct Report {
  std::string title;
  std::string subtitle = {};
  Images images;
  std::vector<Caption> captions;
  History history;
};

// The caption of a prediction: red, naming the truth, when `predicted` differs from `actual`.
// `probability` is a share of 1.
Caption prediction_caption(const std::string& predicted, const std::string& actual,
                           double probability);

// One panel per quantity of the history over the epochs, training and validation together.
void learning_curve(const History& history, const std::string& path);

// The images in rows of up to `columns`, each over its caption; captions are one per image or none.
void image_grid(const Images& images, const std::vector<Caption>& captions, const std::string& path,
                int columns = 4);

// Counts [n, n], row-major, row = actual class, column = predicted class; n names.
void confusion_matrix(std::span<const int64_t> counts, const std::vector<std::string>& names,
                      const std::string& path);

// Test images with their predictions beside the learning curve.
void report(const Report& report, const std::string& path);

}  // namespace millstream::plot
