// Pooling of NHWC images: registers run over channels, which lie side by side.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "millstream/backend/cpu/pool.cc"
#include "millstream/ops/pool.h"

#include <algorithm>

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "millstream/backend/cpu/copy.h"
#include "millstream/base/parallel.h"
#include "millstream/ops/map.h"

#ifndef MILLSTREAM_BACKEND_CPU_POOL_CC
#define MILLSTREAM_BACKEND_CPU_POOL_CC
namespace millstream::cpu {

enum class PoolPart : uint8_t { maximum, place, pick, mean, spread };

// One call, on numbers of one type; those that the part does not read are nullptr.
struct PoolCall {
  PoolPart part;
  const PoolWindows& windows;
  const void *image, *pooled, *values;
  void* out;
};

}  // namespace millstream::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace millstream::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int64_t kGrain = 1 << 15;  // elements that are worth a thread

// The part of a window that lies in the image, for some adjacent channels.
struct Window {
  int64_t pooled, image;  // first element of each
  int64_t rows, columns;
};

template <class D, class F>
HWY_INLINE void over_channels(D d, int64_t& k, int64_t channels, Window window, const F& f) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (; k + lanes <= channels; k += lanes) {
    f(d, Window{window.pooled + k, window.image + k, window.rows, window.columns});
  }
}

// Calls f(tag, window) for all windows of row `i` of the pooled image `n`.
template <class T, class F>
HWY_INLINE void each_window(const PoolWindows& w, int64_t n, int64_t i, const F& f) {
  const int64_t top = w.height.begin(i);
  for (int64_t j = 0; j < w.width.outputs; ++j) {
    const int64_t left = w.width.begin(j);
    const Window window{((n * w.height.outputs + i) * w.width.outputs + j) * w.channels,
                        ((n * w.height.size + top) * w.width.size + left) * w.channels,
                        w.height.end(i) - top, w.width.end(j) - left};
    int64_t k = 0;
    over_channels(hn::ScalableTag<T>(), k, w.channels, window, f);
    over_channels(hn::CappedTag<T, 4>(), k, w.channels, window, f);
    over_channels(hn::CappedTag<T, 1>(), k, w.channels, window, f);
  }
}

// Calls f(element) for the pixels of a window.
template <class F>
HWY_INLINE void each_pixel(const PoolWindows& w, const Window& window, const F& f) {
  int64_t row = window.image;
  for (int64_t r = 0; r < window.rows; ++r, row += w.width.size * w.channels) {
    for (int64_t s = 0; s < window.columns; ++s) f(row + s * w.channels);
  }
}

// f for the windows of all images, in parallel.
template <class T, class F>
void for_pooled(const PoolWindows& w, const F& f) {
  const int64_t work = w.height.window * w.width.size * w.channels;
  parallel_for(w.batch * w.height.outputs, kGrain / std::max<int64_t>(work, 1) + 1,
               [&](int64_t begin, int64_t end) {
                 for (int64_t row = begin; row < end; ++row) {
                   each_window<T>(w, row / w.height.outputs, row % w.height.outputs, f);
                 }
               });
}

// The same for an f that adds to the pixels of its window in `image`, which is set to 0 before.
template <class T, class F>
void for_images(const PoolWindows& w, T* image, const F& f) {
  const int64_t row = w.width.size * w.channels, size = w.height.size * row;
  parallel_for(w.batch, kGrain / std::max<int64_t>(size, 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      int64_t clean = 0;  // rows that have been set
      const auto clear = [&](int64_t rows) {
        if (rows <= clean) return;
        std::fill(image + n * size + clean * row, image + n * size + rows * row, T(0));
        clean = rows;
      };
      for (int64_t i = 0; i < w.height.outputs; ++i) {
        clear(w.height.end(i));
        each_window<T>(w, n, i, f);
      }
      clear(w.height.size);
    }
  });
}

// Whether each pixel lies in exactly one window.
bool tiled(const PoolWindows& w) {
  const auto tiled = [](const PoolWindows::Axis& a) {
    return a.window == a.stride && a.outputs * a.stride - a.pad >= a.size;
  };
  return tiled(w.height) && tiled(w.width);
}

