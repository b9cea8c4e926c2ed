#include <fmt/format.h>

#include "millstream/tensor/tensor.h"

namespace millstream {
namespace {

std::string python_tuple(const Shape& shape) {
  std::string text = "(";
  for (int i = 0; i < shape.rank(); ++i) {
    text += std::to_string(shape[i]);
    if (i + 1 < shape.rank() || shape.rank() == 1) text += ",";
    if (i + 1 < shape.rank()) text += " ";
  }
  return text + ")";
}

}  // namespace

std::string Tensor::to_string() const {
  if (!defined()) return "tf.Tensor(undefined)";
  std::string values;
  for (const double value : to_vector<double>()) values += fmt::format(" {}", value);
  return fmt::format("tf.Tensor([{} ], shape={}, dtype={})", values, python_tuple(shape()),
                     name_of(dtype()));
}

}  // namespace millstream
