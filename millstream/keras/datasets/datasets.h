#pragma once
// The data sets of keras.datasets, read from files that are on this machine; nothing is downloaded.
//
//   auto [train, test] = keras::datasets::fashion_mnist::load_data();
//   train.images;   // uint8[60000, 28, 28]
//   train.labels;   // uint8[60000]
//
// The folders `$MILLSTREAM_DATASETS/<name>`, `$MILLSTREAM_DATASETS` and
// `/usr/share/datasets/<name>` are searched, in this order, for the four files
// train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
// t10k-labels-idx1-ubyte, each plain or as .gz.
//
// Errors: NotFound when a file is missing, naming the Debian package that brings it; DataLoss when
// a file is damaged or images and labels do not fit together.
#include <array>
#include <string_view>

#include "millstream/tensor/tensor.h"

namespace millstream::keras::datasets {

struct Split {
  Tensor images;  // uint8 [n, 28, 28]
  Tensor labels;  // uint8 [n]
};

struct Splits {
  Split train;
  Split test;
};

namespace fashion_mnist {

// Zalando's 60,000 and 10,000 pictures of clothes (Debian package dataset-fashion-mnist).
Splits load_data();

// What the labels 0 to 9 mean.
inline constexpr std::array<std::string_view, 10> class_names = {
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

}  // namespace fashion_mnist

namespace mnist {

// 60,000 and 10,000 handwritten digits; no Debian package has them.
Splits load_data();

}  // namespace mnist

}  // namespace millstream::keras::datasets
