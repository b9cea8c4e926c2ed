// Products of matrices, compiled for each SIMD target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "millstream/backend/cpu/gemm.cc"
#include "millstream/backend/cpu/gemm.h"

#include <algorithm>
#include <memory>
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

// --- large products of doubles -------------------------------------------------------------------

// The tile of c that stays in registers, and the blocks of a and b that stay in the L2 cache.
#if HWY_TARGET <= HWY_AVX3
constexpr int kTileRows = 8;  // 32 registers
#else
constexpr int kTileRows = 4;
#endif
constexpr int kTileVectors = 3;
constexpr int64_t kBlockRows = 96, kBlockColumns = 288, kBlockDepth = 256;

// Strips of `width` rows (or columns), each stored by k, short ones filled up with zeros.
template <class T>
void pack(const T* from, int64_t size, int64_t step, int64_t depth, int64_t depth_step,
          int64_t width, T* to) {
  for (int64_t i = 0; i < size; i += width) {
    const int64_t filled = std::min(width, size - i);
    for (int64_t p = 0; p < depth; ++p, to += width) {
      const T* at = from + i * step + p * depth_step;
      for (int64_t r = 0; r < filled; ++r) to[r] = at[r * step];
      std::fill(to + filled, to + width, T(0));
    }
  }
}

template <class D, class T = hn::TFromD<D>>
HWY_INLINE void tile(D d, int64_t depth, const T* HWY_RESTRICT a, const T* HWY_RESTRICT b,
                     T* HWY_RESTRICT c, int64_t c_row, bool add) {
  const size_t lanes = hn::Lanes(d);
  hn::Vec<D> sum[kTileRows][kTileVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kTileVectors; ++v) {
      sum[r][v] = add ? hn::LoadU(d, c + r * c_row + v * lanes) : hn::Zero(d);
    }
  }
  for (int64_t p = 0; p < depth; ++p) {
    const auto b0 = hn::LoadU(d, b), b1 = hn::LoadU(d, b + lanes), b2 = hn::LoadU(d, b + 2 * lanes);
#pragma GCC unroll 8
    for (int r = 0; r < kTileRows; ++r) {
      const auto x = hn::Set(d, a[r]);
      sum[r][0] = hn::MulAdd(x, b0, sum[r][0]);
      sum[r][1] = hn::MulAdd(x, b1, sum[r][1]);
      sum[r][2] = hn::MulAdd(x, b2, sum[r][2]);
    }
    a += kTileRows;
    b += kTileVectors * lanes;
  }
#pragma GCC unroll 8
  for (int r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kTileVectors; ++v) {
      hn::StoreU(sum[r][v], d, c + r * c_row + v * lanes);
    }
  }
}

// c of rows by columns (+)= packed a times packed b.
template <class D, class T = hn::TFromD<D>>
void block(D d, int64_t rows, int64_t columns, int64_t depth, const T* a, const T* b, T* c,
           int64_t c_row, bool add) {
  const auto width = static_cast<int64_t>(kTileVectors * hn::Lanes(d));
  HWY_ALIGN T edge[kTileRows * kTileVectors * HWY_MAX_BYTES / sizeof(T)];
  for (int64_t j = 0; j < columns; j += width) {
    for (int64_t i = 0; i < rows; i += kTileRows) {
      T* to = c + i * c_row + j;
      const T *strip_a = a + i * depth, *strip_b = b + j * depth;
      const int64_t high = std::min<int64_t>(kTileRows, rows - i);
      const int64_t wide = std::min(width, columns - j);
      if (high == kTileRows && wide == width) {
        tile(d, depth, strip_a, strip_b, to, c_row, add);
        continue;
      }
      tile(d, depth, strip_a, strip_b, edge, width, false);
      for (int64_t r = 0; r < high; ++r) {
        for (int64_t s = 0; s < wide; ++s) {
          to[r * c_row + s] = edge[r * width + s] + (add ? to[r * c_row + s] : T(0));
        }
      }
    }
  }
}

template <class T>
void blocked(const Gemm<T>& g) {
  const hn::ScalableTag<T> d;
  const auto width = static_cast<int64_t>(kTileVectors * hn::Lanes(d));
  const auto packed_a = std::make_unique_for_overwrite<T[]>(kBlockRows * kBlockDepth);
  const auto packed_b = std::make_unique_for_overwrite<T[]>((kBlockColumns + width) * kBlockDepth);
  for (int64_t j = 0; j < g.n; j += kBlockColumns) {
    const int64_t columns = std::min(kBlockColumns, g.n - j);
    for (int64_t p = 0; p < g.k; p += kBlockDepth) {
      const int64_t depth = std::min(kBlockDepth, g.k - p);
      pack(g.b + p * g.b_row + j * g.b_col, columns, g.b_col, depth, g.b_row, width,
           packed_b.get());
      for (int64_t i = 0; i < g.m; i += kBlockRows) {
        const int64_t rows = std::min(kBlockRows, g.m - i);
        pack(g.a + i * g.a_row + p * g.a_col, rows, g.a_row, depth, g.a_col, kTileRows,
             packed_a.get());
        block(d, rows, columns, depth, packed_a.get(), packed_b.get(), g.c + i * g.c_row + j,
              g.c_row, p > 0);
      }
    }
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
void any_f64(const Gemm<double>& g) {
  if (is_small(g.m, g.n, g.k)) return small(g);
  if (g.b_col == 1 && is_thin(g.m, g.n, g.k)) return thin(g);
  blocked(g);
}
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
HWY_EXPORT(any_f64);
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
void gemm(const Gemm<float>& g) {
  HWY_DYNAMIC_DISPATCH(thin_f32)(g);
}
template <>
void gemm(const Gemm<double>& g) {
  if (g.k == 0) {
    for (int64_t i = 0; i < g.m; ++i) std::fill_n(g.c + i * g.c_row, g.n, 0.0);
    return;
  }
  HWY_DYNAMIC_DISPATCH(any_f64)(g);
}
template <>
void gemm(const Gemm<int8_t>& g) {
  HWY_DYNAMIC_DISPATCH(any_i8)(g);
}
template <>
void gemm(const Gemm<int16_t>& g) {
  HWY_DYNAMIC_DISPATCH(any_i16)(g);
}
template <>
void gemm(const Gemm<int32_t>& g) {
  HWY_DYNAMIC_DISPATCH(any_i32)(g);
}
template <>
void gemm(const Gemm<int64_t>& g) {
  HWY_DYNAMIC_DISPATCH(any_i64)(g);
}

}  // namespace millstream::cpu
#endif