// Writes an image that is the sum of what f(tag, window, put) puts: put(element, number).
template <class T, class F>
void scatter(const PoolWindows& w, T* out, const F& f) {
  if (tiled(w)) {
    for_pooled<T>(w, [&](auto d, const Window& window) HWY_ATTR {
      f(d, window, [&](int64_t to, auto number) HWY_ATTR { hn::StoreU(number, d, out + to); });
    });
  } else {
    for_images<T>(w, out, [&](auto d, const Window& window) HWY_ATTR {
      f(d, window, [&](int64_t to, auto number) HWY_ATTR {
        hn::StoreU(hn::Add(hn::LoadU(d, out + to), number), d, out + to);
      });
    });
  }
}

template <class V>
HWY_INLINE auto is_nan(V x) {
  return hn::Not(hn::Eq(x, x));
}

// NaN is contagious.
template <class T>
void max_pool(const PoolWindows& w, const T* image, T* out) {
  for_pooled<T>(w, [&](auto d, const Window& window) HWY_ATTR {
    auto best = hn::LoadU(d, image + window.image);
    each_pixel(w, window, [&](int64_t at) HWY_ATTR {
      const auto x = hn::LoadU(d, image + at);
      if constexpr (std::is_floating_point_v<T>) {
        best = hn::IfThenElse(hn::Or(hn::Lt(best, x), is_nan(x)), x, best);
      } else {
        best = hn::Max(best, x);
      }
    });
    hn::StoreU(best, d, out + window.pooled);
  });
}

// Calls take(element, hit) for the pixels of a window: hit where the first maximum is.
template <class T, class D, class F>
HWY_INLINE void each_maximum(D d, const PoolWindows& w, const Window& window, const PoolCall& c,
                             const F& take) {
  const T* image = static_cast<const T*>(c.image);
  const auto best = hn::LoadU(d, static_cast<const T*>(c.pooled) + window.pooled);
  auto closed = hn::FirstN(d, 0);
  each_pixel(w, window, [&](int64_t at) HWY_ATTR {
    const auto x = hn::LoadU(d, image + at);
    auto equal = hn::Eq(x, best);
    if constexpr (std::is_floating_point_v<T>) equal = hn::Or(equal, is_nan(x));
    take(at, hn::AndNot(closed, equal));
    closed = hn::Or(closed, equal);
  });
}

template <class T>
void place(const PoolCall& c) {
  const T* values = static_cast<const T*>(c.values);
  scatter(c.windows, static_cast<T*>(c.out), [&](auto d, const Window& window, auto put) HWY_ATTR {
    const auto value = hn::LoadU(d, values + window.pooled);
    each_maximum<T>(d, c.windows, window, c, [&](int64_t to, auto hit) HWY_ATTR {
      put(to, hn::IfThenElseZero(hit, value));
    });
  });
}

template <class T>
void pick(const PoolCall& c) {
  const T* values = static_cast<const T*>(c.values);
  for_pooled<T>(c.windows, [&](auto d, const Window& window) HWY_ATTR {
    auto picked = hn::Zero(d);
    each_maximum<T>(d, c.windows, window, c, [&](int64_t from, auto hit) HWY_ATTR {
      picked = hn::IfThenElse(hit, hn::LoadU(d, values + from), picked);
    });
    hn::StoreU(picked, d, static_cast<T*>(c.out) + window.pooled);
  });
}

template <class D>
HWY_INLINE auto count_of(D d, const Window& window) {
  return hn::Set(d, static_cast<hn::TFromD<D>>(window.rows * window.columns));
}

template <class T>
void average(const PoolWindows& w, const T* image, T* out) {
  for_pooled<T>(w, [&](auto d, const Window& window) HWY_ATTR {
    auto sum = hn::Zero(d);
    each_pixel(w, window,
               [&](int64_t at) HWY_ATTR { sum = hn::Add(sum, hn::LoadU(d, image + at)); });
    hn::StoreU(hn::Div(sum, count_of(d, window)), d, out + window.pooled);
  });
}

