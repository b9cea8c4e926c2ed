#pragma once
// The table of layers: one row for each, with what Keras computes from the patterns of expect.h.
#include <functional>
#include <string>
#include <vector>

#include "millstream/keras/layers/layers.h"

namespace millstream::keras {

struct LayerCase {
  std::string name;
  std::function<Layer(DType)> make;
  std::vector<Shape> inputs;
  Shape output;
  std::vector<double> first;  // the first elements of the output
  double sum;                 // of all of them
  bool training = false;
};

const std::vector<LayerCase>& layer_cases();

}  // namespace millstream::keras
