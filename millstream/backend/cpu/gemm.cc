// Products of matrices, compiled for each SIMD target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "millstream/backend/cpu/gemm.cc"
#include "millstream/backend/cpu/gemm.h"

#include <algorithm>
#include <type_traits>

#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#ifndef MILLSTREAM_BACKEND_CPU_GEMM_CC
#define MILLSTREAM_BACKEND_CPU_GEMM_CC
namespace millstream::cpu {
constexpr int64_t kSmallProducts = 16 * 16 * 16;  // m n k up to which gemm_small is used
constexpr int64_t kSmallPanel = 8192;             // elements of b, with its rows padded
// Rows of c, and elements of b that do not stay in the L2 cache, from which on b is not packed.
constexpr int64_t kThinRows = 8, kThinElements = 1 << 19;
constexpr int64_t kThinRowsOfLarge = 16, kLargeElements = 1 << 23;
}  // namespace millstream::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace millstream::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// --- small products ------------------------------------------------------------------------------

// Four rows at most, one register of columns.
template <int rows, class D, class T = hn::TFromD<D>>
HWY_INLINE void small_tile(D d, const Gemm<T>& g, int64_t i, const T* b, int64_t b_row, T* to,
                           int64_t to_row) {
  hn::Vec<D> sum[rows];
  for (int r = 0; r < rows; ++r) sum[r] = hn::Zero(d);
  const T* a = g.a + i * g.a_row;
  for (int64_t p = 0; p < g.k; ++p) {
    const auto column = hn::LoadU(d, b + p * b_row);
    for (int r = 0; r < rows; ++r) {
      sum[r] = hn::MulAdd(hn::Set(d, a[r * g.a_row + p * g.a_col]), column, sum[r]);
    }
  }
  for (int r = 0; r < rows; ++r) hn::StoreU(sum[r], d, to + r * to_row);
}

template <int rows, class D, class T = hn::TFromD<D>>
HWY_INLINE void small_rows(D d, const Gemm<T>& g, int64_t i, const T* b, int64_t b_row) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t j = 0;
  for (; j + lanes <= g.n; j += lanes) {
    small_tile<rows>(d, g, i, b + j, b_row, g.c + i * g.c_row + j, g.c_row);
  }
  if (j == g.n) return;
  HWY_ALIGN T tile[rows * HWY_MAX_BYTES / sizeof(T)];
  small_tile<rows>(d, g, i, b + j, b_row, tile, lanes);
  for (int r = 0; r < rows; ++r) {
    std::copy_n(tile + r * lanes, g.n - j, g.c + (i + r) * g.c_row + j);
  }
}

template <class T>
void small(const Gemm<T>& g) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const T* b = g.b;
  int64_t b_row = g.b_row;
  HWY_ALIGN T panel[kSmallPanel];
  if (g.b_col != 1 || g.n % lanes != 0) {  // the loops read whole registers
    b_row = (g.n + lanes - 1) / lanes * lanes;
    for (int64_t p = 0; p < g.k; ++p) {
      T* row = panel + p * b_row;
      for (int64_t j = 0; j < g.n; ++j) row[j] = g.b[p * g.b_row + j * g.b_col];
      std::fill(row + g.n, row + b_row, T(0));
    }
    b = panel;
  }
  int64_t i = 0;
  for (; i + 4 <= g.m; i += 4) small_rows<4>(d, g, i, b, b_row);
  for (; i < g.m; ++i) small_rows<1>(d, g, i, b, b_row);
}

// --- few rows ------------------------------------------------------------------------------------

// Adds `depth` rows of b, from row p on, times their factors to `rows` rows of c, from column j as
// far as registers fit before `end`. Returns the column behind.
template <int rows, int depth, class D, class T = hn::TFromD<D>>
HWY_INLINE int64_t thin_block(D d, const Gemm<T>& g, int64_t i, int64_t p, const T* factors,
                              int64_t j, int64_t end) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  T* HWY_RESTRICT c = g.c + i * g.c_row;
  const T* HWY_RESTRICT b = g.b + p * g.b_row;
  for (; j + lanes <= end; j += lanes) {
    hn::Vec<D> sum[rows];
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) sum[r] = p > 0 ? hn::LoadU(d, c + r * g.c_row + j) : hn::Zero(d);
#pragma GCC unroll 8
    for (int q = 0; q < depth; ++q) {
      const auto row = hn::LoadU(d, b + q * g.b_row + j);
#pragma GCC unroll 8
      for (int r = 0; r < rows; ++r) {
        sum[r] = hn::MulAdd(hn::Set(d, factors[q * rows + r]), row, sum[r]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) hn::StoreU(sum[r], d, c + r * g.c_row + j);
  }
  return j;
}

template <int rows, int depth, class T>
void thin_rows(const Gemm<T>& g, int64_t i, int64_t p, int64_t begin, int64_t end) {
  T factors[depth * rows];
  for (int q = 0; q < depth; ++q) {
    for (int r = 0; r < rows; ++r) {
      factors[q * rows + r] = g.a[(i + r) * g.a_row + (p + q) * g.a_col];
    }
  }
  begin = thin_block<rows, depth>(hn::ScalableTag<T>(), g, i, p, factors, begin, end);
  thin_block<rows, depth>(hn::CappedTag<T, 1>(), g, i, p, factors, begin, end);
}

