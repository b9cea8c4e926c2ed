#pragma once
// Pictures of a training run, as PNG files. Library millstream_plot; the core needs no cairo.
//
//   plot::learning_curve(history, "curve.png");
//   plot::image_grid(test.images, {}, "images.png");
//   plot::report({.title = "A CNN on Fashion-MNIST",
//                 .images = dozen,
//                 .captions = plot::prediction_captions(probabilities, labels, class_names),
//                 .history = history},
//                "fashion_mnist.png");
//
// Errors: InvalidArgument when shapes or dtypes do not fit together, NotFound and PermissionDenied
// when the file cannot be written. Values that are not finite leave a gap in a curve.
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "millstream/tensor/tensor.h"

namespace millstream::plot {

// What `fit` returns: "loss", "accuracy", ..., and "val_" forms; one value per epoch.
using History = std::map<std::string, std::vector<double>>;

struct Caption {
  std::string text;         // "Sandal"
  std::string detail = {};  // "98 %", on a second line
  bool wrong = false;       // drawn in red
};

// Images are uint8, or floating with values of 0 to 1: [n, height, width] for grey, or
// [n, height, width, channels] with one channel (grey) or three (RGB).
struct Report {
  std::string title;
  std::string subtitle = {};
  Tensor images;
  std::vector<Caption> captions = {};  // one per image, or none
  History history = {};
};

// What a model said of images: the likeliest class with its probability, in red and with the truth
// where it is wrong. Probabilities floating [n, classes], labels integers [n].
std::vector<Caption> prediction_captions(const Tensor& probabilities, const Tensor& labels,
                                         std::span<const std::string_view> class_names);

// One panel per quantity of the history over the epochs, training and validation together.
void learning_curve(const History& history, const std::string& path);

// The images in rows of up to `columns`, each over its caption; captions one per image, or none.
void image_grid(const Tensor& images, const std::vector<Caption>& captions, const std::string& path,
                int columns = 4);

// How often each class was predicted as each. Labels and predictions integers [n], of one class
// per name.
void confusion_matrix(const Tensor& labels, const Tensor& predictions,
                      std::span<const std::string_view> class_names, const std::string& path);

// Test images with their predictions beside the learning curve.
void report(const Report& report, const std::string& path);

}  // namespace millstream::plot
