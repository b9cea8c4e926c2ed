#include "millstream/ops/sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "millstream/autodiff/tape.h"
#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/random.h"
#include "ops/moves.h"

namespace millstream {
namespace {

using Places = std::vector<int32_t>;

TEST(Sort, PutsNaNLastAndKeepsTheOrderOfEqualElements) {
  const Tensor x = constant({2.f, NAN, -INFINITY, 0.f, -0.f, 2.f});
  EXPECT_EQ(argsort(x).to_vector<int32_t>(), (Places{2, 3, 4, 0, 5, 1}));
  EXPECT_EQ(argsort(x, {.direction = "DESCENDING"}).to_vector<int32_t>(),
            (Places{1, 0, 5, 3, 4, 2}));
  EXPECT_EQ(top_k(x, 3).indices.to_vector<int32_t>(), (Places{1, 0, 5}));
}

// Short rows are compared, long ones go by digits, few of many are selected.
TEST(Sort, AgreesWithTheStandardLibraryForAnyLength) {
  for (const DType dtype : {float16, bfloat16, float32, float64, int8, int64, uint32}) {
    for (const int64_t n : {1, 7, 3000}) {
      const Tensor x =
          cast(random::stateless_uniform({n}, {n, 3}, {.minval = 0, .maxval = 90}), dtype);
      const auto values = x.to_vector<double>();
      Places places(static_cast<size_t>(n));
      std::iota(places.begin(), places.end(), 0);
      std::stable_sort(places.begin(), places.end(),
                       [&](int32_t a, int32_t b) { return values[a] > values[b]; });
      EXPECT_EQ(argsort(x, {.direction = "DESCENDING"}).to_vector<int32_t>(), places);
      places.resize(static_cast<size_t>(std::min<int64_t>(n, 5)));
      EXPECT_EQ(top_k(x, std::min<int64_t>(n, 5)).indices.to_vector<int32_t>(), places);
    }
  }
}

TEST(Sort, GradientsGoBackToWhereElementsCameFrom) {
  const Tensor x = constant({3.f, 1.f, 2.f});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor weights = constant({1.f, 10.f, 100.f});
  EXPECT_EQ(tape.gradient(sort(x) * weights, x).to_vector<float>(),
            (std::vector<float>{100, 1, 10}));
  EXPECT_EQ(tape.gradient(top_k(x, 2).values, x).to_vector<float>(), (std::vector<float>{1, 0, 1}));
}

TEST(Sort, RefusesWhatHasNoOrder) {
  const Refusal table[] = {
      {"must be >= 1-D", [](const Tensor&) { return top_k(Tensor(1.f), 0).values; }},
      {"Had 3, needed 4", [](const Tensor& x) { return top_k(x, 4).values; }},
      {"Need k >= 0, got -1", [](const Tensor& x) { return top_k(x, -1).values; }},
      {"of a bool tensor",
       [](const Tensor&) {
         return sort(constant({true, false}));
       }},
      {"should be one of ASCENDING, DESCENDING",
       [](const Tensor& x) { return sort(x, {.direction = "UP"}); }},
      {"axis 1 is out of range", [](const Tensor& x) { return argsort(x, {.axis = 1}); }},
      {"unique expects a 1D vector",
       [](const Tensor&) {
         return unique(ones({2, 2})).y;
       }},
      {"Leading dim_size of both tensors must match",
       [](const Tensor& x) {
         return searchsorted(x, ones({2, 2}));
       }},
      {"side must be 'right' or 'left'",
       [](const Tensor& x) { return searchsorted(x, x, {.side = "up"}); }},
      {"must match length of targets",
       [](const Tensor&) {
         return in_top_k(constant({0}), ones({2, 2}), 1);
       }},
  };
  for (const Refusal& refusal : table) refusal.check(counting({3}));
}

TEST(InTopK, IsFalseWhereItCannotSay) {
  const Tensor predictions = constant({{1.f, 2.f}, {INFINITY, 1.f}, {1.f, NAN}, {1.f, 1.f}});
  EXPECT_EQ(in_top_k(constant({1, 1, 0, 2}), predictions, 1).to_vector<int>(),
            (std::vector<int>{1, 0, 0, 0}));
}

}  // namespace
}  // namespace millstream
