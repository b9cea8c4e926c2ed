#pragma once
// GradientTape: records the calls of its scope and walks them backwards.
//
//   GradientTape tape;
//   Tensor loss = reduce_mean(square(matmul(x, w)));
//   Tensor dw = tape.gradient(loss, w);              // undefined if loss does not depend on w
//
// Trainable variables are watched when they are used; other tensors with watch(). Tapes nest, and
// gradients are made of ops, so an outer tape sees those of an inner one (higher orders).
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "millstream/autodiff/id_map.h"
#include "millstream/ops/op.h"
#include "millstream/tensor/variable.h"

namespace millstream {

enum class UnconnectedGradients : uint8_t { none, zero };

struct TapeOptions {
  bool persistent = false;               // gradient() may be called more than once
  bool watch_accessed_variables = true;  // watch trainable variables as they are used
};

// What a gradient is asked for: a tensor or a variable.
class Source {
 public:
  Source(const Tensor& tensor) : tensor_(tensor) {}
  Source(const Variable& variable) : variable_(variable) {}
  bool is_variable() const { return variable_.defined(); }
  const Tensor& tensor() const { return tensor_; }
  const Variable& variable() const { return variable_; }

 private:
  Tensor tensor_;
  Variable variable_;
};

struct GradientOptions {
  Tensors output_gradients = {};  // one per target; ones where undefined
  UnconnectedGradients unconnected_gradients = UnconnectedGradients::none;
};

class GradientTape final : public Observer {
 public:
  // Starts to record on this thread.
  explicit GradientTape(TapeOptions options = {});
  ~GradientTape() override;
  GradientTape(const GradientTape&) = delete;
  GradientTape& operator=(const GradientTape&) = delete;

  void watch(const Tensor& tensor);
  void watch(const Variable& variable);
  Variables watched_variables() const;

  // Ends the scope; gradient() may still be called.
  void stop();
  // Starts again after stop(), keeping what was recorded.
  void resume();
  // Forgets all that was recorded.
  void reset();
  // Runs f without recording.
  template <class F>
  auto stop_recording(F&& f) {
    const Stopped stopped(*this);
    return f();
  }

  // Gradient of the sum of all elements of the targets with respect to each source.
  // FailedPrecondition at the second call unless the tape is persistent.
  Tensors gradient(std::span<const Tensor> targets, std::span<const Source> sources,
                   const GradientOptions& options = {});
  Tensor gradient(const Tensor& target, const Source& source, const GradientOptions& options = {});
  Tensors gradient(const Tensor& target, std::span<const Variable> sources,
                   const GradientOptions& options = {});

  // Derivatives of every element of the target with respect to every element of each source:
  // shape target.shape + source.shape. One backward pass for each element of the target.
  Tensors jacobian(const Tensor& target, std::span<const Source> sources,
                   UnconnectedGradients unconnected = UnconnectedGradients::none);
  Tensor jacobian(const Tensor& target, const Source& source,
                  UnconnectedGradients unconnected = UnconnectedGradients::none);
  // The same for each example of a batch by itself: target [b, ...], source [b, ...], result
  // [b, ..., ...]. An example's target must not depend on the source of another.
  // InvalidArgument if the first dimensions differ.
  Tensor batch_jacobian(const Tensor& target, const Source& source,
                        UnconnectedGradients unconnected = UnconnectedGradients::none);

  void called(const Call& call) override;

  // A gradient given by hand for a group of calls that were made with observers paused.
  using CustomGradient = std::function<Tensors(std::span<const Tensor> grads)>;
  void record_custom(std::span<const Tensor> inputs, std::span<const Tensor> outputs,
                     std::shared_ptr<const CustomGradient> gradient);

 private:
  struct Stopped {
    explicit Stopped(GradientTape& tape);
    ~Stopped();
    GradientTape& tape;
    bool was_active;
  };
  // One recorded call. Tensors that its gradient does not read are kept as ids only.
  struct Entry {
    const Op* op;
    Attrs attrs;
    uint32_t first;  // of its tensors in slots_: inputs, then outputs
    uint16_t inputs;
    uint16_t outputs;
    std::shared_ptr<const CustomGradient> custom;
  };
  struct Slot {
    Tensor tensor;  // undefined if not saved
    uint64_t id;
    Spec spec;
    bool tracked;
  };

  bool track(const Tensor& input);
  void add_entry(const Op* op, const Attrs& attrs, std::span<const Tensor> inputs,
                 std::span<const Tensor> outputs, Saves saves,
                 std::shared_ptr<const CustomGradient> custom);
  // Checks that the tape may be asked, and ends its recording.
  void begin_gradient();
  void end_gradient();
  // The last pass gives up on its way what the tape keeps.
  enum class Pass : uint8_t { one_of_many, last };
  Tensors backward(std::span<const Tensor> targets, std::span<const Source> sources,
                   const GradientOptions& options, Pass pass = Pass::one_of_many);
  struct Step;
  void propagate(IdMap<Tensor>& grads, Pass pass);
  void step_back(const Entry& entry, Step& step, IdMap<Tensor>& grads);
  Tensor collect(const Source& source, const IdMap<Tensor>& grads,
                 UnconnectedGradients unconnected) const;

  TapeOptions options_;
  bool spent_ = false;
  std::vector<Entry> entries_;
  std::vector<Slot> slots_;
  IdMap<char> tracked_;
  // Ids of the values that each watched variable had.
  std::vector<std::pair<uint64_t, std::vector<uint64_t>>> variables_;
  Tensors watched_;  // keeps watched tensors, so that their ids stay theirs
};

// Runs `f` without recording and gives its result the gradient that it returns beside it.
//
//   Tensors y = custom_gradient(
//       [](std::span<const Tensor> x) {
//         return std::pair{Tensors{log1p(exp(x[0]))},
//                          [e = exp(x[0])](std::span<const Tensor> g) -> Tensors {
//                            return {g[0] * (1 - 1 / (1 + e))}; }};
//       }, {x});
using WithGradient = std::pair<Tensors, GradientTape::CustomGradient>;
Tensors custom_gradient(const std::function<WithGradient(std::span<const Tensor>)>& f,
                        std::span<const Tensor> inputs);

}  // namespace millstream