template <class T>
void spread(const PoolWindows& w, const T* pooled, T* out) {
  scatter(w, out, [&](auto d, const Window& window, auto put) HWY_ATTR {
    const auto share = hn::Div(hn::LoadU(d, pooled + window.pooled), count_of(d, window));
    each_pixel(w, window, [&](int64_t to) HWY_ATTR { put(to, share); });
  });
}

template <class T>
void run(const PoolCall& c) {
  const auto* image = static_cast<const T*>(c.image);
  T* out = static_cast<T*>(c.out);
  switch (c.part) {
    case PoolPart::maximum: return max_pool(c.windows, image, out);
    case PoolPart::place: return place<T>(c);
    case PoolPart::pick: return pick<T>(c);
    default: break;
  }
  if constexpr (std::is_floating_point_v<T>) {
    if (c.part == PoolPart::mean) return average(c.windows, image, out);
    spread(c.windows, static_cast<const T*>(c.pooled), out);
  }
}

}  // namespace

void pool_f32(const PoolCall& c) { run<float>(c); }
void pool_f64(const PoolCall& c) { run<double>(c); }
void pool_i32(const PoolCall& c) { run<int32_t>(c); }
void pool_i64(const PoolCall& c) { run<int64_t>(c); }
void pool_u64(const PoolCall& c) { run<uint64_t>(c); }

}  // namespace millstream::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millstream::cpu {
namespace {

HWY_EXPORT(pool_f32);
HWY_EXPORT(pool_f64);
HWY_EXPORT(pool_i32);
HWY_EXPORT(pool_i64);
HWY_EXPORT(pool_u64);

void pool(DType compute, const PoolCall& c) {
  switch (compute) {
    case float64: return HWY_DYNAMIC_DISPATCH(pool_f64)(c);
    case int32: return HWY_DYNAMIC_DISPATCH(pool_i32)(c);
    case int64: return HWY_DYNAMIC_DISPATCH(pool_i64)(c);
    case uint64: return HWY_DYNAMIC_DISPATCH(pool_u64)(c);
    default: return HWY_DYNAMIC_DISPATCH(pool_f32)(c);
  }
}

// The inputs are the image, the pooled image and the values, as far as a part reads them.
template <PoolPart part>
void run_pool(const KernelContext& c) {
  const Tensor& out = c.outputs[0];
  const bool from_image = part != PoolPart::spread;
  const Shape& image = from_image ? c.inputs[0].shape() : out.shape();
  const Shape& pooled = !from_image           ? c.inputs[0].shape()
                        : c.inputs.size() > 1 ? c.inputs[1].shape()
                                              : out.shape();
  const PoolWindows windows(image, pooled, c.attrs);
  const DType compute = compute_dtype(out.dtype());
  Tensors in;
  for (const Tensor& x : c.inputs) in.push_back(in_dtype(x, compute));
  const Tensor result =
      compute == out.dtype() ? out : Tensor::empty(compute, out.shape(), out.device());
  const auto data = [&](size_t i) { return i < in.size() ? in[i].data() : nullptr; };
  pool(compute, {.part = part,
                 .windows = windows,
                 .image = from_image ? data(0) : nullptr,
                 .pooled = from_image ? data(1) : data(0),
                 .values = data(2),
                 .out = result.node()->data});
  if (compute != out.dtype()) copy_elements(result, out.dtype(), out.node()->data);
}

const RegisterKernel maximum(op::max_pool, Backend::cpu,
                             {.name = "windows", .run = run_pool<PoolPart::maximum>});
const RegisterKernel place(op::max_pool_place, Backend::cpu,
                           {.name = "windows", .run = run_pool<PoolPart::place>});
const RegisterKernel pick(op::max_pool_pick, Backend::cpu,
                          {.name = "windows", .run = run_pool<PoolPart::pick>});
const RegisterKernel mean(op::avg_pool, Backend::cpu,
                          {.name = "windows", .run = run_pool<PoolPart::mean>});
const RegisterKernel spreading(op::avg_pool_spread, Backend::cpu,
                               {.name = "windows", .run = run_pool<PoolPart::spread>});

}  // namespace
}  // namespace millstream::cpu
#endif
