#include "millstream/ops/map.h"

#include <fmt/format.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "millstream/ops/dtype_check.h"
#include "millstream/ops/map_info.h"
#include "millstream/ops/reduce.h"

namespace millstream {
namespace {

bool accepts(DTypeRule rule, DType dtype) {
  switch (rule) {
    case DTypeRule::floating:
    case DTypeRule::predicate: return is_floating(dtype);
    case DTypeRule::numeric:
    case DTypeRule::quotient:
    case DTypeRule::compare: return dtype != boolean;
    case DTypeRule::integer: return is_integer(dtype);
    case DTypeRule::signed_:
      return is_floating(dtype) || (is_integer(dtype) && !is_unsigned(dtype));
    case DTypeRule::boolean: return dtype == boolean;
    case DTypeRule::any:
    case DTypeRule::equality:
    case DTypeRule::select:
    case DTypeRule::derived: return true;
  }
  return false;
}

bool gives_bool(DTypeRule rule) {
  return rule == DTypeRule::compare || rule == DTypeRule::equality || rule == DTypeRule::predicate;
}

// The result's dtype from those of the inputs; `dtype_at(i)` gives the i-th.
template <class F>
DType output_dtype(const Op& op, size_t count, F&& dtype_at) {
  const DTypeRule rule = op.map->rule;
  if (rule == DTypeRule::derived) return dtype_at(count - 1);
  const size_t first = rule == DTypeRule::select ? 1 : 0;
  if (first == 1 && dtype_at(0) != boolean) refuse_dtype(op, 0, dtype_at(0), boolean);
  const DType dtype = dtype_at(first);
  for (size_t i = first + 1; i < count; ++i) {
    if (dtype_at(i) != dtype) refuse_dtype(op, i, dtype_at(i), dtype);
  }
  if (!accepts(rule, dtype)) {
    throw InvalidArgument(
        {.message = fmt::format("{} does not take {} tensors", op.name(), name_of(dtype)),
         .hint = rule == DTypeRule::floating ? "cast(x, float32)" : ""});
  }
  if (rule == DTypeRule::quotient && is_integer(dtype)) {
    return size_of(dtype) < 4 ? float32 : float64;
  }
  return gives_bool(rule) ? boolean : dtype;
}

void check_arity(const Op& op, size_t count) {
  if (count != static_cast<size_t>(op.map->arity)) {
    throw InvalidArgument(
        fmt::format("{} takes {} inputs, not {}", op.name(), op.map->arity, count));
  }
}

Specs infer_map(const InferContext& c) {
  check_arity(c.op, c.inputs.size());
  Shape shape = c.inputs[0].shape;
  for (size_t i = 1; i < c.inputs.size(); ++i) shape = broadcast(shape, c.inputs[i].shape);
  return {
      {output_dtype(c.op, c.inputs.size(), [&](size_t i) { return c.inputs[i].dtype; }), shape}};
}

// --- gradients -----------------------------------------------------------------------------------

// The gradient of a map by one of its inputs: a map as well, over those tensors that it reads.
struct Derived {
  std::vector<int> reads;  // positions in inputs..., output, incoming gradient
  const Op* op = nullptr;  // nullptr: the incoming gradient itself
  bool zero = false;
};

Tensors map_gradient(const GradientContext& c);

Op make_map_op(const MapInfo& info) {
  Saves saves = Saves::nothing;
  if (!info.gradients.empty()) {
    const std::vector<int> used = inputs_used(info.gradients);
    const bool inputs = !used.empty() && used.front() < info.arity;
    bool output = false;
    for (const int input : used) output = output || input == info.arity;
    saves = static_cast<Saves>((inputs ? 1 : 0) | (output ? 2 : 0));
  }
  return {.names = info.names,
          .parameters = info.parameters,
          .doc = info.doc,
          .infer = infer_map,
          .gradient = info.gradients.empty() ? nullptr : map_gradient,
          .saves = saves,
          .strided = true,
          .host_scalars = true,
          .map = &info};
}

// Ops that are made while the program runs: one for each expression that a gradient needs.
class DerivedOps {
 public:
  const Derived& gradient(const Op& op, int input) {
    std::lock_guard lock(mutex_);
    const auto [entry, made] = by_input_.try_emplace({&op, input});
    if (made) entry->second = derive(op, input);
    return entry->second;
  }

 private:
  Derived derive(const Op& op, int input) {
    const int arity = op.map->arity;
    const Expr body = op.map->gradients[input];
    if (body.is_constant(0)) return {.zero = true};
    if (same(body, Expr::input(arity + 1))) return {.reads = {arity + 1}};
    Derived derived{.reads = inputs_used(std::span(&body, 1))};
    // The incoming gradient stands last: it gives the dtype.
    if (derived.reads.back() != arity + 1) derived.reads.push_back(arity + 1);
    std::vector<Expr> renumbered(arity + 2);
    for (size_t i = 0; i < derived.reads.size(); ++i) {
      renumbered[derived.reads[i]] = Expr::input(static_cast<int>(i));
    }
    const int reads = static_cast<int>(derived.reads.size());
    derived.op = &op_of(compose(body, renumbered), reads, op.name());
    return derived;
  }

  const Op& op_of(Expr body, int arity, std::string_view forward) {
    Made*& made = by_body_[{body.id(), arity}];
    if (made == nullptr) {
      made = &made_.emplace_back();
      made->name = fmt::format("{}_gradient", forward);
      made->info = {.names = made->name,
                    .parameters = "",
                    .doc = "",
                    .rule = DTypeRule::derived,
                    .arity = arity,
                    .body = body,
                    .gradients = derived_gradients(body, arity)};
      made->op = make_map_op(made->info);
    }
    return made->op;
  }

