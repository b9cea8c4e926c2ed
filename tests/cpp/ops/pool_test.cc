#include "millstream/ops/pool.h"

#include <gtest/gtest.h>

#include <cmath>

#include "millstream/autodiff/tape.h"
#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/views.h"

namespace millstream {
namespace {

struct Case {
  Shape image;
  int64_t window, stride;
  const char* padding;
};

const Case kCases[] = {{{2, 4, 4, 3}, 2, 2, "VALID"}, {{1, 5, 7, 2}, 2, 2, "SAME"},
                       {{2, 5, 5, 1}, 3, 1, "SAME"},  {{1, 6, 5, 4}, 3, 2, "VALID"},
                       {{3, 3, 3, 5}, 3, 3, "VALID"}, {{0, 4, 4, 2}, 2, 2, "VALID"},
                       {{1, 3, 4, 37}, 2, 2, "SAME"}, {{1, 4, 3, 23}, 3, 1, "SAME"}};

Tensor image_of(const Shape& shape) {
  std::vector<float> values(shape.elements());
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(1.7f * i) * 3 - 1;
  return constant(values, shape);
}

std::vector<double> pooled_by_hand(const Tensor& image, const Case& c, bool maximum) {
  const auto x = image.to_vector<double>();
  const int64_t h = image.dim(1), w = image.dim(2), k = image.dim(3);
  const bool same = std::string(c.padding) == "SAME";
  const auto outputs = [&](int64_t n) {
    return same ? (n + c.stride - 1) / c.stride : (n - c.window) / c.stride + 1;
  };
  const auto pad = [&](int64_t n) {
    return same ? std::max<int64_t>(0, (outputs(n) - 1) * c.stride + c.window - n) / 2 : 0;
  };
  std::vector<double> out;
  for (int64_t n = 0; n < image.dim(0); ++n)
    for (int64_t i = 0; i < outputs(h); ++i)
      for (int64_t j = 0; j < outputs(w); ++j)
        for (int64_t ch = 0; ch < k; ++ch) {
          double best = -INFINITY, sum = 0, count = 0;
          for (int64_t a = i * c.stride - pad(h); a < i * c.stride - pad(h) + c.window; ++a)
            for (int64_t b = j * c.stride - pad(w); b < j * c.stride - pad(w) + c.window; ++b) {
              if (a < 0 || b < 0 || a >= h || b >= w) continue;
              const double v = x[((n * h + a) * w + b) * k + ch];
              best = std::max(best, v);
              sum += v;
              count += 1;
            }
          out.push_back(maximum ? best : sum / count);
        }
  return out;
}

Tensor pool(bool maximum, const Tensor& x, const Case& c) {
  return maximum ? max_pool2d(x, {c.window}, {c.stride}, c.padding)
                 : avg_pool2d(x, {c.window}, {c.stride}, c.padding);
}

TEST(Pool2D, AgreesWithLoopsByHand) {
  for (const Case& c : kCases) {
    for (const bool maximum : {true, false}) {
      const Tensor x = image_of(c.image);
      const auto expected = pooled_by_hand(x, c, maximum);
      const auto got = pool(maximum, x, c).to_vector<double>();
      ASSERT_EQ(got.size(), expected.size());
      for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-6);
    }
  }
}

TEST(Pool2D, GradientsAgreeWithDifferences) {
  for (const Case& c : kCases) {
    for (const bool maximum : {true, false}) {
      const Tensor x = cast(image_of(c.image), float64);
      GradientTape tape;
      tape.watch(x);
      const Tensor y = pool(maximum, x, c);
      const auto weighted = [&](const Tensor& p) { return reduce_sum(square(p) * p); };
      const auto grads = tape.gradient(weighted(y), x).to_vector<double>();
      auto values = x.to_vector<double>();
      for (size_t i = 0; i < values.size(); i += 3) {
        const auto at = [&](double shift) {
          auto moved = values;
          moved[i] += shift;
          const Tensor t = Tensor::from_host(float64, c.image, moved.data(), current_device());
          return weighted(pool(maximum, t, c)).item<double>();
        };
        EXPECT_NEAR(grads[i], (at(1e-5) - at(-1e-5)) / 2e-5, 1e-5);
      }
    }
  }
}

TEST(Pool2D, SecondOrderGradients) {
  for (const bool maximum : {true, false}) {
    const Case c{{1, 4, 4, 2}, 2, 2, "VALID"};
    const Tensor x = image_of(c.image);
    GradientTape outer;
    outer.watch(x);
    GradientTape inner;
    inner.watch(x);
    const Tensor y = reduce_sum(square(pool(maximum, x, c)));
    const Tensor dx = inner.gradient(y, x);
    // The Hessian is constant: its row sums are 2 at each maximum, and 2 / 4 under a mean.
    const auto row_sums = outer.gradient(reduce_sum(dx), x).to_vector<float>();
    double total = 0;
    for (const float v : row_sums) total += v;
    EXPECT_NEAR(total, maximum ? 2. * 8 : 32 * 0.5, 1e-5);
  }
}

TEST(Pool2D, ChannelsFirstIsTheSameTransposed) {
  const Tensor x = image_of({2, 4, 6, 3});
  const Tensor first = transpose(x, Ints{0, 3, 1, 2});
  const Tensor a = max_pool2d(x, {2}, {2}, "VALID");
  const Tensor b = max_pool2d(first, {2}, {2}, "VALID", {.data_format = "NCHW"});
  EXPECT_EQ(b.shape(), (Shape{2, 3, 2, 3}));
  EXPECT_EQ(transpose(b, Ints{0, 2, 3, 1}).to_vector<float>(), a.to_vector<float>());
}

TEST(Pool2D, TheFirstOfEqualMaximaTakesTheGradient) {
  for (const DType dtype : {float32, float64, bfloat16}) {
    const Tensor x = ones({1, 2, 2, 21}, dtype);
    GradientTape tape;
    tape.watch(x);
    const Tensor y = max_pool2d(x, {2}, {2}, "VALID");
    std::vector<float> expected(84, 0);
    std::fill_n(expected.begin(), 21, 1);
    EXPECT_EQ(cast(tape.gradient(y, x), float32).to_vector<float>(), expected);
  }
}

TEST(Pool2D, NanIsContagiousAndTakesTheGradient) {
  const Tensor x = constant(std::vector<float>{3, NAN, 5, 1}, Shape{1, 2, 2, 1});
  GradientTape tape;
  tape.watch(x);
  const Tensor y = max_pool2d(x, {2}, {2}, "VALID");
  EXPECT_TRUE(std::isnan(y.item<float>()));
  EXPECT_EQ(tape.gradient(y, x).to_vector<float>(), (std::vector<float>{0, 1, 0, 0}));
}

TEST(Pool2D, RefusesWhatDoesNotFit) {
  const Tensor x = ones({1, 4, 4, 1});
  EXPECT_THROW(max_pool2d(ones({4, 4}), {2}, {2}, "VALID"), InvalidArgument);
  EXPECT_THROW(max_pool2d(x, {5}, {1}, "VALID"), InvalidArgument);
  EXPECT_THROW(max_pool2d(x, {0}, {1}, "VALID"), InvalidArgument);
  EXPECT_THROW(max_pool2d(x, {2, 2, 2}, {1}, "VALID"), InvalidArgument);
  EXPECT_THROW(max_pool2d(x, {2}, {1}, "valid"), InvalidArgument);
  EXPECT_THROW(max_pool2d(x, {2}, {1}, "SAME", {.data_format = "NC"}), InvalidArgument);
  EXPECT_THROW(max_pool2d(x, {2}, {int64_t{1} << 62}, "SAME"), InvalidArgument);
  EXPECT_THROW(max_pool2d(cast(x, boolean), {2}, {2}, "VALID"), InvalidArgument);
  EXPECT_THROW(avg_pool2d(cast(x, int32), {2}, {2}, "VALID"), InvalidArgument);
}

TEST(Pool2D, TheKernelsRefuseWindowsThatDoNotLieOnTheImage) {
  const Tensor x = ones({1, 4, 4, 1});
  constexpr int64_t kHuge = INT64_MAX;
  const Ints two = {2, 2}, none = {0, 0};
  const Attrs wrong[] = {{Ints{2}, two, none, two},
                         {Ints{0, 2}, two, none, two},
                         {two, Ints{-1, 2}, none, two},
                         {two, two, Ints{2, 0}, two},
                         {two, two, Ints{-1, 0}, two},
                         {two, two, none, Ints{3, 2}},
                         {Ints{kHuge, 2}, two, Ints{kHuge - 1, 0}, two},
                         {two, Ints{kHuge, 2}, none, two},
                         {two, two, none, Ints{kHuge, 2}}};
  for (const Attrs& attrs : wrong) {
    EXPECT_THROW(call(op::max_pool, {x}, attrs), InvalidArgument);
    EXPECT_THROW(call(op::avg_pool, {x}, attrs), InvalidArgument);
    EXPECT_THROW(call(op::max_pool_place, {x, x, x}, attrs), InvalidArgument);
    EXPECT_THROW(call(op::max_pool_pick, {x, x, x}, attrs), InvalidArgument);
    EXPECT_THROW(
        call(op::avg_pool_spread, {x}, {attrs[0], attrs[1], attrs[2], attrs[3], Ints{4, 4}}),
        InvalidArgument);
  }
}

}  // namespace
}  // namespace millstream
