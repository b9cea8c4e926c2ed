#pragma once
// Model: a layer that can be trained.
//
//   Sequential model{{layers::Flatten{}, layers::Dense{{.units = 10}}}};
//   model.compile({.optimizer = optimizers::Adam{{.learning_rate = 1e-3}},
//                  .loss = losses::SparseCategoricalCrossentropy{{.from_logits = true}},
//                  .metrics = {"accuracy"}});
//   History history = model.fit(x, y, {.batch_size = 128, .epochs = 5, .validation_split = 0.1});
//   Logs scores = model.evaluate(x_test, y_test);      // scores["accuracy"]
//   Tensor probabilities = model.predict(x_test);
//
// Model(inputs, outputs) makes a model of a graph of layers; a model of one's own derives from
// ModelImpl, holds layers and defines call (and train_step, if it trains otherwise):
//
//   class NetImpl : public keras::ModelImpl {
//     layers::Dense hidden{{.units = 64, .activation = "relu"}}, out{{.units = 10}};
//     Tensor call(const Tensor& x, const CallContext&) override { return out(hidden(x)); }
//   };
//   keras::Handle<NetImpl> net;
//
// Errors: FailedPrecondition for training before compile or asking for weights before they are
// there; InvalidArgument for data that do not fit the model, with layer and shapes.
#include <map>
#include <string>
#include <vector>

#include "millstream/keras/batch_source.h"
#include "millstream/keras/callbacks/history.h"
#include "millstream/keras/layer.h"
#include "millstream/keras/losses/loss.h"
#include "millstream/keras/metrics/metrics.h"
#include "millstream/keras/optimizers/optimizer.h"

namespace millstream::keras {

// One tensor, or one per input (output) of the model.
struct Data {
  Tensors tensors;
  Data() = default;
  Data(const Tensor& tensor) : tensors{tensor} {}
  Data(Tensors list) : tensors(std::move(list)) {}
};

// One loss for all outputs, or one for each.
struct LossList {
  std::vector<Loss> losses;
  LossList() = default;
  template <class L>
  requires(std::is_convertible_v<L, Loss>) LossList(const L& loss) : losses{loss} {}
  LossList(std::vector<Loss> list) : losses(std::move(list)) {}
};

struct CompileOptions {
  Optimizer optimizer = "rmsprop";
  LossList loss = {};
  std::vector<double> loss_weights = {};
  std::vector<Metric> metrics = {};           // of the first output
  std::vector<Metric> weighted_metrics = {};  // that see the sample weights
};

// Samples to validate on, or a source of them.
struct ValidationData {
  Data x, y;
  Tensor sample_weight;
  BatchSource* source = nullptr;  // must live as long as fit runs

  ValidationData() = default;
  ValidationData(Data x, Data y, Tensor sample_weight = {})
      : x(std::move(x)), y(std::move(y)), sample_weight(std::move(sample_weight)) {}
  ValidationData(BatchSource& source) : source(&source) {}
  bool given() const { return source != nullptr || !x.tensors.empty(); }
};

struct FitOptions {
  int64_t batch_size = 32;
  int64_t epochs = 1;
  int verbose = 1;  // 0 nothing, 1 a bar (one line per epoch if the output is no terminal), 2 lines
  std::vector<Callback> callbacks = {};
  double validation_split = 0;  // share of the samples, from the end
  ValidationData validation_data = {};
  bool shuffle = true;
  std::map<int64_t, double> class_weight = {};  // of samples, by their class number
  Tensor sample_weight = {};
  int64_t initial_epoch = 0;
  int64_t steps_per_epoch = kUnknown;
  int64_t validation_steps = kUnknown;
  int64_t validation_batch_size = kUnknown;  // batch_size unless given
  int64_t validation_freq = 1;
};

struct EvaluateOptions {
  int64_t batch_size = 32;
  int verbose = 0;
  Tensor sample_weight = {};
  int64_t steps = kUnknown;
  std::vector<Callback> callbacks = {};
};

struct PredictOptions {
  int64_t batch_size = 32;
  int64_t steps = kUnknown;
  std::vector<Callback> callbacks = {};
};

struct SummaryOptions {
  bool expand_nested = false;
  bool show_trainable = false;
};

class ModelImpl : public LayerImpl {
 public:
  using HandleType = class Model;
  using LayerImpl::LayerImpl;

