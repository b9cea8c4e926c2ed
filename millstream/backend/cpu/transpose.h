#pragma once
// Transposes planes of memory in blocks, so that both sides are touched a cache line at a time.
#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace millstream::cpu {

// Element (r, c) moves from[r + c * from_column] to to[r * to_row + c].
struct Plane {
  int64_t rows, columns;
  int64_t from_column, to_row;
};

inline constexpr int64_t kStrip = 128;  // rows that a caller passes at a time
inline constexpr int64_t kBlock = 32;
inline constexpr int64_t kLine = 64;  // bytes

template <class T>
void transpose_scalar(const Plane& p, const T* from, T* to) {
  for (int64_t r = 0; r < p.rows; ++r) {
    for (int64_t c = 0; c < p.columns; ++c) to[r * p.to_row + c] = from[r + c * p.from_column];
  }
}

// 4 by 4 elements of 32 bits, in registers.
inline void transpose_quad(const Plane& p, const uint32_t* from, uint32_t* to) {
  typedef uint32_t Quad __attribute__((vector_size(16), aligned(4), may_alias));
  const auto load = [&](int64_t c) {
    return *reinterpret_cast<const Quad*>(from + c * p.from_column);
  };
  const Quad a = load(0), b = load(1), c = load(2), d = load(3);
  const Quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const Quad ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Quad cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Quad cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const auto store = [&](int64_t r, Quad q) { *reinterpret_cast<Quad*>(to + r * p.to_row) = q; };
  store(0, __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5));
  store(1, __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7));
  store(2, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
  store(3, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
}

template <class T>
void transpose_block(const Plane& p, const T* from, T* to) {
  if constexpr (std::is_same_v<T, uint32_t>) {
    if (p.rows % 4 == 0 && p.columns % 4 == 0) {
      for (int64_t r = 0; r < p.rows; r += 4) {
        for (int64_t c = 0; c < p.columns; c += 4) {
          transpose_quad(p, from + r + c * p.from_column, to + r * p.to_row + c);
        }
      }
      return;
    }
  }
  transpose_scalar(p, from, to);
}

// Every line of a block lies in another page, where the hardware does not foresee it.
template <class T>
void prefetch(const Plane& p, const T* from, const T* to) {
  constexpr int64_t step = kLine / static_cast<int64_t>(sizeof(T));
  for (int64_t c = 0; c < p.columns; ++c) {
    for (int64_t r = 0; r < p.rows; r += step) __builtin_prefetch(from + r + c * p.from_column);
  }
  for (int64_t r = 0; r < p.rows; ++r) {
    for (int64_t c = 0; c < p.columns; c += step) __builtin_prefetch(to + r * p.to_row + c, 1);
  }
}

template <class T>
void transpose(const Plane& p, const T* from, T* to) {
  for (int64_t c = 0; c < p.columns; c += kBlock) {
    for (int64_t r = 0; r < p.rows; r += kBlock) {
      const auto block = [&](int64_t column) {
        return Plane{std::min(kBlock, p.rows - r), std::min(kBlock, p.columns - column),
                     p.from_column, p.to_row};
      };
      const T* const source = from + r + c * p.from_column;
      T* const target = to + r * p.to_row + c;
      if (c + kBlock < p.columns) {
        prefetch(block(c + kBlock), source + kBlock * p.from_column, target + kBlock);
      }
      transpose_block(block(c), source, target);
    }
  }
}

}  // namespace millstream::cpu
