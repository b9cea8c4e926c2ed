// argmax and argmin. The compiler vectorises the loops.
#include "millstream/ops/argmax.h"

#include "millstream/backend/cpu/lines.h"
#include "millstream/base/parallel.h"

namespace millstream::cpu {
namespace {

constexpr int64_t kGrain = 1 << 15;  // elements that are worth a thread
constexpr int64_t kBand = 512;       // lines that are searched together
constexpr int64_t kBlock = 4096;     // elements of a line that are searched before looking where

template <class T>
constexpr bool kHalf = std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>;

// What elements are compared as; all the small ones as float or int32_t.
template <class T>
using Value =
    std::conditional_t<kHalf<T>, float,
                       std::conditional_t<std::is_integral_v<T> && sizeof(T) < 4, int32_t, T>>;

// Whether a is nearer to the extreme than b, and what every element is at least as near as.
template <bool largest, class V>
struct Order {
  static bool better(V a, V b) { return largest ? a > b : a < b; }
  static constexpr V worst() {
    using Limits = std::numeric_limits<V>;
    if (largest) return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    return Limits::has_infinity ? Limits::infinity() : Limits::max();
  }
};

template <bool largest, class T>
Value<T> best_of(const T* x, int64_t n) {
  using V = Value<T>;
  using O = Order<largest, V>;
  constexpr int64_t kLanes = 128 / sizeof(V);
  V best[kLanes];
  for (V& value : best) value = O::worst();
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int64_t k = 0; k < kLanes; ++k) {
      const V value = static_cast<V>(x[i + k]);
      best[k] = O::better(value, best[k]) ? value : best[k];
    }
  }
  for (; i < n; ++i) {
    const V value = static_cast<V>(x[i]);
    best[0] = O::better(value, best[0]) ? value : best[0];
  }
  for (const V& value : best) best[0] = O::better(value, best[0]) ? value : best[0];
  return best[0];
}

// In a line of adjacent elements.
template <bool largest, class T>
int64_t position(const T* x, int64_t n) {
  using V = Value<T>;
  V best = Order<largest, V>::worst();
  int64_t at = 0;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t size = std::min(kBlock, n - begin);
    const V value = best_of<largest>(x + begin, size);
    if (!Order<largest, V>::better(value, best)) continue;
    best = value;
    at = begin;
    while (static_cast<V>(x[at]) != value) ++at;
  }
  return at;
}

// In `width` neighbouring lines.
template <bool largest, class T>
void positions(const T* x, int64_t stride, int64_t n, int64_t width, int64_t* out) {
  using V = Value<T>;
  using Index = std::conditional_t<sizeof(V) == 8, int64_t, int32_t>;
  V best[kBand];
  Index at[kBand];
  std::fill_n(best, width, Order<largest, V>::worst());
  std::fill_n(at, width, Index{0});
  for (int64_t i = 0; i < n; ++i) {
    const T* __restrict row = x + i * stride;
    for (int64_t j = 0; j < width; ++j) {
      const V value = static_cast<V>(row[j]);
      const bool better = Order<largest, V>::better(value, best[j]);
      best[j] = better ? value : best[j];
      at[j] = better ? static_cast<Index>(i) : at[j];
    }
  }
  std::copy_n(at, width, out);
}

void store(const int64_t* from, int64_t n, DType dtype, std::byte* to, int64_t at) {
  const auto as = [&]<class Out>(Out* out) {
    for (int64_t j = 0; j < n; ++j) out[at + j] = static_cast<Out>(from[j]);
  };
  if (dtype == int64) return as(reinterpret_cast<int64_t*>(to));
  if (dtype == int32) return as(reinterpret_cast<int32_t*>(to));
  as(reinterpret_cast<uint16_t*>(to));  // and int16
}

template <bool largest, class T>
void search(const KernelContext& c) {
  const Lines lines(c.inputs[0].shape(), c.attrs.none(0) ? 0 : c.attrs.integer(0));
  if (lines.elements() == 0) return;
  const T* x = c.in<T>(0);
  const int64_t bands = (lines.inner + kBand - 1) / kBand;
  const int64_t size = lines.size * std::min(lines.inner, kBand);
  parallel_for(lines.outer * bands, kGrain / size, [&](int64_t begin, int64_t end) {
    int64_t found[kBand];
    for (int64_t i = begin; i < end; ++i) {
      const int64_t line = i / bands, first = i % bands * kBand;
      const int64_t width = std::min(kBand, lines.inner - first);
      const T* from = x + line * lines.size * lines.inner + first;
      if (lines.inner == 1) {
        found[0] = position<largest>(from, lines.size);
      } else {
        positions<largest>(from, lines.inner, lines.size, width, found);
      }
      store(found, width, c.outputs[0].dtype(), c.out<std::byte>(), line * lines.inner + first);
    }
  });
}

template <bool largest>
void run(const KernelContext& c) {
  dispatch(c.inputs[0].dtype(), [&]<class T>(std::type_identity<T>) { search<largest, T>(c); });
}

const RegisterKernel argmax(op::argmax, Backend::cpu, {.name = "search", .run = run<true>});
const RegisterKernel argmin(op::argmin, Backend::cpu, {.name = "search", .run = run<false>});

}  // namespace
}  // namespace millstream::cpu
