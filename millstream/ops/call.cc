#include <fmt/format.h>

#include "millstream/device/context.h"
#include "millstream/device/live_blocks.h"
#include "millstream/device/out_of_memory.h"
#include "millstream/device/switches.h"
#include "millstream/ops/array.h"
#include "millstream/ops/map.h"
#include "millstream/ops/op.h"
#include "millstream/ops/placement.h"

namespace millstream {
namespace {

thread_local Observer* observers = nullptr;

Spec spec_of(const Tensor& tensor) { return {tensor.dtype(), tensor.shape()}; }

// Of an op whose result did not fit: what would have.
std::string memory_hint(const OutOfMemory& error, const Op& op, std::span<const Tensor> inputs,
                        const Attrs& attrs) {
  constexpr const char* kAny = "a smaller batch, or a higher memory limit";
  Specs specs;
  for (const Tensor& input : inputs) {
    if (!input.defined()) return kAny;
    specs.push_back(spec_of(input));
  }
  const Specs outputs = op.infer != nullptr ? op.infer({op, specs, attrs}) : Specs();
  if (outputs.empty() || !outputs[0].shape.known() || outputs[0].shape.rank() == 0) return kAny;
  const auto& [requested, current, reserved, largest_free, limit] = error.figures();
  const int64_t size = outputs[0].shape[0];
  const double share = static_cast<double>(largest_free) / static_cast<double>(requested);
  const auto fitting = static_cast<int64_t>(share * static_cast<double>(size));
  if (fitting < 1 || fitting >= size) return kAny;
  return fmt::format("at most {} instead of {} along the first axis, or a higher memory limit",
                     fitting, size);
}

void annotate(Error& error, const Op& op, std::span<const Tensor> inputs, const Attrs& attrs,
              const Device* device) {
  Error::Fields fields{.message = "", .op = std::string(op.name())};
  if (const auto* memory = dynamic_cast<const OutOfMemory*>(&error)) {
    fields.hint = memory_hint(*memory, op, inputs, attrs);
  }
  for (const Tensor& input : inputs) {
    fields.inputs.push_back(input.defined() ? to_string(spec_of(input)) : "none");
  }
  if (device != nullptr) fields.device = device->name();
  error.annotate(fields);
}

// The scope's device, else the GPU of the first input that is on one, else the first GPU, else the
// device of the first input that is given.
Device& place(std::span<const Tensor> inputs) {
  if (Device* scoped = device::scoped()) return *scoped;
  Device* const gpu = Context::gpu();
  for (const Tensor& input : inputs) {
    if (!input.defined()) continue;
    if (gpu == nullptr || input.device().backend() != Backend::cpu) return input.device();
  }
  return gpu != nullptr ? *gpu : current_device();
}

std::string refusals(const KernelContext& context, const Kernel* kernel) {
  std::string reasons;
  for (; kernel != nullptr; kernel = kernel->next) {
    reasons += fmt::format("; {}: {}", kernel->name, kernel->refuse(context));
  }
  return reasons;
}

const Kernel* kernels_of(const Op& op, Backend backend) {
  return op.map != nullptr ? map_kernel(backend) : op.kernels[static_cast<size_t>(backend)];
}

// The first that does not refuse, or nullptr.
const Kernel* accepting(const KernelContext& context) {
  const Kernel* kernel = kernels_of(context.op, context.device.backend());
  while (kernel != nullptr && kernel->refuse != nullptr && kernel->refuse(context) != nullptr) {
    kernel = kernel->next;
  }
  return kernel;
}

void run_kernel(const KernelContext& context) {
  if (const Kernel* kernel = accepting(context)) return kernel->run(context);
  throw Unimplemented(
      {.message = fmt::format(
           "no kernel of {} runs this call on a {}{}", context.op.name(), context.device.type(),
           refusals(context, kernels_of(context.op, context.device.backend())))});
}

// A row-major copy that no observer hears of.
Tensor row_major(const Tensor& x) {
  if (x.contiguous()) return x;
  Tensor copy = Tensor::empty(x.dtype(), x.shape(), x.device());
  const Attrs none;
  const KernelContext context{op::identity, std::span(&x, 1), none, std::span(&copy, 1),
                              x.device()};
  run_kernel(context);
  return copy;
}

bool is_host_scalar(const Tensor& x) {
  return x.rank() == 0 && x.device().backend() == Backend::cpu;
}

// Inputs as kernels of `op` read them: on the device, and row-major unless the op takes strides.
// `moved` keeps what had to be copied; the span stays on `inputs` where nothing had to be.
std::span<const Tensor> prepare(const Op& op, std::span<const Tensor> inputs, Device& device,
                                Tensors& moved) {
  const bool by_value = op.host_scalars && device.backend() != Backend::cpu;
  const auto ready = [&](const Tensor& x) {
    if (by_value && is_host_scalar(x)) return true;
    return &x.device() == &device && (op.strided || x.contiguous());
  };
  bool all_ready = true;
  for (const Tensor& input : inputs) all_ready = all_ready && ready(input);
  if (all_ready) return inputs;
  for (const Tensor& input : inputs) {
    if (ready(input)) {
      moved.push_back(input);
      continue;
    }
    if (&input.device() != &device) check_copy(op, moved.size(), input, device);
    const Tensor here = copy_to(input, device);
    moved.push_back(op.strided ? here : row_major(here));
  }
  return moved;
}

// What TensorFlow says of each op, where that is asked for.
void log_placement(const Op& op, const Device& device) {
  if (switches.log_placement) {
    fmt::print(stderr, "Executing op {} in device {}\n", op.name(), device.name());
  }
}

void check_defined(const Op& op, std::span<const Tensor> inputs) {
  if (op.takes_none) return;
  for (const Tensor& input : inputs) {
    if (!input.defined()) {
      throw InvalidArgument({.message = "an input refers to no tensor",
                             .op = std::string(op.name()),
                             .hint = "give every Tensor and Variable a value before it is used"});
    }
  }
}

void check_sizes(const Specs& specs) {
  for (const Spec& spec : specs) {
    if (spec.shape.known()) continue;
    throw InvalidArgument({.message = "a result of shape " + spec.shape.to_string(),
                           .hint = "all sizes must be known when an op runs"});
  }
}

Tensors allocate(const Specs& specs, Device& device) {
  Tensors tensors;
  tensors.reserve(specs.size());
  for (const Spec& spec : specs) {
    tensors.push_back(Tensor::empty(spec.dtype, spec.shape, device));
  }
  return tensors;
}

// Small integers on the host (sizes, positions) are computed where they are.
bool stays_on_host(std::span<const Tensor> inputs, std::span<const Spec> outputs) {
  constexpr int64_t kSmall = 64;
  const auto small = [](DType dtype, int64_t elements) {
    return is_integer(dtype) && elements <= kSmall;
  };
  for (const Tensor& x : inputs) {
    if (x.device().backend() != Backend::cpu || !small(x.dtype(), x.elements())) return false;
  }
  for (const Spec& spec : outputs) {
    if (!small(spec.dtype, spec.shape.elements())) return false;
  }
  return !inputs.empty() && device::scoped() == nullptr;
}

size_t bytes_of(std::span<const Tensor> tensors) {
  size_t bytes = 0;
  for (const Tensor& x : tensors) bytes += x.bytes();
  return bytes;
}

[[noreturn]] void refuse_placement(const Device& device, std::string_view reason) {
  std::string names;
  for (const auto& each : Context::get().devices()) {
    names += (names.empty() ? "" : ", ") + each->name();
  }
  throw InvalidArgument(
      {.message =
           fmt::format("Could not satisfy device specification '{}'. "
                       "enable_soft_placement=0. Supported device types [CPU]. All available "
                       "devices [{}]. {}",
                       device.name(), names, reason),
       .hint = "set_soft_device_placement(true), or device(\"/CPU:0\") around the call"});
}

// The call on the CPU, its results on `device`, which has no kernel for it.
Tensors run_on_host(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs,
                    const Specs& specs, Device& device, std::string_view reason) {
  Device& host = host_device();
  if (!switches.soft_placement) refuse_placement(device, reason);
  log_placement(op, host);
  Tensors moved;
  const std::span<const Tensor> ready = prepare(op, inputs, host, moved);
  Tensors results = op.makes_outputs ? Tensors(specs.size()) : allocate(specs, host);
  run_kernel({op, ready, attrs, results, host});
  size_t bytes = bytes_of(results);
  for (const Tensor& input : inputs) {
    if (&input.device() != &host) bytes += input.bytes();
  }
  for (Tensor& result : results) result = copy_to(result, device);
  note_fallback(op, inputs.empty() ? specs[0].dtype : inputs[0].dtype(), device, reason,
                static_cast<int64_t>(bytes));
  return results;
}

// The call by a kernel of the GPU `device`, else by one of the CPU.
Tensors run_on_gpu(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs,
                   const Specs& specs, Device& device) {
  const Kernel* const first = kernels_of(op, device.backend());
  if (first == nullptr) {
    return run_on_host(op, inputs, attrs, specs, device, "it has no kernel for a GPU");
  }
  Tensors moved;
  const std::span<const Tensor> ready = prepare(op, inputs, device, moved);
  Tensors results = op.makes_outputs ? Tensors(specs.size()) : allocate(specs, device);
  const KernelContext context{op, ready, attrs, results, device};
  if (const Kernel* kernel = accepting(context)) {
    log_placement(op, device);
    kernel->run(context);
    return results;
  }
  return run_on_host(op, inputs, attrs, specs, device, refusals(context, first).substr(2));
}

Tensors run(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs, Device& device) {
  std::vector<Spec> specs;
  specs.reserve(inputs.size());
  for (const Tensor& input : inputs) specs.push_back(spec_of(input));
  const Specs outputs = op.infer({op, specs, attrs});
  if (!op.makes_outputs) check_sizes(outputs);
  if (op.view != nullptr) {
    log_placement(op, inputs[0].device());
    return {op.view(inputs[0], attrs, outputs[0].shape)};
  }
  if (op.views != nullptr) {
    log_placement(op, inputs[0].device());
    return op.views(inputs[0], attrs, outputs);
  }
  Device* target = &device;
  if (device.backend() != Backend::cpu) {
    if (!stays_on_host(inputs, outputs)) return run_on_gpu(op, inputs, attrs, outputs, device);
    target = &host_device();
  }
  Tensors moved;
  const std::span<const Tensor> ready = prepare(op, inputs, *target, moved);
  Tensors results = op.makes_outputs ? Tensors(outputs.size()) : allocate(outputs, *target);
  log_placement(op, *target);
  run_kernel({op, ready, attrs, results, *target});
  return results;
}

// One output whose dtype and shape follow from those of the inputs alone: no lists are built.
Tensor run_map(const Op& op, std::span<const Tensor> inputs, Device& device) {
  const DType dtype = map_dtype(op, inputs);
  const Shape shape = map_shape(inputs);
  Device* target = &device;
  if (device.backend() != Backend::cpu) {
    const Spec spec{dtype, shape};
    if (!stays_on_host(inputs, std::span(&spec, 1))) {
      return run_on_gpu(op, inputs, Attrs(), {spec}, device)[0];
    }
    target = &host_device();
  }
  Tensor result = Tensor::empty(dtype, shape, *target);
  Tensors moved;
  const std::span<const Tensor> ready = prepare(op, inputs, *target, moved);
  log_placement(op, *target);
  run_kernel({op, ready, Attrs(), std::span(&result, 1), *target});
  return result;
}

// Large results are known by the op that made them; views leave that as it is.
void label(const Op& op, std::span<const Tensor> results) {
  for (const Tensor& result : results) {
    const Buffer* const buffer = result.node()->buffer.get();
    if (buffer != nullptr && buffer->bytes() >= live_blocks::kTracked) {
      live_blocks::label(result.device().pool(), buffer->data(), op.name());
    }
  }
}

bool observed() { return observers != nullptr; }

void notify(const Call& call) {
  Observer::each([&](Observer& observer) { observer.called(call); });
}

}  // namespace

Observer* Observer::innermost() { return observers; }

Tensors call_all(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs) {
  check_defined(op, inputs);
  Device& device = place(inputs);
  try {
    if (op.map != nullptr) return {call(op, inputs, attrs)};
    if (op.compose != nullptr) return op.compose(inputs, attrs);
    Tensors results = run(op, inputs, attrs, device);
    label(op, results);
    if (observed()) notify({op, inputs, attrs, results});
    return results;
  } catch (Error& error) {
    annotate(error, op, inputs, attrs, &device);
    throw;
  }
}

Tensor call(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs) {
  if (op.map == nullptr) return call_all(op, inputs, attrs)[0];
  check_defined(op, inputs);
  Device& device = place(inputs);
  try {
    Tensors adopted;
    inputs = adopt_dtypes(op, inputs, adopted);
    Tensor result = run_map(op, inputs, device);
    label(op, std::span(&result, 1));
    if (observed()) notify({op, inputs, attrs, std::span(&result, 1)});
    return result;
  } catch (Error& error) {
    annotate(error, op, inputs, attrs, &device);
    throw;
  }
}

Specs infer(const Op& op, std::span<const Spec> inputs, const Attrs& attrs) {
  try {
    return op.infer({op, inputs, attrs});
  } catch (Error& error) {
    Error::Fields fields{.message = "", .op = std::string(op.name())};
    for (const Spec& input : inputs) fields.inputs.push_back(to_string(input));
    error.annotate(fields);
    throw;
  }
}

Tensor contiguous(const Tensor& x) { return x.contiguous() ? x : identity(x); }

Tensor copy_to(const Tensor& x, Device& device) {
  if (&x.device() == &device) return x;
  const Tensor source = x.host();
  return Tensor::from_host(x.dtype(), x.shape(), source.data(), device);
}

void Observer::activate() {
  outer_ = observers;
  observers = this;
  active_ = true;
}

void Observer::deactivate() {
  Observer** link = &observers;
  while (*link != nullptr && *link != this) link = &(*link)->outer_;
  if (*link == nullptr) {
    throw FailedPrecondition("an observer is stopped on another thread than it was started on");
  }
  *link = outer_;
  active_ = false;
}

Observer::Pause::Pause() : outer(observers) { observers = nullptr; }
Observer::Pause::~Pause() { observers = outer; }

}  // namespace millstream
