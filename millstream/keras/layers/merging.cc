#include "millstream/keras/layers/merging.h"

#include "millstream/ops/join.h"
#include "millstream/ops/operators.h"

namespace millstream::keras {
namespace layers {
namespace {

using Combine = Tensor (*)(const Tensor&, const Tensor&);

class Fold : public Configured<MergeOptions> {
 public:
  Fold(const char* name, MergeOptions options, Combine combine, bool mean = false)
      : Configured(name, std::move(options)), combine_(combine), mean_(mean) {}

  Tensors call_all(std::span<const Tensor> inputs, const CallContext&) override {
    if (inputs.size() < 2) throw InvalidArgument("takes at least two tensors");
    Tensor result = inputs[0];
    for (const Tensor& input : inputs.subspan(1)) result = combine_(result, input);
    if (mean_) result = result / static_cast<double>(inputs.size());
    return {result};
  }

  Specs compute_output_specs(std::span<const Spec> inputs) override {
    Shape shape = inputs[0].shape;
    for (const Spec& input : inputs.subspan(1)) shape = broadcast(shape, input.shape);
    return {{inputs[0].dtype, shape}};
  }

 private:
  Combine combine_;
  bool mean_;
};

class Difference : public Fold {
 public:
  using Fold::Fold;
  Tensors call_all(std::span<const Tensor> inputs, const CallContext& context) override {
    if (inputs.size() != 2) throw InvalidArgument("takes two tensors");
    return Fold::call_all(inputs, context);
  }
};

class Concatenation : public Configured<ConcatenateOptions> {
 public:
  using Configured::Configured;
  Tensors call_all(std::span<const Tensor> inputs, const CallContext&) override {
    return {concat(inputs, options_.axis)};
  }

  Specs compute_output_specs(std::span<const Spec> inputs) override {
    if (inputs.empty()) throw InvalidArgument("takes at least one tensor");
    Dims dims = inputs[0].shape.dims();
    const int axis = normalize_axis(options_.axis, dims.size());
    for (const Spec& input : inputs.subspan(1)) {
      if (input.shape.rank() != dims.size()) throw InvalidArgument("the inputs differ in rank");
      for (int i = 0; i < dims.size(); ++i) {
        const int64_t size = input.shape[i];
        if (i == axis) {
          dims[i] = dims[i] == kUnknown || size == kUnknown ? kUnknown : dims[i] + size;
        } else if (dims[i] == kUnknown) {
          dims[i] = size;
        } else if (size != kUnknown && size != dims[i]) {
          throw InvalidArgument(
              fmt::format("the inputs differ in dimension {}: {} and {}", i, dims[i], size));
        }
      }
    }
    return {{inputs[0].dtype, Shape(dims)}};
  }
};

template <class Impl = Fold>
Layer make(const char* name, MergeOptions options, Combine combine, bool mean = false) {
  return Layer(std::make_shared<Impl>(name, std::move(options), combine, mean));
}

using T = const Tensor&;

}  // namespace

Add::Add(MergeOptions o) : Layer(make("Add", std::move(o), [](T a, T b) { return a + b; })) {}
Subtract::Subtract(MergeOptions o)
    : Layer(make<Difference>("Subtract", std::move(o), [](T a, T b) { return a - b; })) {}
Multiply::Multiply(MergeOptions o)
    : Layer(make("Multiply", std::move(o), [](T a, T b) { return a * b; })) {}
Average::Average(MergeOptions o)
    : Layer(make(
          "Average", std::move(o), [](T a, T b) { return a + b; }, true)) {}
Maximum::Maximum(MergeOptions o)
    : Layer(make("Maximum", std::move(o), [](T a, T b) { return maximum(a, b); })) {}
Minimum::Minimum(MergeOptions o)
    : Layer(make("Minimum", std::move(o), [](T a, T b) { return minimum(a, b); })) {}
Concatenate::Concatenate(ConcatenateOptions o)
    : Layer(std::make_shared<Concatenation>("Concatenate", std::move(o))) {}

static const Listed<Add, MergeOptions> add_layer("Add");
static const Listed<Subtract, MergeOptions> subtract_layer("Subtract");
static const Listed<Multiply, MergeOptions> multiply_layer("Multiply");
static const Listed<Average, MergeOptions> average_layer("Average");
static const Listed<Maximum, MergeOptions> maximum_layer("Maximum");
static const Listed<Minimum, MergeOptions> minimum_layer("Minimum");
static const Listed<Concatenate, ConcatenateOptions> concatenate_layer("Concatenate");

}  // namespace layers

KerasTensor operator+(const KerasTensor& a, const KerasTensor& b) { return layers::Add{}({a, b}); }
KerasTensor operator-(const KerasTensor& a, const KerasTensor& b) {
  return layers::Subtract{}({a, b});
}
KerasTensor operator*(const KerasTensor& a, const KerasTensor& b) {
  return layers::Multiply{}({a, b});
}

}  // namespace millstream::keras
