#include "millstream/ops/scan.h"

#include <gtest/gtest.h>

#include <cmath>

#include "millstream/ops/argmax.h"
#include "millstream/ops/array.h"
#include "ops/gradient_check.h"

namespace millstream {
namespace {

using Step = double (*)(double, double);
struct Row {
  const Op* op;
  Step step;
  double start;
  bool (*takes)(DType);
};

double log_add(double a, double b) {
  const double larger = std::max(a, b);
  return std::isinf(larger) ? larger
                            : larger + std::log(std::exp(a - larger) + std::exp(b - larger));
}

const Row kRows[] = {
    {&op::cumsum, [](double a, double b) { return a + b; }, 0,
     [](DType d) { return d != boolean; }},
    {&op::cumprod, [](double a, double b) { return a * b; }, 1,
     [](DType d) { return d != boolean; }},
    {&op::cumulative_logsumexp, log_add, -INFINITY, is_floating},
};

// Calls f with the flat positions of each line along `axis`, in order.
template <class F>
void each_line(const Shape& shape, int axis, F f) {
  int64_t inner = 1;
  for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  for (int64_t at = 0; at < shape.elements(); ++at) {
    if (at / inner % shape[axis] != 0) continue;
    std::vector<size_t> line;
    for (int64_t i = 0; i < shape[axis]; ++i) line.push_back(static_cast<size_t>(at + i * inner));
    f(line);
  }
}

std::vector<double> scanned(const Row& row, std::vector<double> x, const Shape& shape, int axis,
                            bool exclusive, bool reverse) {
  each_line(shape, axis, [&](std::vector<size_t> line) {
    if (reverse) std::reverse(line.begin(), line.end());
    double so_far = row.start;
    for (const size_t at : line) {
      const double next = row.step(so_far, x[at]);
      x[at] = exclusive ? so_far : next;
      so_far = next;
    }
  });
  return x;
}

Tensor numbers(const Shape& shape, DType dtype) {
  return cast(spread_out(shape, is_unsigned(dtype) ? 2 : 0), dtype);
}

// Integers wrap around.
double stored(double value, DType dtype) {
  if (is_floating(dtype)) return value;
  return dispatch(dtype, [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<double>(static_cast<T>(static_cast<int64_t>(value)));
    }
    return value;
  });
}

TEST(Scan, AgreesWithNaiveLoops) {
  for (const Row& row : kRows) {
    for (size_t d = 0; d < kDTypes; ++d) {
      const DType dtype = static_cast<DType>(d);
      if (!row.takes(dtype)) {
        EXPECT_THROW(call(*row.op, {numbers({2}, dtype)}, {0, false, false}), InvalidArgument);
        continue;
      }
      for (const Shape& shape :
           {Shape{6}, Shape{3, 4}, Shape{2, 3, 300}, Shape{0, 3}, Shape{4, 1}}) {
        const Tensor x = numbers(shape, dtype);
        for (int variant = 0; variant < 4 * shape.rank(); ++variant) {
          const int axis = variant / 4;
          if (!is_floating(dtype) && shape[axis] > 10) continue;  // beyond what int64_t holds
          const bool exclusive = (variant & 1) != 0, reverse = (variant & 2) != 0;
          const Tensor y = call(*row.op, {x}, {int64_t{axis} - shape.rank(), exclusive, reverse});
          EXPECT_EQ(y.shape(), shape);
          const auto expected =
              scanned(row, x.to_vector<double>(), shape, axis, exclusive, reverse);
          const auto actual = y.to_vector<double>();
          const double slack = dtype == bfloat16 ? 0.03 : dtype == float16 ? 4e-3 : 1e-5;
          for (size_t i = 0; i < actual.size(); ++i) {
            if (std::isinf(expected[i]) && is_half(dtype)) continue;
            if (actual[i] == stored(expected[i], dtype)) continue;
            ASSERT_NEAR(actual[i], expected[i], slack * (1 + std::abs(expected[i])))
                << row.op->name() << " " << name_of(dtype) << shape.to_string() << " axis " << axis
                << " element " << i;
          }
        }
      }
    }
  }
}

TEST(Scan, RefusesAxesThatAreNotThere) {
  EXPECT_THROW(cumsum(Tensor(1.f)), InvalidArgument);
  EXPECT_THROW(cumsum(constant({1, 2}), {.axis = 1}), InvalidArgument);
  EXPECT_THROW(cumprod(constant({1, 2}), {.axis = INT64_MIN}), InvalidArgument);
}

TEST(Scan, LogSumExpKeepsInfinitiesAndNaN) {
  const Tensor x = constant({-INFINITY, -INFINITY, 1.f, INFINITY, NAN, 2.f});
  const auto y = cumulative_logsumexp(x).to_vector<double>();
  EXPECT_EQ(y[1], -INFINITY);
  EXPECT_EQ(y[2], 1);
  EXPECT_EQ(y[3], INFINITY);
  EXPECT_TRUE(std::isnan(y[4]) && std::isnan(y[5]));
}

// With zeros among the factors, where dividing the product by the element is no way.
TEST(Scan, GradientsAgreeWithDifferences) {
  const Tensor zeros = Tensor::from_host(
      float64, {2, 4}, std::vector<double>{1, 0, 2, 3, 0, -1, 0, 2}.data(), current_device());
  for (int variant = 0; variant < 4; ++variant) {
    const ScanOptions options = {
        .axis = 1, .exclusive = (variant & 1) != 0, .reverse = (variant & 2) != 0};
    SCOPED_TRACE(variant);
    const Tensor x = spread_out({2, 4});
    expect_gradients([&](const Tensors& v) { return cumsum(v[0], options); }, {x});
    expect_gradients([&](const Tensors& v) { return cumprod(v[0], options); }, {x});
    expect_gradients([&](const Tensors& v) { return cumprod(v[0], options); }, {zeros});
    expect_gradients([&](const Tensors& v) { return linear_recurrence(v[0], v[1], options); },
                     {zeros, x});
    // An exclusive one begins with -infinity, which has no differences.
    if (options.exclusive) continue;
    expect_gradients([&](const Tensors& v) { return cumulative_logsumexp(v[0], options); }, {x});
  }
}

TEST(Argmax, FindsTheFirstExtreme) {
  for (size_t d = 0; d < kDTypes; ++d) {
    const DType dtype = static_cast<DType>(d);
    for (const Shape& shape :
         {Shape{9}, Shape{3, 5}, Shape{2, 7, 3}, Shape{3, 600}, Shape{5'000, 2}}) {
      const Tensor x = numbers(shape, dtype);
      const std::vector<double> values = x.to_vector<double>();
      for (int axis = 0; axis < shape.rank(); ++axis) {
        std::vector<int64_t> largest, smallest;
        each_line(shape, axis, [&](const std::vector<size_t>& line) {
          size_t high = 0, low = 0;
          for (size_t i = 1; i < line.size(); ++i) {
            if (values[line[i]] > values[line[high]]) high = i;
            if (values[line[i]] < values[line[low]]) low = i;
          }
          largest.push_back(static_cast<int64_t>(high));
          smallest.push_back(static_cast<int64_t>(low));
        });
        EXPECT_EQ(argmax(x, {.axis = axis}).to_vector<int64_t>(), largest) << name_of(dtype);
        EXPECT_EQ(
            argmin(x, {.axis = axis - shape.rank(), .output_type = int32}).to_vector<int64_t>(),
            smallest)
            << name_of(dtype);
      }
    }
  }
}

TEST(Argmax, NaNIsNeverChosen) {
  EXPECT_EQ(argmax(constant({1.f, NAN, 2.f})).item<int>(), 2);
  EXPECT_EQ(argmax(constant({NAN, 1.f, 2.f})).item<int>(), 2);
  EXPECT_EQ(argmin(constant({{NAN, 1.f}, {3.f, NAN}})).to_vector<int>(), (std::vector<int>{1, 0}));
  EXPECT_EQ(argmax(constant({NAN, NAN})).item<int>(), 0);
  EXPECT_EQ(argmax(constant({-INFINITY, -INFINITY})).item<int>(), 0);
}

TEST(Argmax, RefusesWhatHasNoAnswer) {
  EXPECT_THROW(argmax(Tensor(1.f)), InvalidArgument);
  EXPECT_THROW(argmax(constant({1, 2}), {.axis = 1}), InvalidArgument);
  EXPECT_THROW(argmax(zeros({0, 3})), InvalidArgument);
  EXPECT_THROW(argmax(constant({1, 2}), {.output_type = float32}), InvalidArgument);
  EXPECT_EQ(argmax(zeros({3, 0})).shape(), Shape{0});
}

}  // namespace
}  // namespace millstream
