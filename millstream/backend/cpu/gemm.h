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

// Any size, on the calling thread. T is float, double, or an integer, whose overflow wraps around.
// Products of floats and doubles need `scratch` of gemm_scratch(g) elements.
template <class T>
void gemm(const Gemm<T>& g, T* scratch);

template <class T>
int64_t gemm_scratch(const Gemm<T>&) {
  return 0;
}
int64_t gemm_scratch(const Gemm<float>& g);
int64_t gemm_scratch(const Gemm<double>& g);

// Those that are neither small nor thin.
void gemm_blocked(const Gemm<float>& g, float* scratch);
void gemm_blocked(const Gemm<double>& g, double* scratch);

}  // namespace millstream::cpu
