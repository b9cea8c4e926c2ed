#include "millstream/backend/cpu/map.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "millstream/backend/cpu/convert.h"
#include "millstream/backend/cpu/map_layout.h"
#include "millstream/backend/cpu/stream.h"
#include "millstream/backend/cpu/tile.h"
#include "millstream/base/parallel.h"
#include "millstream/ops/map.h"

namespace millstream::cpu {
namespace {

// --- what is computed ----------------------------------------------------------------------------

// How long one element takes, in units of a quarter of a nanosecond.
int cost_of(Prim p) {
  switch (p) {
    case Prim::div:
    case Prim::sqrt:
    case Prim::rsqrt:
    case Prim::floor_div:
    case Prim::trunc_div: return 3;
    case Prim::exp:
    case Prim::expm1:
    case Prim::log:
    case Prim::log1p:
    case Prim::sin:
    case Prim::cos:
    case Prim::asin:
    case Prim::acos:
    case Prim::atan:
    case Prim::tanh:
    case Prim::erf:
    case Prim::erfinv:
    case Prim::atan2: return 5;
    case Prim::pow:
    case Prim::nextafter:
    case Prim::floor_mod:
    case Prim::trunc_mod: return 25;
    case Prim::erfc:
    case Prim::erfcinv:
    case Prim::lgamma:
    case Prim::digamma:
    case Prim::bessel_i0e:
    case Prim::bessel_i1e:
    case Prim::igamma:
    case Prim::igammac:
    case Prim::zeta:
    case Prim::betainc: return 200;
    default: return 1;
  }
}

constexpr size_t kDerived = SIZE_MAX;

// Which declaration a map is, or kDerived.
size_t declared_position(const MapInfo& info) {
  const std::vector<MapInfo>& declared = map_infos();
  const bool inside = &info >= declared.data() && &info < declared.data() + declared.size();
  return inside ? static_cast<size_t>(&info - declared.data()) : kDerived;
}

// A map in the forms that kernels take: the compiled kernel of a declared op, or a tile program.
struct Plan {
  size_t position;  // in `Elementwise`, or kDerived
  int arity;
  int64_t cost = 0;     // of an element
  TileProgram program;  // of a derived map