  // One step on a batch. What it returns goes to callbacks.
  virtual Logs train_step(const Batch& batch);
  virtual Logs test_step(const Batch& batch);
  virtual Tensors predict_step(const Batch& batch);
  // The loss of predictions with the penalties of regularizers and add_loss.
  virtual Tensor compute_loss(const Batch& batch, const Tensors& predictions);
  // Updates loss and metrics, and gives them.
  Logs update_metrics(const Batch& batch, const Tensors& predictions, const Tensor& loss);
  void reset_metrics();

  void compile(CompileOptions options);
  bool compiled() const { return optimizer_.defined(); }
  const Optimizer& optimizer() const;
  const std::vector<Metric>& metrics() const { return metrics_; }

  // For the summary: whether layers have other inputs than the layer before, and which.
  virtual bool has_branches() const { return false; }
  virtual std::string connections(const Layer& /*layer*/) const { return {}; }

  bool stop_training = false;

 private:
  Optimizer optimizer_;
  std::vector<Loss> losses_;
  std::vector<double> loss_weights_;
  std::vector<Metric> metrics_, weighted_metrics_;
  metrics::Mean loss_tracker_{{.name = "loss"}};
};

class Model : public Layer {
 public:
  Model() = default;
  explicit Model(std::shared_ptr<ModelImpl> impl) : Layer(std::move(impl)) {}
  // The graph of layers between these tensors. InvalidArgument if the outputs need other inputs.
  Model(const std::vector<KerasTensor>& inputs, const std::vector<KerasTensor>& outputs,
        const std::string& name = {});
  Model(const KerasTensor& input, const KerasTensor& output, const std::string& name = {})
      : Model(std::vector{input}, std::vector{output}, name) {}

  void compile(CompileOptions options) const { model().compile(std::move(options)); }

  History fit(const Data& x, const Data& y, const FitOptions& options = {}) const;
  History fit(BatchSource& batches, const FitOptions& options = {}) const;
  Logs evaluate(const Data& x, const Data& y, const EvaluateOptions& options = {}) const;
  Logs evaluate(BatchSource& batches, const EvaluateOptions& options = {}) const;
  // The first output for all samples.
  Tensor predict(const Data& x, const PredictOptions& options = {}) const;
  Tensors predict_all(BatchSource& batches, const PredictOptions& options = {}) const;

  Logs train_on_batch(const Data& x, const Data& y, const Tensor& sample_weight = {}) const;
  Logs test_on_batch(const Data& x, const Data& y, const Tensor& sample_weight = {}) const;
  Tensor predict_on_batch(const Data& x) const;

  // Keras's table of layers, shapes and parameters.
  std::string summary_text(const SummaryOptions& options = {}) const;
  void summary(const SummaryOptions& options = {}) const;

  const std::vector<Layer>& layers() const { return impl().sublayers(); }
  Layer get_layer(const std::string& name) const;  // InvalidArgument names those there are
  const Optimizer& optimizer() const { return model().optimizer(); }

  // See weights_file.h for the format.
  void save_weights(const std::string& path) const;
  void load_weights(const std::string& path) const;

  ModelImpl& model() const { return static_cast<ModelImpl&>(impl()); }
};

// Layers one after the other.
class Sequential : public Model {
 public:
  explicit Sequential(std::vector<Layer> layers = {}, const std::string& name = {});
  void add(const Layer& layer) const;
  void pop() const;  // InvalidArgument if there is no layer
};

}  // namespace millstream::keras
