#include "millstream/ops/scan.h"

#include <cmath>

#include "millstream/backend/cpu/lines.h"
#include "millstream/base/parallel.h"

namespace millstream::cpu {
namespace {

template <class T>
constexpr bool kHalf = std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>;

// Half types are carried as float, integers unsigned so that they may wrap around.
template <class T>
using Carry =
    std::conditional_t<std::is_integral_v<T>, uint64_t, std::conditional_t<kHalf<T>, float, T>>;

struct Sum {
  static constexpr double kStart = 0;
  template <class C>
  static C step(C before, C x) {
    return before + x;
  }
};

struct Product {
  static constexpr double kStart = 1;
  template <class C>
  static C step(C before, C x) {
    return before * x;
  }
};

struct LogSumExp {
  static constexpr double kStart = -std::numeric_limits<double>::infinity();
  template <class C>
  static C step(C before, C x) {
    if (before == x) return x + C(M_LN2);  // infinities included
    const C larger = std::max(before, x);
    return std::isnan(before) ? before
                              : larger + std::log1p(std::exp(std::min(before, x) - larger));
  }
};

// y[i] = a[i] * y[i - 1] + b[i]
struct Recurrence {
  static constexpr double kStart = 0;
  template <class C>
  static C step(C before, C a, C b) {
    return a * before + b;
  }
};

constexpr int64_t kBand = 256;       // lines that are scanned together
constexpr int64_t kGrain = 1 << 15;  // elements

// Scans lines [first, first + width) of one outer index, of which `at` is the first element.
template <class S, class T, class... In>
void scan_band(const Lines& lines, int64_t at, int64_t width, const ScanOptions& o, T* out,
               const In*... in) {
  using C = Carry<T>;
  C carry[kBand];
  std::fill_n(carry, width, static_cast<C>(S::kStart));
  const int64_t step = o.reverse ? -lines.inner : lines.inner;
  if (o.reverse) at += (lines.size - 1) * lines.inner;
  for (int64_t i = 0; i < lines.size; ++i, at += step) {
    for (int64_t j = 0; j < width; ++j) {
      const C next = S::step(carry[j], static_cast<C>(in[at + j])...);
      out[at + j] = static_cast<T>(o.exclusive ? carry[j] : next);
      carry[j] = next;
    }
  }
}

template <class S, class T, class... In>
void scan(const KernelContext& c, const In*... in) {
  const ScanOptions options = {
      .axis = c.attrs.integer(0), .exclusive = c.attrs.flag(1), .reverse = c.attrs.flag(2)};
  const Lines lines(c.outputs[0].shape(), options.axis);
  if (lines.elements() == 0) return;
  const int64_t bands = (lines.inner + kBand - 1) / kBand;
  const int64_t size = lines.size * std::min(lines.inner, kBand);
  parallel_for(lines.outer * bands, kGrain / size, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t line = i % bands * kBand;
      scan_band<S>(lines, i / bands * lines.size * lines.inner + line,
                   std::min(kBand, lines.inner - line), options, c.out<T>(), in...);
    }
  });
}

template <class S>
void run(const KernelContext& c) {
  dispatch(c.outputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    constexpr bool real = std::is_floating_point_v<T> || kHalf<T>;
    if constexpr (std::is_same_v<S, Recurrence>) {
      if constexpr (real) scan<S, T>(c, c.in<T>(0), c.in<T>(1));
    } else if constexpr (real || (!std::is_same_v<S, LogSumExp> && !std::is_same_v<T, bool>)) {
      scan<S, T>(c, c.in<T>(0));
    }
  });
}

const RegisterKernel cumsum(op::cumsum, Backend::cpu, {.name = "scan", .run = run<Sum>});
const RegisterKernel cumprod(op::cumprod, Backend::cpu, {.name = "scan", .run = run<Product>});
const RegisterKernel cumulative_logsumexp(op::cumulative_logsumexp, Backend::cpu,
                                          {.name = "scan", .run = run<LogSumExp>});
const RegisterKernel linear_recurrence(op::linear_recurrence, Backend::cpu,
                                       {.name = "scan", .run = run<Recurrence>});

}  // namespace
}  // namespace millstream::cpu
