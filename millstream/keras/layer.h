#pragma once
// Layer: weights and a computation. The handle is cheap to copy, and copies are the same layer.
//
//   layers::Dense dense{{.units = 10, .activation = "relu"}};
//   Tensor y = dense(x);                       // builds the weights at the first call
//   KerasTensor z = dense(Input({.shape = {784}}));   // or describes a model
//
// A layer of one's own defines the two steps of a LayerImpl:
//
//   class LinearImpl : public keras::LayerImpl {
//    public:
//     explicit LinearImpl(int64_t units) : units_(units) {}
//     void build(const Shape& input) override {
//       kernel_ = add_weight({.name = "kernel", .shape = {input[-1], units_}});
//     }
//     Tensor call(const Tensor& x, const CallContext&) override { return matmul(x, kernel_); }
//    private:
//     int64_t units_;
//     Variable kernel_;
//   };
//   using Linear = keras::Handle<LinearImpl>;
//
// Layers that are called inside of `call` become its sublayers. Errors: whatever an op of the layer
// throws, with the layer's name and the shapes it was given.
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "millstream/keras/initializers.h"
#include "millstream/keras/keras_tensor.h"
#include "millstream/keras/registry.h"
#include "millstream/keras/regularizers.h"
#include "millstream/ops/op.h"
#include "millstream/tensor/variable.h"

namespace millstream::keras {

class Layer;

// How a layer is called. Inside of another layer's call, what is left open is as it is there.
struct CallOptions {
  std::optional<bool> training = {};
};

struct CallContext {
  bool training = false;
};

struct WeightOptions {
  std::string name = {};
  Shape shape = {};
  Initializer initializer = "glorot_uniform";
  bool trainable = true;
  Regularizer regularizer = {};
  std::optional<DType> dtype = {};  // the layer's unless given
};

// The object behind a Layer.
class LayerImpl : public std::enable_shared_from_this<LayerImpl> {
 public:
  using HandleType = Layer;

  // Fields that all layers have; an empty name makes one from the class.
  struct Basics {
    std::string name = {};
    bool trainable = true;
    DType dtype = float32;
    Regularizer activity_regularizer = {};
  };

  LayerImpl() = default;
  explicit LayerImpl(Basics basics) : basics_(std::move(basics)) {}
  virtual ~LayerImpl() = default;
  LayerImpl(const LayerImpl&) = delete;
  LayerImpl& operator=(const LayerImpl&) = delete;

  // --- what a layer of one tensor defines --------------------------------------------------------
  virtual void build(const Shape& /*input*/) {}
  virtual Tensor call(const Tensor& x, const CallContext& context);
  // Dimensions may be unknown. Unless defined, found by calling the layer on zeros.
  virtual Spec compute_output_spec(const Spec& input);

  // --- what a layer of several tensors defines instead -------------------------------------------
  virtual void build_all(std::span<const Shape> inputs);
  virtual Tensors call_all(std::span<const Tensor> inputs, const CallContext& context);
  virtual Specs compute_output_specs(std::span<const Spec> inputs);

  // --- what it may define ------------------------------------------------------------------------
  virtual std::string class_name() const { return class_name_of(typeid(*this).name()); }
  // "name", "trainable", "dtype" and the fields of the layer's own.
  virtual Config get_config() const;

  // --- what it has -------------------------------------------------------------------------------
  const std::string& name() const;
  bool built() const { return built_; }
  DType dtype() const { return basics_.dtype; }
  bool trainable() const { return basics_.trainable; }
  void set_trainable(bool trainable) { basics_.trainable = trainable; }
  const Variables& own_weights() const { return weights_; }
  const std::vector<Layer>& sublayers() const { return sublayers_; }
  Tensors losses() const;
  void clear_losses();
  const Specs& input_specs() const { return input_specs_; }    // of the call that built the layer
  const Specs& output_specs() const { return output_specs_; }  // empty until they are known

  Tensors run(std::span<const Tensor> inputs, CallOptions options);
  // Builds for these inputs unless that has been done, and tells what comes out.
  Specs infer(std::span<const Spec> inputs);
  // What comes out of calls on zeros, with two sizes for what is unknown.
  Specs probe_output_specs(std::span<const Spec> inputs);

 protected:
  Variable add_weight(WeightOptions options);
  // A loss of this call, added to the model's.
  void add_loss(const Tensor& loss) { call_losses_.push_back(loss); }
  // Makes `layer` a sublayer without a call to it.
  void track(const Layer& layer);
  // For containers: their layers are these, and what is known of shapes is forgotten.
  void set_sublayers(const std::vector<Layer>& layers);
  // Seeds of the layer, kept with its variables.
  SeedGenerator add_seed_generator(std::optional<int64_t> seed);

 private:
  void ensure_built(std::span<const Spec> inputs);
  std::string describe_call(std::span<const Spec> inputs) const;
  Tensors checked_call(std::span<const Tensor> inputs, const CallContext& context);

  mutable Basics basics_;
  bool built_ = false;
  Specs input_specs_, output_specs_;
  Variables weights_;
  std::vector<Regularizer> regularizers_;  // one per weight
  std::vector<Layer> sublayers_;
  std::vector<SeedGenerator> seeds_;
  Tensors call_losses_;
  bool discovers_sublayers_ = true;  // until a container says which they are
};

class Layer : public Shared<LayerImpl> {
 public:
  static constexpr const char* kKind = "layer";

  Layer() = default;
  explicit Layer(std::shared_ptr<LayerImpl> impl) : Shared(std::move(impl)) {}
  // The layer that a tensor of a description comes from, so that a Sequential can begin with Input.
  Layer(const KerasTensor& output) : Shared(output.node()->layer) {}

  // Computes. The first call builds the weights.
  Tensor operator()(const Tensor& x, CallOptions options = {}) const;
  Tensor operator()(const Tensors& inputs, CallOptions options = {}) const;
  // For layers that give several tensors.
  Tensors call_all(std::span<const Tensor> inputs, CallOptions options = {}) const;

  // Adds the layer to the description of a model.
  KerasTensor operator()(const KerasTensor& x) const;
  KerasTensor operator()(const std::vector<KerasTensor>& inputs) const;
  std::vector<KerasTensor> describe_all(const std::vector<KerasTensor>& inputs) const;

  // Creates the weights for inputs of this shape; dimensions may be unknown.
  void build(const Shape& input) const;

  const std::string& name() const { return impl().name(); }
  bool built() const { return impl().built(); }
  bool trainable() const { return impl().trainable(); }
  void set_trainable(bool trainable) const { impl().set_trainable(trainable); }
  // Of the layer and its sublayers, in Keras's order: its own first.
  Variables weights() const;
  Variables trainable_variables() const;
  Variables non_trainable_variables() const;
  int64_t count_params() const;  // FailedPrecondition before the layer is built
  Tensors get_weights() const;
  void set_weights(const Tensors& values) const;  // InvalidArgument if they do not fit
  // Of regularizers and of add_loss in the last call.
  Tensors losses() const { return impl().losses(); }
  Config get_config() const { return impl().get_config(); }
};

// {"module": "keras.layers", "class_name": "Dense", "config": {...}}, and back.
Config serialize(const Layer& layer);
Layer deserialize_layer(const Config& config);

}  // namespace millstream::keras
