// Large products of matrices of floats and doubles, compiled for each SIMD target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "millstream/backend/cpu/gemm_blocked.cc"
#include <algorithm>

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "millstream/backend/cpu/gemm.h"
#include "millstream/backend/cpu/transpose.h"

HWY_BEFORE_NAMESPACE();
namespace millstream::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// The tile of c that stays in registers.
#if HWY_TARGET <= HWY_AVX3
constexpr int kTileRows = 8;  // 32 registers
#else
constexpr int kTileRows = 4;
#endif
constexpr int kTileVectors = 3;

// A block of a stays in the L2 cache while the strips of b, as wide as a tile, come by from a panel
// in the L3 cache.
constexpr int64_t kBlockRows = 160, kBlockDepth = 512, kPanelColumns = 960;

int64_t round_up(int64_t size, int64_t multiple) {
  return (size + multiple - 1) / multiple * multiple;
}

// Rows of a, or columns of b: `size` of them, `step` apart, of which `depth` elements are wanted.
template <class T>
struct Lines {
  const T* from;
  int64_t size, step;
  int64_t depth, depth_step;
};

// A strip of at most `width` lines, each of them contiguous.
template <class T>
void pack_along(const Lines<T>& x, int64_t width, T* to) {
  constexpr int64_t kLineElements = kLine / sizeof(T);
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  if (x.size < width) std::fill_n(to, x.depth * width, T(0));
  for (int64_t p = 0; p < x.depth; p += kLineElements) {
    // The next strip lies in other pages, where the hardware does not foresee it.
    for (int64_t r = x.size; r < 2 * x.size; ++r) __builtin_prefetch(x.from + r * x.step + p);
    transpose_block(Plane{std::min(kLineElements, x.depth - p), x.size, x.step, width},
                    reinterpret_cast<const Bits*>(x.from + p),
                    reinterpret_cast<Bits*>(to + p * width));
  }
}

// Strips of `width` lines, row by row of the matrix, as its memory likes to be read.
template <class T>
void pack_across(const Lines<T>& x, int64_t width, int64_t multiple, T* to) {
  const hn::CappedTag<T, 8> d;  // divides every width
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t p = 0; p < x.depth; ++p) {
    const T* const row = x.from + p * x.depth_step;
    for (int64_t r = 0; r < x.size; r += width) {
      const int64_t size = std::min(width, x.size - r), filled = round_up(size, multiple);
      T* const at = to + r * x.depth + p * filled;
      int64_t i = 0;
      for (; i + lanes <= size; i += lanes) hn::StoreU(hn::LoadU(d, row + r + i), d, at + i);
      for (; i < size; ++i) at[i] = row[r + i];
      for (; i < filled; ++i) at[i] = T(0);
    }
  }
}

// Strips of `width` lines stored element by element of all; the last one is filled up with zeros to
// a multiple of `multiple`.
template <class T>
void pack(const Lines<T>& x, int64_t width, int64_t multiple, T* to) {
  if (x.step == 1) return pack_across(x, width, multiple, to);
  for (int64_t r = 0; r < x.size; r += width) {
    const int64_t size = std::min(width, x.size - r);
    const Lines<T> strip{x.from + r * x.step, size, x.step, x.depth, x.depth_step};
    pack_along(strip, round_up(size, multiple), to + r * x.depth);
  }
}

// c (+)= a b of kTileRows by `vectors` registers.
template <int vectors, class D, class T = hn::TFromD<D>>
HWY_NOINLINE void tile(D d, int64_t depth, const T* HWY_RESTRICT a, const T* HWY_RESTRICT b,
                       T* HWY_RESTRICT c, int64_t c_row, bool add) {
  const size_t lanes = hn::Lanes(d);
  for (int r = 0; r < kTileRows; ++r) {
    for (int v = 0; v < vectors; ++v) __builtin_prefetch(c + r * c_row + v * lanes, 1);
  }
  hn::Vec<D> sum[kTileRows][vectors];
#pragma GCC unroll 8
  for (int r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[r][v] = hn::Zero(d);
  }
  for (int64_t p = 0; p < depth; ++p) {
    hn::Vec<D> column[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) column[v] = hn::LoadU(d, b + v * lanes);
#pragma GCC unroll 8
    for (int r = 0; r < kTileRows; ++r) {
      const auto x = hn::Set(d, a[r]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[r][v] = hn::MulAdd(x, column[v], sum[r][v]);
    }
    a += kTileRows;
    b += vectors * lanes;
  }
#pragma GCC unroll 8
  for (int r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      T* const to = c + r * c_row + v * lanes;
      hn::StoreU(add ? hn::Add(sum[r][v], hn::LoadU(d, to)) : sum[r][v], d, to);
    }
  }
}

