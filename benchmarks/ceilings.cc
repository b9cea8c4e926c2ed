#include "benchmarks/ceilings.h"

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "millstream/base/parallel.h"

// This file is compiled for the machine that it runs on.
namespace millstream::bench {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using V = hn::Vec<hn::ScalableTag<float>>;

constexpr hn::ScalableTag<float> kLanes;
constexpr int kSamples = 9;

// Samples of work / 1e9 per second, of f(begin, end) over shares of [0, n).
template <class F>
std::vector<double> sample(int64_t n, double work, const F& f) {
  std::vector<double> samples;
  for (int i = 0; i < kSamples; ++i) {
    const auto start = std::chrono::steady_clock::now();
    parallel_for(n, 1, f);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    samples.push_back(work / 1e9 / taken.count());
  }
  return samples;
}

// Twelve sums that wait for nothing but themselves keep two units busy for six cycles.
float multiply_and_add(int64_t rounds) {
  const V factor = hn::Set(kLanes, 0.999f), term = hn::Set(kLanes, 1e-3f);
  // Sums that start alike would be one sum to the compiler.
  V a = hn::Iota(kLanes, 0), b = a + term, c = b + term, d = c + term, e = d + term, f = e + term;
  V g = f + term, h = g + term, i = h + term, j = i + term, k = j + term, l = k + term;
  for (int64_t round = 0; round < rounds; ++round) {
    a = hn::MulAdd(a, factor, term), b = hn::MulAdd(b, factor, term);
    c = hn::MulAdd(c, factor, term), d = hn::MulAdd(d, factor, term);
    e = hn::MulAdd(e, factor, term), f = hn::MulAdd(f, factor, term);
    g = hn::MulAdd(g, factor, term), h = hn::MulAdd(h, factor, term);
    i = hn::MulAdd(i, factor, term), j = hn::MulAdd(j, factor, term);
    k = hn::MulAdd(k, factor, term), l = hn::MulAdd(l, factor, term);
  }
  const V sum = a + b + c + d + e + f + g + h + i + j + k + l;
  return hn::GetLane(sum);
}

std::vector<double> arithmetic() {
  constexpr int64_t kRounds = 4'000'000;
  const int64_t threads = thread_count();
  const double work = static_cast<double>(threads * kRounds * 12 * 2) * hn::Lanes(kLanes);
  volatile float sink;
  return sample(threads, work, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) sink = multiply_and_add(kRounds);
  });
}

// Three arrays beyond the caches. Memory is touched by the threads that use it.
class Arrays {
 public:
  static constexpr int64_t kSize = 1 << 25;

  Arrays() {
    for (auto& array : arrays_) array.reset(new (std::align_val_t(64)) float[kSize]);
    parallel_for(kSize, kBlock, [&](int64_t begin, int64_t end) {
      for (auto& array : arrays_) std::fill(array.get() + begin, array.get() + end, 1.f);
    });
  }

  std::vector<Ceiling> measure() const {
    const V three = hn::Set(kLanes, 3.f);
    const auto copy = [=](const float* x, const float*) { return hn::Load(kLanes, x) * three; };
    const auto triad = [=](const float* x, const float* y) {
      return hn::MulAdd(hn::Load(kLanes, y), three, hn::Load(kLanes, x));
    };
    const auto cached = [](V v, float* to) { hn::Store(v, kLanes, to); };
    const auto streamed = [](V v, float* to) { hn::Stream(v, kLanes, to); };
    return {{"read", Bound::reading, "GB/s", read()},
            {"copy", Bound::copying, "GB/s", write(8, copy, cached)},
            {"copy_streamed", Bound::copying, "GB/s", write(8, copy, streamed)},
            {"triad", Bound::copying, "GB/s", write(12, triad, cached)},
            {"triad_streamed", Bound::copying, "GB/s", write(12, triad, streamed)}};
  }

 private:
  // Shares begin at multiples of a block, which is a multiple of any register.
  static constexpr int64_t kBlock = 1 << 12;
  struct Aligned {
    void operator()(float* p) const { ::operator delete[](p, std::align_val_t(64)); }
  };

  std::vector<double> read() const {
    volatile float sink;
    return sample(kSize / kBlock, 4.0 * kSize, [&](int64_t begin, int64_t end) {
      const int64_t step = static_cast<int64_t>(hn::Lanes(kLanes));
      V a = hn::Zero(kLanes), b = a, c = a, d = a;
      const float* const last = arrays_[1].get() + end * kBlock;
      for (const float* x = arrays_[1].get() + begin * kBlock; x < last; x += 4 * step) {
        a += hn::Load(kLanes, x), b += hn::Load(kLanes, x + step);
        c += hn::Load(kLanes, x + 2 * step), d += hn::Load(kLanes, x + 3 * step);
      }
      sink = hn::GetLane(a + b + c + d);
    });
  }

  template <class F, class Store>
  std::vector<double> write(double bytes, const F& f, const Store& store) const {
    return sample(kSize / kBlock, bytes * kSize, [&](int64_t begin, int64_t end) {
      const int64_t step = static_cast<int64_t>(hn::Lanes(kLanes));
      float* const to = arrays_[0].get();
      const float *const x = arrays_[1].get(), *const y = arrays_[2].get();
      for (int64_t i = begin * kBlock; i < end * kBlock; i += step) store(f(x + i, y + i), to + i);
      hwy::FlushStream();
    });
  }

  std::unique_ptr<float[], Aligned> arrays_[3];
};

}  // namespace

std::vector<Ceiling> measure_ceilings() {
  std::vector<Ceiling> ceilings = Arrays().measure();
  ceilings.push_back({"fma_f32", Bound::arithmetic, "GFLOP/s", arithmetic()});
  return ceilings;
}

double highest(const std::vector<Ceiling>& ceilings, Bound bound) {
  double best = 0;
  for (const Ceiling& ceiling : ceilings) {
    if (ceiling.bound != bound) continue;
    best = std::max(best, *std::max_element(ceiling.samples.begin(), ceiling.samples.end()));
  }
  return best;
}

}  // namespace millstream::bench