  explicit Plan(const MapInfo& info) : position(declared_position(info)), arity(info.arity) {
    if (position == kDerived) program = lower(std::span(&info.body, 1), info.arity);
    for (const Expr node : nodes_of(std::span(&info.body, 1))) cost += cost_of(node.prim());
  }
};

// Plans are made once and kept. Each thread remembers those it has used.
const Plan& plan_of(const MapInfo& info) {
  thread_local std::unordered_map<const MapInfo*, const Plan*> seen;
  const Plan*& plan = seen[&info];
  if (plan == nullptr) {
    static std::mutex mutex;
    static auto* const plans = new std::unordered_map<const MapInfo*, std::unique_ptr<Plan>>();
    const std::scoped_lock lock(mutex);
    std::unique_ptr<Plan>& made = (*plans)[&info];
    if (made == nullptr) made = std::make_unique<Plan>(info);
    plan = made.get();
  }
  return *plan;
}

// --- running -------------------------------------------------------------------------------------

struct Call {
  const Plan& plan;
  const Layout& layout;
  std::span<const MapInput> inputs;
  DType out_dtype;
  std::byte* out;
  bool streamed;  // past the caches; the dtype is the kernel's
};

// Computes tiles [begin, end) on the calling thread.
template <class C>
void run_tiles(const Call& call, int64_t begin, int64_t end) {
  const Layout& layout = call.layout;
  const size_t tile = static_cast<size_t>(std::min(layout.tile, layout.elements));
  const bool native = call.out_dtype == dtype_of<C>();
  const ConvertFn store = converter(dtype_of<C>(), call.out_dtype);
  const size_t item = size_of(call.out_dtype);
  const std::unique_ptr<C[]> scratch(new C[tile * (call.inputs.size() + 1)]);
  std::vector<Feed<C>> feeds;
  feeds.reserve(call.inputs.size());
  for (int k = 0; k < layout.inputs; ++k) {
    feeds.emplace_back(call.inputs[k], layout, k, scratch.get() + tile * (k + 1));
  }
  const Body<C> kernel =
      call.plan.position == kDerived ? nullptr : kernel_table<C>().maps[call.plan.position];
  std::optional<TileRunner<C>> runner;
  if (kernel == nullptr) runner.emplace(call.plan.program, tile);
  std::vector<const C*> in(feeds.size());
  std::vector<const void*> next(feeds.size());
  for (int64_t t = begin; t < end; ++t) {
    const auto [start, n] = layout.range(t);
    for (int k = 0; k < layout.inputs; ++k) in[k] = feeds[k].tile(start, n);
    std::byte* const at = call.out + static_cast<size_t>(start) * item;
    C* const out = native && !call.streamed ? reinterpret_cast<C*>(at) : scratch.get();
    if (kernel != nullptr) {
      run_kernel(kernel, call.plan.arity, in.data(), out, static_cast<size_t>(n));
    } else {
      runner->run(in.data(), &out, static_cast<size_t>(n));
    }
    if (call.streamed) {
      for (int k = 0; k < layout.inputs; ++k) next[static_cast<size_t>(k)] = in[k] + n;
      stream_copy(at, out, static_cast<size_t>(n) * item, next);
    } else if (!native) {
      store(out, 1, at, n);
    }
  }
  if (call.streamed) stream_fence();
}

[[noreturn]] void throw_fault(Fault value) {
  if (value == Fault::division_by_zero) throw InvalidArgument("Integer division by zero");
  throw InvalidArgument("Integers to negative integer powers are not allowed");
}

constexpr int64_t kGrain = 1 << 15;  // cheap elements that are worth a thread

template <class C>
void run(const Call& call) {
  const int64_t grain = kGrain / std::max<int64_t>(call.plan.cost, 1);
  std::atomic<Fault> met = Fault::none;
  parallel_for(call.layout.tiles, std::max<int64_t>(grain / call.layout.tile, 1),
               [&](int64_t begin, int64_t end) {
                 fault = Fault::none;
                 run_tiles<C>(call, begin, end);
                 if (fault != Fault::none) met = fault;
               });
  if (met != Fault::none) throw_fault(met);
}

// Calls f with the C++ type in which a dtype is computed.
template <class F>
decltype(auto) dispatch_compute(DType compute, F&& f) {
  switch (compute) {
    case int32: return f(std::type_identity<int32_t>());
    case int64: return f(std::type_identity<int64_t>());
    case uint64: return f(std::type_identity<uint64_t>());
    case float64: return f(std::type_identity<double>());
    default: return f(std::type_identity<float>());
  }
}

// --- from tensors --------------------------------------------------------------------------------

constexpr int64_t kSmall = 256;

constexpr size_t kSmallOperands = kMaxOperands + 2;  // a gradient reads the output and g as well

// The runner of a derived map for few elements: each thread keeps those it has used.
template <class C>
TileRunner<C>& small_runner(const MapInfo& info) {
  thread_local std::unordered_map<const MapInfo*, TileRunner<C>> runners;
  const auto known = runners.find(&info);
  if (known != runners.end()) return known->second;
  return runners.try_emplace(&info, plan_of(info).program, kSmall).first->second;
}

// Whether one number stands for all elements: a scalar, or one that was broadcast.
bool repeats_one(const Tensor& x) {
  for (int d = 0; d < x.rank(); ++d) {
    if (x.dim(d) != 1 && x.strides()[d] != 0) return false;
  }
  return true;
}

// A few elements of the kernel's own type, some inputs perhaps one number: no layout, no tiles.
template <class C>
bool run_small(const KernelContext& c, size_t position, int64_t elements) {
  const Body<C> kernel = position == kDerived ? nullptr : kernel_table<C>().maps[position];
  if (position != kDerived && kernel == nullptr) return false;
  C splat[kSmallOperands][kSmall];
  const C* in[kSmallOperands];
  for (size_t k = 0; k < c.inputs.size(); ++k) {
    in[k] = c.in<C>(k);
    if (elements > 1 && repeats_one(c.inputs[k])) {
      std::fill_n(splat[k], elements, *in[k]);
      in[k] = splat[k];
    }
  }
  fault = Fault::none;
  C* const out = c.out<C>();
  if (kernel != nullptr) {
    run_kernel(kernel, static_cast<int>(c.inputs.size()), in, out, size_t(elements));
  } else {
    small_runner<C>(*c.op.map).run(in, &out, static_cast<size_t>(elements));
  }
  if (fault != Fault::none) throw_fault(fault);
  return true;
}

bool small(const KernelContext& c, DType compute, int64_t elements) {
  if (elements > kSmall || c.outputs[0].dtype() != compute) return false;
  if (c.inputs.size() > kSmallOperands) return false;
  for (const Tensor& x : c.inputs) {
    if (x.dtype() != compute) return false;
    if (!(x.contiguous() && x.elements() == elements) && !repeats_one(x)) return false;
  }
  return true;
}

Dims broadcast_strides(const Tensor& x, const Shape& shape) {
  Dims strides(shape.rank(), 0);
  const int missing = shape.rank() - x.rank();
  for (int d = 0; d < x.rank(); ++d) {
    if (x.dim(d) != 1) strides[d + missing] = x.strides()[d];
  }
  return strides;
}

void run_context(const KernelContext& c) {
  const Tensor& out = c.outputs[0];
  const int64_t elements = out.elements();
  const DType compute = compute_dtype(c.op, c.inputs[0].dtype(), out.dtype());
  if (small(c, compute, elements)) {
    const size_t position = declared_position(*c.op.map);
    const bool done = dispatch_compute(compute, [&]<class C>(std::type_identity<C>) {
      return run_small<C>(c, position, elements);
    });
    if (done) return;
  }
  std::vector<MapInput> inputs;
  inputs.reserve(c.inputs.size());
  for (const Tensor& x : c.inputs) {
    inputs.push_back({x.data(), x.dtype(), broadcast_strides(x, out.shape())});
  }
  run_map(*c.op.map, out.shape().dims(), inputs, compute, out.dtype(), c.out<std::byte>());
}

const RegisterMapKernel kernel(Backend::cpu, {.name = "simd", .run = run_context});

}  // namespace

void run_map(const MapInfo& info, const Dims& sizes, std::span<const MapInput> inputs,
             DType compute, DType out_dtype, void* out) {
  for (const int64_t size : sizes) {
    if (size == 0) return;
  }
  Layout layout(sizes, inputs);
  const size_t bytes = static_cast<size_t>(layout.elements) * size_of(out_dtype);
  const bool streamed = out_dtype == compute && bytes >= kStreamedBytes;
  if (!streamed && out_dtype == compute && layout.in_place(inputs, compute)) layout.cut(kLongTile);
  const Call call{plan_of(info), layout, inputs, out_dtype, static_cast<std::byte*>(out), streamed};
  dispatch_compute(compute, [&]<class C>(std::type_identity<C>) { run<C>(call); });
}

}  // namespace millstream::cpu