// `rows` by `columns` of c (+)= packed a times a packed strip of b.
template <int vectors, class D, class T = hn::TFromD<D>>
void strip(D d, int64_t rows, int64_t columns, int64_t depth, const T* a, const T* b, T* c,
           int64_t c_row, bool add) {
  const auto width = static_cast<int64_t>(vectors * hn::Lanes(d));
  HWY_ALIGN T edge[kTileRows * kTileVectors * HWY_MAX_BYTES / sizeof(T)];
  for (int64_t i = 0; i < rows; i += kTileRows, c += kTileRows * c_row, a += kTileRows * depth) {
    const int64_t high = std::min<int64_t>(kTileRows, rows - i);
    if (high == kTileRows && columns == width) {
      tile<vectors>(d, depth, a, b, c, c_row, add);
      continue;
    }
    tile<vectors>(d, depth, a, b, edge, width, false);
    for (int64_t r = 0; r < high; ++r) {
      for (int64_t s = 0; s < columns; ++s) {
        c[r * c_row + s] = edge[r * width + s] + (add ? c[r * c_row + s] : T(0));
      }
    }
  }
}

// The size of blocks, none above `limit`, that are about equal.
int64_t equal_parts(int64_t size, int64_t limit, int64_t multiple) {
  const int64_t parts = (size + limit - 1) / limit;
  return round_up((size + parts - 1) / parts, multiple);
}

// The sizes of the blocks that a product is cut into.
template <class T>
struct Blocks {
  explicit Blocks(const Gemm<T>& g)
      : rows(equal_parts(g.m, kBlockRows, kTileRows)),
        depth(equal_parts(g.k, kBlockDepth, 4)),
        columns(equal_parts(g.n, kPanelColumns, kWidth)) {}

  static constexpr int64_t kLanes = static_cast<int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  static constexpr int64_t kWidth = kTileVectors * kLanes;
  int64_t rows, depth, columns;
};

// c of `rows` by `columns` (+)= packed a times a packed panel of b.
template <class T>
void panel(int64_t rows, int64_t columns, int64_t depth, const T* a, const T* b, T* c,
           int64_t c_row, bool add) {
  constexpr int64_t kLanes = Blocks<T>::kLanes, kWidth = Blocks<T>::kWidth;
  const hn::ScalableTag<T> d;
  for (int64_t j = 0; j < columns; j += kWidth) {
    const int64_t size = std::min(kWidth, columns - j);
    const auto run = size > 2 * kLanes ? strip<3, decltype(d)>
                     : size > kLanes   ? strip<2, decltype(d)>
                                       : strip<1, decltype(d)>;
    run(d, rows, size, depth, a, b + j * depth, c + j, c_row, add);
  }
}

template <class T>
void blocked(const Gemm<T>& g, T* scratch) {
  const Blocks<T> block(g);
  T* const a = scratch;
  T* const b = scratch + block.rows * block.depth;
  for (int64_t j = 0; j < g.n; j += block.columns) {
    const int64_t columns = std::min(block.columns, g.n - j);
    for (int64_t p = 0; p < g.k; p += block.depth) {
      const int64_t depth = std::min(block.depth, g.k - p);
      pack({g.b + p * g.b_row + j * g.b_col, columns, g.b_col, depth, g.b_row}, Blocks<T>::kWidth,
           Blocks<T>::kLanes, b);
      for (int64_t i = 0; i < g.m; i += block.rows) {
        const int64_t rows = std::min(block.rows, g.m - i);
        pack({g.a + i * g.a_row + p * g.a_col, rows, g.a_row, depth, g.a_col}, kTileRows, kTileRows,
             a);
        panel(rows, columns, depth, a, b, g.c + i * g.c_row + j, g.c_row, p > 0);
      }
    }
  }
}

template <class T>
int64_t scratch(const Gemm<T>& g) {
  const Blocks<T> block(g);
  return (block.rows + block.columns) * block.depth;
}

}  // namespace

void blocked_f32(const Gemm<float>& g, float* to) { blocked(g, to); }
void blocked_f64(const Gemm<double>& g, double* to) { blocked(g, to); }
int64_t scratch_f32(const Gemm<float>& g) { return scratch(g); }
int64_t scratch_f64(const Gemm<double>& g) { return scratch(g); }

}  // namespace millstream::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millstream::cpu {
namespace {

HWY_EXPORT(blocked_f32);
HWY_EXPORT(blocked_f64);
HWY_EXPORT(scratch_f32);
HWY_EXPORT(scratch_f64);

}  // namespace

int64_t gemm_scratch(const Gemm<float>& g) { return HWY_DYNAMIC_DISPATCH(scratch_f32)(g); }
int64_t gemm_scratch(const Gemm<double>& g) { return HWY_DYNAMIC_DISPATCH(scratch_f64)(g); }
void gemm_blocked(const Gemm<float>& g, float* scratch) {
  HWY_DYNAMIC_DISPATCH(blocked_f32)(g, scratch);
}
void gemm_blocked(const Gemm<double>& g, double* scratch) {
  HWY_DYNAMIC_DISPATCH(blocked_f64)(g, scratch);
}

}  // namespace millstream::cpu
#endif
