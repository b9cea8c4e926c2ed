// Kernels that take a tensor row by row: each row comes from memory once and stays in the nearest
// cache, however often the kernel goes over it. Included once per SIMD target.
#if defined(MILLSTREAM_BACKEND_CPU_ROWS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MILLSTREAM_BACKEND_CPU_ROWS_INL_H
#undef MILLSTREAM_BACKEND_CPU_ROWS_INL_H
#else
#define MILLSTREAM_BACKEND_CPU_ROWS_INL_H
#endif

#include <array>
#include <vector>

#include "millstream/backend/cpu/lines.h"
#include "millstream/backend/cpu/vec-inl.h"
#include "millstream/base/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace millstream::HWY_NAMESPACE {
namespace rows {

constexpr int64_t kGrain = 1 << 13;  // elements that are worth a thread

// The type in which a row of T is computed.
template <class T>
using Computed = std::conditional_t<std::is_same_v<T, double>, double, float>;

template <class C>
int64_t lanes_of() {
  return static_cast<int64_t>(hn::Lanes(Tag<C>()));
}

// A register's worth of a row: all lanes, or the first `count` at its end.
template <class C, bool whole>
struct Part {
  using V = Register<C>;
  static constexpr size_t kMost = HWY_MAX_BYTES / sizeof(C);
  static constexpr bool kMasks = HWY_TARGET <= HWY_AVX2;  // memory outside of a mask is left alone
  int64_t at, count;

  HWY_INLINE auto mask() const { return hn::FirstN(Tag<C>(), static_cast<size_t>(count)); }

  // Lanes past the row hold `rest`.
  HWY_INLINE V load(const C* x, C rest = 0) const {
    const Tag<C> d;
    if constexpr (whole) {
      return hn::LoadU(d, x + at);
    } else if constexpr (kMasks) {
      return hn::IfThenElse(mask(), hn::MaskedLoad(mask(), d, x + at), hn::Set(d, rest));
    } else {
      alignas(64) C lanes[kMost];
      std::fill(lanes, lanes + kMost, rest);
      std::copy_n(x + at, count, lanes);
      return hn::Load(d, lanes);
    }
  }
  HWY_INLINE void store(V value, C* to) const {
    const Tag<C> d;
    if constexpr (whole) {
      hn::StoreU(value, d, to + at);
    } else if constexpr (kMasks) {
      hn::BlendedStore(value, mask(), d, to + at);
    } else {
      alignas(64) C lanes[kMost];
      hn::Store(value, d, lanes);
      std::copy_n(lanes, count, to + at);
    }
  }
  // Zero past the row.
  HWY_INLINE V only(V value) const {
    if constexpr (whole) return value;
    return hn::IfThenElseZero(mask(), value);
  }
};

// Calls f(part) for the parts of a row of n numbers.
template <class C, class F>
HWY_INLINE void each_part(int64_t n, const F& f) {
  const int64_t lanes = lanes_of<C>();
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) f(Part<C, true>{i, lanes});
  if (i < n) f(Part<C, false>{i, n - i});
}

// The sums over a row of the registers in the array that f(part) returns; independent partial sums
// keep the adders busy.
template <class C, class F>
HWY_INLINE auto sums(int64_t n, const F& f) {
  const Tag<C> d;
  const int64_t lanes = lanes_of<C>();
  constexpr int kChains = 4;
  constexpr size_t kSums = std::tuple_size_v<decltype(f(Part<C, true>{0, 0}))>;
  Register<C> partial[kChains][kSums];
  for (auto& chain : partial) std::fill_n(chain, kSums, hn::Zero(d));
  const auto add = [&](int chain, const auto& values) {
    for (size_t k = 0; k < kSums; ++k) partial[chain][k] = hn::Add(partial[chain][k], values[k]);
  };
  int64_t i = 0;
  for (; i + kChains * lanes <= n; i += kChains * lanes) {
#pragma GCC unroll 4
    for (int chain = 0; chain < kChains; ++chain) {
      add(chain, f(Part<C, true>{i + chain * lanes, lanes}));
    }
  }
  for (; i + lanes <= n; i += lanes) add(0, f(Part<C, true>{i, lanes}));
  if (i < n) {
    const Part<C, false> last{i, n - i};
    auto values = f(last);
    for (auto& value : values) value = last.only(value);
    add(1, values);
  }
  std::array<C, kSums> result;
  for (size_t k = 0; k < kSums; ++k) {
    const auto total =
        hn::Add(hn::Add(partial[0][k], partial[1][k]), hn::Add(partial[2][k], partial[3][k]));
    result[k] = hn::GetLane(hn::SumOfLanes(d, total));
  }
  return result;
}

// Calls f(line, x, y) for lines [begin, end), with x[i] the numbers of from[i], adjacent, and y[i]
// those that are written to to[i].
template <class T, size_t reads, size_t writes, class F>
void lines_between(const cpu::Lines& lines, int64_t begin, int64_t end,
                   const std::array<const T*, reads>& from, const std::array<T*, writes>& to,
                   const F& f) {
  using C = Computed<T>;
  std::array<const C*, reads> x;
  std::array<C*, writes> y;
  if constexpr (std::is_same_v<T, C>) {
    if (lines.inner == 1) {
      for (int64_t line = begin; line < end; ++line) {
        for (size_t i = 0; i < reads; ++i) x[i] = from[i] + line * lines.size;
        for (size_t i = 0; i < writes; ++i) y[i] = to[i] + line * lines.size;
        f(line, x, y);
      }
      return;
    }
  }
  const int64_t size = lines.size, step = lines.inner;
  std::vector<C> scratch(static_cast<size_t>(size) * (reads + writes));
  for (size_t i = 0; i < reads; ++i) x[i] = scratch.data() + static_cast<int64_t>(i) * size;
  for (size_t i = 0; i < writes; ++i) {
    y[i] = scratch.data() + static_cast<int64_t>(reads + i) * size;
  }
  for (int64_t line = begin; line < end; ++line) {
    const int64_t at = line / step * size * step + line % step;
    for (size_t i = 0; i < reads; ++i) {
      C* row = scratch.data() + static_cast<int64_t>(i) * size;
      for (int64_t k = 0; k < size; ++k) row[k] = static_cast<C>(from[i][at + k * step]);
    }
    f(line, x, y);
    for (size_t i = 0; i < writes; ++i) {
      for (int64_t k = 0; k < size; ++k) to[i][at + k * step] = static_cast<T>(y[i][k]);
    }
  }
}

// The same for all lines, in parallel.
template <class T, size_t reads, size_t writes, class F>
void each_line(const cpu::Lines& lines, const std::array<const T*, reads>& from,
               const std::array<T*, writes>& to, const F& f) {
  if (lines.elements() == 0) return;
  parallel_for(
      lines.outer * lines.inner, std::max<int64_t>(1, kGrain / lines.size),
      [&](int64_t begin, int64_t end) { lines_between<T>(lines, begin, end, from, to, f); });
}

// Calls f with the type of a floating dtype.
template <class F>
void for_floating(DType dtype, const F& f) {
  if (dtype == float16) return f(std::type_identity<float16_t>());
  if (dtype == bfloat16) return f(std::type_identity<bfloat16_t>());
  if (dtype == float64) return f(std::type_identity<double>());
  f(std::type_identity<float>());
}

}  // namespace rows
}  // namespace millstream::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
