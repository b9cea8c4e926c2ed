#pragma once
// Op: what there is to know about an operation; call: the one door through which every op goes.
//
// An op is a constant in its family's file, listed once at that file's foot:
//
//   constinit Op op::matmul = {
//       .names = "linalg.matmul matmul",
//       .parameters = "a: tensor, b: tensor, transpose_a: bool = False, ...",
//       .doc = "Product of matrices ...", .infer = infer_matmul, .gradient = matmul_gradient};
//   static const RegisterOps family({&op::matmul, ...});
//
// and a backend adds its kernel in its own file:
//
//   static RegisterKernel kernel(op::matmul, Backend::cpu, {.name = "onednn", .run = run_matmul});
#include <array>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "millstream/base/error.h"
#include "millstream/tensor/tensor.h"

namespace millstream {

struct Op;
struct MapInfo;

// --- attributes ----------------------------------------------------------------------------------

using Ints = std::vector<int64_t>;
using Floats = std::vector<double>;
// The value of a parameter that is no tensor. monostate stands for None.
using Attr = std::variant<std::monostate, bool, int64_t, double, std::string, DType, Ints, Floats>;

// The attributes of one call, in the order of the op's non-tensor parameters. Cheap to copy.
class Attrs {
 public:
  Attrs() = default;
  Attrs(std::initializer_list<Attr> values) : Attrs(std::vector<Attr>(values)) {}
  explicit Attrs(std::vector<Attr> values)
      : values_(std::make_shared<const std::vector<Attr>>(std::move(values))) {}

  size_t size() const { return values_ ? values_->size() : 0; }
  const Attr& operator[](size_t i) const {
    if (i >= size()) throw Internal("an op was called without its attributes");
    return (*values_)[i];
  }
  template <class T>
  const T& get(size_t i) const {
    return std::get<T>((*this)[i]);
  }
  bool none(size_t i) const { return std::holds_alternative<std::monostate>((*this)[i]); }
  bool flag(size_t i) const { return get<bool>(i); }
  int64_t integer(size_t i) const { return get<int64_t>(i); }
  double number(size_t i) const { return get<double>(i); }
  const std::string& text(size_t i) const { return get<std::string>(i); }
  DType dtype(size_t i) const { return get<DType>(i); }
  const Ints& ints(size_t i) const { return get<Ints>(i); }

 private:
  std::shared_ptr<const std::vector<Attr>> values_;
};

// One parameter of an op, parsed from its `parameters` text: "name: kind = default".
// Kinds: tensor, index, tensors, bool, int, float, str, dtype, ints, floats, str|ints, int|ints; a
// trailing ? admits None. "ints" takes a single int as well and makes a list of it, "int|ints"
// leaves it an int; nested lists are flattened. A literal given for a "tensor" takes the dtype of
// the tensors beside it; an "index" is a tensor that keeps its own.
struct Parameter {
  enum class Kind : uint8_t {
    tensor,
    tensors,
    boolean,
    integer,
    number,
    text,
    dtype,
    ints,
    floats,
    text_or_ints,
    integer_or_ints
  };
  bool is_tensor() const { return kind == Kind::tensor || kind == Kind::tensors; }

  std::string name;
  Kind kind;
  bool index = false;  // a tensor of kind "index"
  bool optional = false;
  bool has_default = false;
  Attr value;  // the default
};

std::vector<Parameter> parse_parameters(std::string_view text);
// The attributes of a call that names none.
Attrs default_attrs(const std::vector<Parameter>& parameters);

// --- what an op provides -------------------------------------------------------------------------

// What is known of a tensor before it exists. Dimensions may be unknown.
struct Spec {
  DType dtype;
  Shape shape;
};
using Specs = std::vector<Spec>;

std::string to_string(const Spec& spec);  // "float32[2,3]"

struct InferContext {
  const Op& op;
  std::span<const Spec> inputs;
  const Attrs& attrs;
};
// dtypes and shapes of the outputs; throws InvalidArgument if the inputs do not fit the op.
using InferFn = Specs (*)(const InferContext&);

struct GradientContext {
  const Op& op;
  std::span<const Tensor> inputs;   // undefined where `Op::saves` leaves them out
  std::span<const Tensor> outputs;  // likewise
  std::span<const Spec> input_specs;
  std::span<const Spec> output_specs;
  const Attrs& attrs;
  std::span<const Tensor> grads;  // one per output, undefined where nothing flows
  std::span<const bool> needed;   // one per input
};
// One gradient per input, undefined where there is none. Written in ops, so it has gradients too.
using GradientFn = Tensors (*)(const GradientContext&);

// A view of the input instead of a kernel: `shape` is what infer gave.
using ViewFn = Tensor (*)(const Tensor& x, const Attrs& attrs, const Shape& shape);

// The same for an op with several outputs, of which infer gave `specs`.
using ViewsFn = Tensors (*)(const Tensor& x, const Attrs& attrs, const Specs& specs);

// A composition of other ops, which go through the door themselves.
using ComposeFn = Tensors (*)(std::span<const Tensor> inputs, const Attrs& attrs);

struct KernelContext {
  const Op& op;
  std::span<const Tensor> inputs;
  const Attrs& attrs;
  // Allocated and contiguous, to be written by the kernel; undefined if `makes_outputs`.
  std::span<Tensor> outputs;
  Device& device;

