#include "millstream/backend/cpu/gemm.h"

#include <gtest/gtest.h>

#include <vector>

namespace millstream::cpu {
namespace {

struct Size {
  int64_t m, n, k;
};

template <class T>
std::vector<T> small_integers(int64_t size, int64_t seed) {
  std::vector<T> values(static_cast<size_t>(size));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<T>((static_cast<int64_t>(i) * 7919 + seed) % 13 - 6);
  }
  return values;
}

// Sums of small integers are exact, in whatever order.
template <class T>
void expect_product(const Size& size, bool transposed_a, bool transposed_b) {
  const auto [m, n, k] = size;
  SCOPED_TRACE(testing::Message() << m << " " << n << " " << k << " transposed " << transposed_a
                                  << transposed_b);
  const int64_t c_row = n + 3;
  const auto a = small_integers<T>(m * k, 1), b = small_integers<T>(k * n, 2);
  std::vector<T> c(static_cast<size_t>(m * c_row), T(77));
  const Gemm<T> g{.m = m,
                  .n = n,
                  .k = k,
                  .a = a.data(),
                  .a_row = transposed_a ? 1 : k,
                  .a_col = transposed_a ? m : 1,
                  .b = b.data(),
                  .b_row = transposed_b ? 1 : n,
                  .b_col = transposed_b ? k : 1,
                  .c = c.data(),
                  .c_row = c_row};
  std::vector<T> scratch(static_cast<size_t>(gemm_scratch(g)));
  gemm_blocked(g, scratch.data());
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < c_row; ++j) {
      T sum = j < n ? T(0) : T(77);
      for (int64_t p = 0; p < k && j < n; ++p) {
        sum += a[i * g.a_row + p * g.a_col] * b[p * g.b_row + j * g.b_col];
      }
      ASSERT_EQ(c[i * c_row + j], sum) << i << " " << j;
    }
  }
}

TEST(GemmBlocked, AgreesWithSumsOfProducts) {
  // One tile, edges of tiles, edges of blocks of rows, of depth and of columns.
  for (const Size& size :
       {Size{8, 48, 4}, Size{1, 1, 1}, Size{9, 49, 5}, Size{3, 17, 100}, Size{161, 33, 7},
        Size{16, 20, 513}, Size{5, 961, 3}, Size{170, 50, 520}}) {
    for (const bool transposed_a : {false, true}) {
      for (const bool transposed_b : {false, true}) {
        expect_product<float>(size, transposed_a, transposed_b);
        expect_product<double>(size, transposed_a, transposed_b);
      }
    }
  }
}

}  // namespace
}  // namespace millstream::cpu
