#include "millstream/backend/gpu/map.h"

#include <fmt/format.h>

#include "millstream/backend/gpu/program.h"
#include "millstream/ops/array.h"
#include "millstream/ops/map.h"
#include "millstream/ops/map_info.h"

namespace millstream::gpu {
namespace {

// Strides of x in loops over a shape that it broadcasts to.
Dims broadcast_strides(const Tensor& x, const Shape& shape) {
  Dims strides(shape.rank(), 0);
  const int missing = shape.rank() - x.rank();
  for (int d = 0; d < x.rank(); ++d) {
    if (x.dim(d) != 1) strides[d + missing] = x.strides()[d];
  }
  return strides;
}

// The step of an input that needs no loops: 1, 0 for one element; nothing if it needs them.
std::optional<int64_t> flat_step(const Tensor& x, int64_t elements) {
  if (x.elements() == 1) return 0;
  if (x.contiguous() && x.elements() == elements) return 1;
  return std::nullopt;
}

Arguments flat_arguments(DType compute, std::span<const Tensor> inputs, const Tensor& out) {
  Arguments arguments;
  for (const Tensor& x : inputs) {
    if (by_value(x)) {
      arguments.add(Array(nullptr));
      arguments.add(int64_t{-1});
      append_number(arguments, compute, x);
    } else {
      arguments.add(Array(x));
      arguments.add(*flat_step(x, out.elements()));
      append_number(arguments, compute, Tensor());
    }
  }
  arguments.add(Array(out));
  arguments.add(out.elements());
  return arguments;
}

Arguments strided_arguments(DType compute, std::span<const Tensor> inputs, const Tensor& out) {
  std::vector<Dims> strides;
  for (const Tensor& x : inputs) strides.push_back(broadcast_strides(x, out.shape()));
  const Loops loops(out.shape().dims(), strides);
  Arguments arguments(loops.nest);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool value = by_value(inputs[i]);
    arguments.add(value ? Array(nullptr) : Array(inputs[i]));
    arguments.add(int64_t{value ? 0 : 1});
    arguments.add(loops.strides[i]);
    append_number(arguments, compute, value ? inputs[i] : Tensor());
  }
  arguments.add(Array(out));
  arguments.add(out.elements());
  return arguments;
}

// Calls find(flat) for the function, and runs it over inputs that broadcast to the output.
template <class Find>
void run_map(GpuDevice& device, DType compute, std::span<const Tensor> inputs, const Tensor& out,
             Find&& find) {
  if (out.elements() == 0) return;
  const auto is_flat = [&](const Tensor& x) {
    return by_value(x) || flat_step(x, out.elements()).has_value();
  };
  const bool flat = std::ranges::all_of(inputs, is_flat);
  const Arguments arguments =
      flat ? flat_arguments(compute, inputs, out) : strided_arguments(compute, inputs, out);
  device.launch(find(flat), grid_of(out.elements()), arguments);
}

// Which kernel an op runs by. Each thread remembers what it has asked for.
struct Asked {
  const GpuDevice* device;
  const MapInfo* map;
  uint64_t how;  // dtypes and layout
  bool operator==(const Asked&) const = default;
};
struct AskedHash {
  size_t operator()(const Asked& a) const {
    return std::hash<const void*>()(a.map) ^ (std::hash<const void*>()(a.device) << 1) ^
           (a.how * 0x9E3779B97F4A7C15u);
  }
};

Function function_of(GpuDevice& device, const KernelContext& c, bool flat) {
  thread_local std::unordered_map<Asked, Function, AskedHash> known;
  uint64_t how = flat ? 1 : 2;
  for (const Tensor& x : c.inputs) how = how * 16 + static_cast<uint64_t>(x.dtype());
  Function& function = known[{&device, c.op.map, how}];
  if (function.handle == nullptr) {
    std::vector<DType> dtypes;
    for (const Tensor& x : c.inputs) dtypes.push_back(x.dtype());
    function = map_function(device, map_kernel_of(c.op, dtypes, device.compiles_lazily()), flat);
  }
  return function;
}

void run_op(const KernelContext& c) {
  GpuDevice& device = device_of(c);
  run_map(device, compute_dtype(c.op, c.inputs[0].dtype(), c.outputs[0].dtype()), c.inputs,
          c.outputs[0], [&](bool flat) { return function_of(device, c, flat); });
}

MapText cast_text(DType from, DType to) {
  return {.name = fmt::format("to_{}", name_of(to)),
          .compute = compute_dtype(from),
          .inputs = {from},
          .outputs = {to},
          .body = {Expr::input(0)}};
}

// Another dtype, by way of the type that the elements are computed in.
void run_cast(const KernelContext& c) {
  const DType from = c.inputs[0].dtype(), to = c.outputs[0].dtype();
  const auto all = [from] {
    std::vector<MapText> texts;
    for (size_t i = 0; i < kDTypes; ++i) texts.push_back(cast_text(from, static_cast<DType>(i)));
    return texts;
  };
  const MapKernel kernel{fmt::format("cast {}", name_of(from)), fmt::format("to_{}", name_of(to)),
                         all};
  GpuDevice& device = device_of(c);
  run_map(device, compute_dtype(from), c.inputs, c.outputs[0],
          [&](bool flat) { return map_function(device, kernel, flat); });
}

const RegisterMapKernel opencl(Backend::opencl, {.name = "generated", .run = run_op});
const RegisterMapKernel cuda(Backend::cuda, {.name = "generated", .run = run_op});
const RegisterGpuKernel cast_(op::cast, {.name = "generated", .run = run_cast});

}  // namespace

bool by_value(const Tensor& x) { return x.rank() == 0 && x.device().backend() == Backend::cpu; }

void append_number(Arguments& arguments, DType compute, const Tensor& scalar) {
  const auto append = [&]<class T>(std::type_identity<T>) {
    arguments.add(scalar.defined() ? scalar.item<T>() : T(0));
  };
  switch (compute) {
    case float32: return append(std::type_identity<float>());
    case float64: return append(std::type_identity<double>());
    case int32: return append(std::type_identity<int32_t>());
    case uint64: return append(std::type_identity<uint64_t>());
    default: return append(std::type_identity<int64_t>());
  }
}

}  // namespace millstream::gpu