  template <class T>
  const T* in(size_t i) const {
    return inputs[i].data<T>();
  }
  template <class T>
  T* out(size_t i = 0) const {
    return reinterpret_cast<T*>(outputs[i].node()->data);
  }
};

// One implementation of an op on a backend. The first that accepts the call runs it.
struct Kernel {
  const char* name;
  void (*run)(const KernelContext&);
  // Why this kernel cannot run the call, or nullptr if it can.
  const char* (*refuse)(const KernelContext&) = nullptr;
  const Kernel* next = nullptr;
};

// Which tensors a gradient wants to see; the tape keeps only these alive.
enum class Saves : uint8_t { nothing = 0, inputs = 1, outputs = 2, both = 3 };

struct Op {
  // TensorFlow's names without "tf.": "math.tanh tanh nn.tanh". An op of compositions and gradients
  // is named "internal.…": no user calls it, and it trusts the attributes it is given.
  std::string_view names;
  std::string_view parameters;  // see Parameter
  std::string_view doc;
  // Of an op with several: their names ("values, indices"), or "tensors" for a list of any length.
  std::string_view outputs = {};
  InferFn infer = nullptr;
  GradientFn gradient = nullptr;  // none: not differentiable
  ViewFn view = nullptr;
  ViewsFn views = nullptr;
  ComposeFn compose = nullptr;
  Saves saves = Saves::both;
  bool strided = false;          // kernels read any strides; otherwise inputs are made contiguous
  bool host_scalars = false;     // scalars on the host stay there: kernels take them by value
  bool makes_outputs = false;    // kernels make the outputs: their sizes depend on values
  bool stateful = false;         // gives another result each time: calls are never merged
  bool takes_none = false;       // a composition in which undefined inputs stand for None
  const MapInfo* map = nullptr;  // set for elementwise ops
  std::array<const Kernel*, kBackends> kernels = {};

  // "tanh": the last part of the first name, for messages.
  std::string_view name() const;
};

// All ops by name, for loops over them: bindings, tests, reference pages.
const std::vector<const Op*>& all_ops();
// The op that has this full name ("math.tanh"); nullptr if there is none.
const Op* find_op(std::string_view name);

struct RegisterOps {
  RegisterOps(std::initializer_list<const Op*> family);
};

struct RegisterKernel {
  RegisterKernel(Op& op, Backend backend, Kernel kernel);
};

// --- the door ------------------------------------------------------------------------------------

// Infers, places, allocates, runs, and tells the observers of this thread.
Tensors call_all(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs = {});
// The same for an op with one output.
Tensor call(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs = {});
inline Tensor call(const Op& op, std::initializer_list<Tensor> inputs, const Attrs& attrs = {}) {
  return call(op, std::span(inputs.begin(), inputs.size()), attrs);
}
inline Tensors call_all(const Op& op, std::initializer_list<Tensor> inputs,
                        const Attrs& attrs = {}) {
  return call_all(op, std::span(inputs.begin(), inputs.size()), attrs);
}

// The shapes and dtypes that a call would give, without running it.
Specs infer(const Op& op, std::span<const Spec> inputs, const Attrs& attrs = {});

// The same tensor, or a row-major copy of it.
Tensor contiguous(const Tensor& x);
// A copy on `device`, or the same tensor if it is there.
Tensor copy_to(const Tensor& x, Device& device);

// A call that has run, as observers see it.
struct Call {
  const Op& op;
  std::span<const Tensor> inputs;
  const Attrs& attrs;
  std::span<const Tensor> outputs;
};

// Told of every call on its thread while it is active: tapes, traces, profilers.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void called(const Call& call) = 0;

  void activate();
  void deactivate();  // FailedPrecondition unless it was activated on this thread
  bool active() const { return active_; }

  // Runs f with no observer active on this thread.
  template <class F>
  static auto paused(F&& f) {
    const Pause pause;
    return f();
  }

  // Calls f(observer) for each that is active on this thread, the innermost first.
  template <class F>
  static void each(F&& f) {
    for (Observer* observer = innermost(); observer != nullptr; observer = observer->outer_) {
      f(*observer);
    }
  }

 private:
  static Observer* innermost();
  struct Pause {
    Pause();
    ~Pause();
    Observer* outer;
  };
  Observer* outer_ = nullptr;
  bool active_ = false;
};

}  // namespace millstream