  struct Made {
    std::string name;
    MapInfo info;
    Op op;
  };
  std::mutex mutex_;
  std::deque<Made> made_;
  std::map<std::pair<const Op*, int>, Derived> by_input_;
  std::map<std::pair<const void*, int>, Made*> by_body_;
};

// Each thread remembers what it has asked for.
const Derived& derived_map(const Op& op, size_t input) {
  thread_local std::unordered_map<const Op*, std::vector<const Derived*>> seen;
  std::vector<const Derived*>& known = seen[&op];
  known.resize(static_cast<size_t>(op.map->arity));
  if (known[input] == nullptr) {
    static auto* const derived_ops = new DerivedOps();
    known[input] = &derived_ops->gradient(op, static_cast<int>(input));
  }
  return *known[input];
}

Tensors map_gradient(const GradientContext& c) {
  Tensors grads(c.input_specs.size());
  if (!is_floating(c.output_specs[0].dtype)) return grads;
  for (size_t i = 0; i < grads.size(); ++i) {
    if (!c.needed[i] || !is_floating(c.input_specs[i].dtype)) continue;
    const Derived& derived = derived_map(c.op, i);
    if (derived.zero) continue;
    Tensor grad = c.grads[0];
    if (derived.op != nullptr) {
      Tensors reads;
      reads.reserve(derived.reads.size());
      for (const int at : derived.reads) {
        const int arity = c.op.map->arity;
        reads.push_back(at < arity ? c.inputs[at] : at == arity ? c.outputs[0] : c.grads[0]);
      }
      grad = call(*derived.op, reads);
    }
    grads[i] = sum_to_shape(grad, c.input_specs[i].shape);
  }
  return grads;
}

const std::vector<Op>& map_ops() {
  static const auto* const ops = [] {
    auto* made = new std::vector<Op>();
    for (const MapInfo& info : map_infos()) made->push_back(make_map_op(info));
    return made;
  }();
  return *ops;
}

// With the default values of the last parameters where inputs are missing.
Tensor call_declared(size_t index, std::span<const Tensor> inputs) {
  const Op& op = map_op(index);
  const size_t arity = static_cast<size_t>(op.map->arity);
  const std::vector<double>& defaults = op.map->defaults;
  if (inputs.size() >= arity || inputs.size() + defaults.size() < arity) return call(op, inputs);
  Tensors all(inputs.begin(), inputs.end());
  while (all.size() < arity) all.emplace_back(defaults[defaults.size() - (arity - all.size())]);
  return call(op, all);
}

constinit std::array<const Kernel*, kBackends> map_kernels = {};

}  // namespace

RegisterMapKernel::RegisterMapKernel(Backend backend, Kernel kernel) {
  map_kernels[static_cast<size_t>(backend)] = new Kernel(kernel);
}

const Op* map_gradient_op(const Op& op, size_t input) {
  return op.map->gradients.empty() ? nullptr : derived_map(op, input).op;
}

const Kernel* map_kernel(Backend backend) { return map_kernels[static_cast<size_t>(backend)]; }

size_t map_op_count() { return map_ops().size(); }
const Op& map_op(size_t index) { return map_ops()[index]; }

Tensor call_map(size_t index, const Tensor& x) { return call_declared(index, BorrowedTensors(x)); }
Tensor call_map(size_t index, const Tensor& x, const Tensor& y) {
  return call_declared(index, BorrowedTensors(x, y));
}
Tensor call_map(size_t index, const Tensor& x, const Tensor& y, const Tensor& z) {
  return call_declared(index, BorrowedTensors(x, y, z));
}

DType map_dtype(const Op& op, std::span<const Tensor> inputs) {
  check_arity(op, inputs.size());
  return output_dtype(op, inputs.size(), [&](size_t i) { return inputs[i].dtype(); });
}

DType compute_dtype(DType dtype) {
  switch (dtype) {
    case float16:
    case bfloat16: return float32;
    case boolean:
    case int8:
    case int16:
    case uint8:
    case uint16: return int32;
    case uint32: return int64;
    default: return dtype;
  }
}

DType compute_dtype(const Op& op, DType input, DType output) {
  return compute_dtype(gives_bool(op.map->rule) ? input : output);
}

Shape map_shape(std::span<const Tensor> inputs) {
  Shape shape = inputs[0].shape();
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (!(inputs[i].shape() == shape)) shape = broadcast(shape, inputs[i].shape());
  }
  return shape;
}

std::span<const Tensor> adopt_dtypes(const Op& op, std::span<const Tensor> inputs,
                                     Tensors& adopted) {
  const size_t first = op.map->rule == DTypeRule::select ? 1 : 0;
  const Tensor* model = nullptr;
  const Tensor* literal = nullptr;  // the first floating one among literals, else the first
  for (size_t i = first; i < inputs.size(); ++i) {
    const Tensor& input = inputs[i];
    if (!input.node()->weak) {
      if (model == nullptr) model = &input;
    } else if (literal == nullptr ||
               (is_floating(input.dtype()) && !is_floating(literal->dtype()))) {
      literal = &input;
    }
  }
  if (literal == nullptr) return inputs;
  if (model == nullptr) model = literal;
  adopted.assign(inputs.begin(), inputs.end());
  for (size_t i = first; i < inputs.size(); ++i) {
    const Tensor& input = inputs[i];
    if (!input.node()->weak || input.dtype() == model->dtype()) continue;
    if (is_floating(input.dtype()) && !is_floating(model->dtype())) {
      refuse_dtype(op, i, input.dtype(), model->dtype());
    }
    adopted[i] = is_floating(input.dtype()) ? Tensor::scalar(input.node()->literal, model->dtype())
                                            : Tensor::scalar(input.item<int64_t>(), model->dtype());
  }
  return adopted;
}

}  // namespace millstream
