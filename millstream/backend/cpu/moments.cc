// Mean and variance in one pass over the tensor: each block of elements, in a near cache, gives a
// mean and the sum of squared distances from it, and two such results make one (Chan, Golub and
// LeVeque), so that nothing cancels.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "millstream/backend/cpu/moments.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "millstream/backend/cpu/fold_driver.h"
#include "millstream/ops/reduce.h"

HWY_BEFORE_NAMESPACE();
namespace millstream::cpu::HWY_NAMESPACE {
namespace {

template <class C>
bool finite(C x) {
  return x - x == 0;
}

// Sums of C in independent partial results.
template <class C>
struct Lanes {
  static constexpr int64_t kLanes = 128 / sizeof(C);
  C sums[kLanes] = {};

  C total() {
    for (int64_t half = kLanes / 2; half > 0; half /= 2) {
      for (int64_t k = 0; k < half; ++k) sums[k] += sums[k + half];
    }
    return sums[0];
  }
};

// Plane 0 of a state is the mean, plane 1 the sum of squared distances from it.
template <class C>
struct Moments {
  static void run(const void* elements, int64_t n, const FoldState& s) {
    constexpr int64_t kLanes = Lanes<C>::kLanes;
    const C* x = static_cast<const C*>(elements);
    const int64_t whole = n / kLanes * kLanes;
    Lanes<C> sum, rest, squares;
    for (int64_t i = 0; i < whole; i += kLanes) {
      for (int64_t k = 0; k < kLanes; ++k) sum.sums[k] += x[i + k];
    }
    for (int64_t i = whole; i < n; ++i) sum.sums[i - whole] += x[i];
    const C count = static_cast<C>(n), mean = sum.total() / count;
    const auto distance = [&](int64_t i, int64_t k) {
      const C d = x[i] - mean;
      rest.sums[k] += d;
      squares.sums[k] += d * d;
    };
    for (int64_t i = 0; i < whole; i += kLanes) {
      for (int64_t k = 0; k < kLanes; ++k) distance(i + k, k);
    }
    for (int64_t i = whole; i < n; ++i) distance(i, i - whole);
    store(mean, rest.total(), squares.total(), count, s.plane<C>(0), s.plane<C>(1));
  }

  static void rows(const void* elements, int64_t stride, int64_t n, int64_t width,
                   const FoldState& s) {
    constexpr int64_t kAtOnce = 16;
    const C* x = static_cast<const C*>(elements);
    few_rows(x, stride, std::min(kAtOnce, n), width, s);
    FoldState so_far = s;
    so_far.n = kAtOnce;
    for (int64_t r = kAtOnce; r < n; r += kAtOnce, so_far.n += kAtOnce) {
      C more[2 * kFoldTile];
      const FoldState next{more, kFoldTile, std::min(kAtOnce, n - r)};
      few_rows(x + r * stride, stride, next.n, width, next);
      merge(so_far, next, width);
    }
  }

  static void few_rows(const C* x, int64_t stride, int64_t n, int64_t width, const FoldState& s) {
    C *HWY_RESTRICT means = s.plane<C>(0), *HWY_RESTRICT squares = s.plane<C>(1);
    C rests[kFoldTile];
    const C count = static_cast<C>(n);
    std::fill_n(means, width, C(0));
    std::fill_n(squares, width, C(0));
    std::fill_n(rests, width, C(0));
    for (int64_t r = 0; r < n; ++r) {
      const C* HWY_RESTRICT row = x + r * stride;
      for (int64_t j = 0; j < width; ++j) means[j] += row[j];
    }
    for (int64_t j = 0; j < width; ++j) means[j] /= count;
    for (int64_t r = 0; r < n; ++r) {
      const C* HWY_RESTRICT row = x + r * stride;
      for (int64_t j = 0; j < width; ++j) {
        const C d = row[j] - means[j];
        rests[j] += d;
        squares[j] += d * d;
      }
    }
    for (int64_t j = 0; j < width; ++j) {
      store(means[j], rests[j], squares[j], count, means + j, squares + j);
    }
  }

  // Corrects a mean by what rounding left of the distances from it.
  static void store(C mean, C rest, C squares, C count, C* to_mean, C* to_squares) {
    const C correction = finite(rest) ? rest / count : C(0);
    *to_mean = mean + correction;
    *to_squares = std::max(squares - rest * correction, C(0));
  }

  static void merge(const FoldState& a, const FoldState& b, int64_t width) {
    C *HWY_RESTRICT mean = a.plane<C>(0), *HWY_RESTRICT squares = a.plane<C>(1);
    const C *HWY_RESTRICT mean_b = b.plane<C>(0), *HWY_RESTRICT squares_b = b.plane<C>(1);
    const C share_b = static_cast<C>(b.n) / static_cast<C>(a.n + b.n);
    const C share_a = 1 - share_b, weight = static_cast<C>(a.n) * share_b;
    for (int64_t j = 0; j < width; ++j) {
      const C d = mean_b[j] - mean[j];
      mean[j] = finite(d) ? mean[j] + d * share_b : mean[j] * share_a + mean_b[j] * share_b;
      squares[j] += squares_b[j] + d * d * weight;
    }
  }
};

template <class T, class C>
void load(const void* from, int64_t n, void* to) {
  for (int64_t i = 0; i < n; ++i) static_cast<C*>(to)[i] = static_cast<const T*>(from)[i];
}

template <class T, class C>
void finish(const FoldState& s, int64_t width, const KernelContext& c, int64_t at) {
  for (int64_t j = 0; j < width; ++j) {
    c.out<T>(0)[at + j] = static_cast<T>(s.plane<C>(0)[j]);
    c.out<T>(1)[at + j] = static_cast<T>(s.plane<C>(1)[j] / static_cast<C>(s.n));
  }
}

template <class T, class C>
void run(const KernelContext& c) {
  const FoldKernel kernel = {.stored = sizeof(T),
                             .element = sizeof(C),
                             .carry = sizeof(C),
                             .planes = 2,
                             .load = std::is_same_v<T, C> ? nullptr : load<T, C>,
                             .run = Moments<C>::run,
                             .rows = Moments<C>::rows,
                             .merge = Moments<C>::merge,
                             .finish = finish<T, C>};
  const C start[2] = {std::numeric_limits<C>::quiet_NaN(), 0};
  run_fold(kernel, c, start);
}

}  // namespace

void fold_moments(const KernelContext& c) {
  switch (c.inputs[0].dtype()) {
    case float16: return run<float16_t, float>(c);
    case bfloat16: return run<bfloat16_t, float>(c);
    case float64: return run<double, double>(c);
    default: return run<float, float>(c);
  }
}

}  // namespace millstream::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millstream::cpu {
namespace {

HWY_EXPORT(fold_moments);

void run_moments(const KernelContext& c) { HWY_DYNAMIC_DISPATCH(fold_moments)(c); }

const RegisterKernel moments(op::mean_and_variance, Backend::cpu,
                             {.name = "fold", .run = run_moments});

}  // namespace
}  // namespace millstream::cpu
#endif
