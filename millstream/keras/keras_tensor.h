#pragma once
// KerasTensor: a tensor of a model's description. It has a dtype and a shape but no data.
//
//   KerasTensor x = Input({.shape = {28, 28, 1}});      // float32[?, 28, 28, 1]
//   KerasTensor y = layers::Dense{{.units = 10}}(layers::Flatten{}(x));
//   Model model(x, y);
#include <memory>
#include <string>
#include <vector>

#include "millstream/ops/op.h"

namespace millstream::keras {

class LayerImpl;
struct KerasNode;

class KerasTensor {
 public:
  KerasTensor() = default;
  KerasTensor(std::shared_ptr<const KerasNode> node, size_t index)
      : node_(std::move(node)), index_(index) {}

  const Spec& spec() const;
  const Shape& shape() const { return spec().shape; }
  DType dtype() const { return spec().dtype; }
  const std::shared_ptr<const KerasNode>& node() const { return node_; }
  size_t index() const { return index_; }

  friend bool operator==(const KerasTensor& a, const KerasTensor& b) {
    return a.node_ == b.node_ && a.index_ == b.index_;
  }

 private:
  std::shared_ptr<const KerasNode> node_;
  size_t index_ = 0;
};

// One use of a layer.
struct KerasNode {
  std::shared_ptr<LayerImpl> layer;
  std::vector<KerasTensor> inputs;
  Specs outputs;
};

inline const Spec& KerasTensor::spec() const { return node_->outputs[index_]; }

struct InputOptions {
  Shape shape = {};  // without the batch dimension
  int64_t batch_size = kUnknown;
  DType dtype = float32;
  std::string name = {};
};

// Where a model's data come in.
KerasTensor Input(InputOptions options);

// Layers Add, Subtract and Multiply.
KerasTensor operator+(const KerasTensor& a, const KerasTensor& b);
KerasTensor operator-(const KerasTensor& a, const KerasTensor& b);
KerasTensor operator*(const KerasTensor& a, const KerasTensor& b);

}  // namespace millstream::keras