template <int depth, class T>
void thin_depth(const Gemm<T>& g, int64_t p, int64_t begin, int64_t end) {
  int64_t i = 0;
  for (; i + 8 <= g.m; i += 8) thin_rows<8, depth>(g, i, p, begin, end);
  for (; i + 4 <= g.m; i += 4) thin_rows<4, depth>(g, i, p, begin, end);
  for (; i < g.m; ++i) thin_rows<1, depth>(g, i, p, begin, end);
}

// Reads b once, as it lies: packing it would take longer than the product.
template <class T>
void thin(const Gemm<T>& g) {
  constexpr int kDepth = 8;
  constexpr int64_t kPanel = 1024;  // columns of which c stays in the nearest caches
  for (int64_t j = 0; j < g.n; j += kPanel) {
    const int64_t end = std::min(g.n, j + kPanel);
    int64_t p = 0;
    for (; p + kDepth <= g.k; p += kDepth) thin_depth<kDepth>(g, p, j, end);
    for (; p < g.k; ++p) thin_depth<1>(g, p, j, end);
  }
}

// --- integers ------------------------------------------------------------------------------------

// Adds one multiple of a row of b after the other; the compiler makes SIMD code of it.
template <class T>
void rows(const Gemm<T>& g) {
  using Wide = std::conditional_t<sizeof(T) < 4, uint32_t, std::make_unsigned_t<T>>;
  for (int64_t i = 0; i < g.m; ++i) {
    T* HWY_RESTRICT c = g.c + i * g.c_row;
    std::fill(c, c + g.n, T(0));
    for (int64_t p = 0; p < g.k; ++p) {
      const auto factor = static_cast<Wide>(g.a[i * g.a_row + p * g.a_col]);
      const T* HWY_RESTRICT b = g.b + p * g.b_row;
      const auto add = [&](int64_t j, int64_t step) {
        c[j] = static_cast<T>(static_cast<Wide>(c[j]) + factor * static_cast<Wide>(b[j * step]));
      };
      if (g.b_col == 1) {
        for (int64_t j = 0; j < g.n; ++j) add(j, 1);
      } else {
        for (int64_t j = 0; j < g.n; ++j) add(j, g.b_col);
      }
    }
  }
}

}  // namespace

void small_f32(const Gemm<float>& g) { small(g); }
void thin_f32(const Gemm<float>& g) { thin(g); }
void small_f64(const Gemm<double>& g) { small(g); }
void thin_f64(const Gemm<double>& g) { thin(g); }
void any_i8(const Gemm<int8_t>& g) { rows(g); }
void any_i16(const Gemm<int16_t>& g) { rows(g); }
void any_i32(const Gemm<int32_t>& g) { rows(g); }
void any_i64(const Gemm<int64_t>& g) { rows(g); }

}  // namespace millstream::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millstream::cpu {
namespace {

HWY_EXPORT(small_f32);
HWY_EXPORT(thin_f32);
HWY_EXPORT(small_f64);
HWY_EXPORT(thin_f64);
HWY_EXPORT(any_i8);
HWY_EXPORT(any_i16);
HWY_EXPORT(any_i32);
HWY_EXPORT(any_i64);

}  // namespace

bool is_small(int64_t m, int64_t n, int64_t k) {
  constexpr int64_t lanes = HWY_MAX_BYTES / sizeof(float);
  return static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) <=
             kSmallProducts &&
         k * (n + lanes) <= kSmallPanel;
}

bool is_thin(int64_t m, int64_t n, int64_t k) {
  if (n < HWY_MAX_BYTES || k == 0) return false;
  return (m <= kThinRows && n > kThinElements / k) ||
         (m <= kThinRowsOfLarge && n > kLargeElements / k);
}

void gemm_small(const Gemm<float>& g) { HWY_DYNAMIC_DISPATCH(small_f32)(g); }

template <>
void gemm(const Gemm<float>& g, float* scratch) {
  if (g.b_col == 1 && is_thin(g.m, g.n, g.k)) return HWY_DYNAMIC_DISPATCH(thin_f32)(g);
  gemm_blocked(g, scratch);
}
template <>
void gemm(const Gemm<double>& g, double* scratch) {
  if (is_small(g.m, g.n, g.k)) return HWY_DYNAMIC_DISPATCH(small_f64)(g);
  if (g.b_col == 1 && is_thin(g.m, g.n, g.k)) return HWY_DYNAMIC_DISPATCH(thin_f64)(g);
  gemm_blocked(g, scratch);
}
template <>
void gemm(const Gemm<int8_t>& g, int8_t*) {
  HWY_DYNAMIC_DISPATCH(any_i8)(g);
}
template <>
void gemm(const Gemm<int16_t>& g, int16_t*) {
  HWY_DYNAMIC_DISPATCH(any_i16)(g);
}
template <>
void gemm(const Gemm<int32_t>& g, int32_t*) {
  HWY_DYNAMIC_DISPATCH(any_i32)(g);
}
template <>
void gemm(const Gemm<int64_t>& g, int64_t*) {
  HWY_DYNAMIC_DISPATCH(any_i64)(g);
}

}  // namespace millstream::cpu
#endif
