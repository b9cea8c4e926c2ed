#pragma once
// Our own products of matrices: for sizes at which calling a library costs more than the product,
// and for the types that oneDNN has none for.
#include <cstdint>

namespace millstream::cpu {

// c = a b, with a of m by k, b of k by n and any strides; the rows of c are `c_row` apart and its
// columns next to each other.
template <class T>
struct Gemm {
  int64_t m, n, k;
  const T* a;
  int64_t a_row, a_col;
  const T* b;
  int64_t b_row, b_col;
  T* c;
  int64_t c_row;
};

// Whether gemm_small takes this size: up to about 16 x 16 x 16.
bool is_small(int64_t m, int64_t n, int64_t k);
void gemm_small(const Gemm<float>& g);

// Whether there are so few rows and b is so large that b should be read where it lies.
bool is_thin(int64_t m, int64_t n, int64_t k);

// Any size, on the calling thread. T is double, or an integer, whose overflow wraps around, or
// float if the product is_thin and the columns of b lie next to each other.
template <class T>
void gemm(const Gemm<T>& g);

}  // namespace millstream::cpu
