#include "millstream/ops/reduce.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "millstream/autodiff/tape.h"
#include "millstream/expr/expr.h"
#include "millstream/ops/array.h"
#include "millstream/ops/axes.h"
#include "millstream/ops/fold.h"
#include "ops/gradient_check.h"

namespace millstream {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Tensor counting(const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  return constant(values, shape);
}

// Small numbers that every dtype holds exactly, some of them 0.
Tensor small_numbers(const Shape& shape, DType dtype, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  const int low = is_unsigned(dtype) || dtype == boolean ? 0 : -2;
  for (float& value : values) {
    value = static_cast<float>(std::uniform_int_distribution<int>(low, 3)(random));
  }
  return cast(constant(values, shape), dtype);
}

// The reference: what each op makes of the elements that fold into one output.
using Reference = double (*)(const std::vector<double>&);
struct Row {
  const Op* op;
  Reference reference;
  bool (*takes)(DType);
};

double naive_mean(const std::vector<double>& x) {
  double sum = 0;
  for (const double value : x) sum += value;
  return sum / static_cast<double>(x.size());
}

double naive_variance(const std::vector<double>& x) {
  const double mean = naive_mean(x);
  double sum = 0;
  for (const double value : x) sum += (value - mean) * (value - mean);
  return sum / static_cast<double>(x.size());
}

template <class F>
double accumulate(const std::vector<double>& x, double start, F f) {
  for (const double value : x) start = f(start, value);
  return start;
}

bool numeric(DType d) { return d != boolean; }
bool only_bool(DType d) { return d == boolean; }
bool anything(DType) { return true; }

const Row kRows[] = {
    {&op::reduce_sum,
     [](const std::vector<double>& x) {
       return accumulate(x, 0, [](double a, double b) { return a + b; });
     },
     numeric},
    {&op::reduce_mean, naive_mean, numeric},
    {&op::reduce_prod,
     [](const std::vector<double>& x) {
       return accumulate(x, 1, [](double a, double b) { return a * b; });
     },
     numeric},
    {&op::reduce_max,
     [](const std::vector<double>& x) {
       return accumulate(x, -kInf, [](double a, double b) { return std::max(a, b); });
     },
     numeric},
    {&op::reduce_min,
     [](const std::vector<double>& x) {
       return accumulate(x, kInf, [](double a, double b) { return std::min(a, b); });
     },
     numeric},
    {&op::reduce_euclidean_norm,
     [](const std::vector<double>& x) {
       return std::sqrt(accumulate(x, 0, [](double a, double b) { return a + b * b; }));
     },
     numeric},
    {&op::reduce_variance, naive_variance, is_floating},
    {&op::reduce_std, [](const std::vector<double>& x) { return std::sqrt(naive_variance(x)); },
     is_floating},
    {&op::reduce_any,
     [](const std::vector<double>& x) {
       return accumulate(x, 0, [](double a, double b) { return a + b > 0; });
     },
     only_bool},
    {&op::reduce_all,
     [](const std::vector<double>& x) {
       return accumulate(x, 1, [](double a, double b) { return a * b > 0; });
     },
     only_bool},
    {&op::nonzeros,
     [](const std::vector<double>& x) {
       return accumulate(x, 0, [](double a, double b) { return a + (b != 0); });
     },
     anything},
};

// The elements that fold into each output, in row-major order of the outputs.
std::vector<std::vector<double>> groups(const Tensor& x, AxisSet axes) {
  const std::vector<double> values = x.to_vector<double>();
  int64_t outputs = 1;
  for (int i = 0; i < x.rank(); ++i) outputs *= axes.has(i) ? 1 : x.dim(i);
  std::vector<std::vector<double>> result(static_cast<size_t>(outputs));
  for (size_t position = 0; position < values.size(); ++position) {
    int64_t rest = static_cast<int64_t>(position), output = 0, stride = 1;
    for (int i = x.rank() - 1; i >= 0; --i) {
      if (!axes.has(i)) {
        output += rest % x.dim(i) * stride;
        stride *= x.dim(i);
      }
      rest /= x.dim(i);
    }
    result[static_cast<size_t>(output)].push_back(values[position]);
  }
  return result;
}

double tolerance(DType dtype) {
  return dtype == float64 ? 1e-11 : dtype == float32 ? 1e-5 : dtype == float16 ? 2e-3 : 1.6e-2;
}

// What the dtype makes of a result: integers are truncated and wrap around.
double stored(double value, DType dtype) {
  if (dtype == float16 && std::abs(value) >= 65520) return std::copysign(kInf, value);
  if (is_floating(dtype) || dtype == boolean) return value;
  if (std::isnan(value)) return 0;  // the mean of no integers
  return dispatch(dtype, [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_integral_v<T>) {
      if (value == kInf) return static_cast<double>(std::numeric_limits<T>::max());
      if (value == -kInf) return static_cast<double>(std::numeric_limits<T>::lowest());
      return static_cast<double>(static_cast<T>(static_cast<int64_t>(value)));
    }
    return value;
  });
}

void expect_close(double actual, double expected, DType dtype, double scale = 1) {
  if (std::isnan(expected) || std::isinf(expected) || !is_floating(dtype)) {
    EXPECT_TRUE(actual == expected || (std::isnan(actual) && std::isnan(expected)))
        << actual << " for " << expected;
  } else {
    EXPECT_NEAR(actual, expected, tolerance(dtype) * (scale + std::abs(expected)));
  }
}

Ints axes_of(unsigned set, int rank) {
  Ints axes;
  for (int i = 0; i < rank; ++i) {
    if ((set >> i & 1) != 0) axes.push_back(i % 2 == 0 ? i : i - rank);
  }
  return axes;
}

void check(const Row& row, const Tensor& x, const Attr& axis, bool keepdims,
           const std::vector<std::vector<double>>& folded) {
  SCOPED_TRACE(
      fmt::format("{} of {}{}", row.op->name(), name_of(x.dtype()), x.shape().to_string()) +
      (std::holds_alternative<Ints>(axis) ? fmt::format(", axes {}", std::get<Ints>(axis)) : ""));
  const Tensor y = call(*row.op, {x}, {axis, keepdims});
  EXPECT_EQ(y.shape(), reduced_shape(x.shape(), axis, keepdims));
  EXPECT_EQ(y.dtype(), row.op == &op::nonzeros ? int64 : x.dtype());
  const std::vector<double> actual = y.to_vector<double>();
  ASSERT_EQ(actual.size(), folded.size());
  for (size_t i = 0; i < actual.size() && !testing::Test::HasFailure(); ++i) {
    expect_close(actual[i], stored(row.reference(folded[i]), y.dtype()), y.dtype());
  }
}

void check_all(const Tensor& x, const Attr& axis, bool keepdims, const Op* except = nullptr) {
  const auto folded = groups(x, AxisSet::parse(axis, x.rank()));
  for (const Row& row : kRows) {
    if (row.op == except) continue;
    if (row.takes(x.dtype())) {
      check(row, x, axis, keepdims, folded);
    } else {
      EXPECT_THROW(call(*row.op, {x}, {axis, keepdims}), InvalidArgument) << row.op->name();
    }
  }
}

// Every set of axes of every shape, for every dtype that the op takes.
TEST(Reduce, AgreesWithNaiveLoops) {
  const Shape shapes[] = {{},  {1},          {7},    {2, 3},   {5, 1, 4},       {3, 0, 2},
                          {0}, {2, 3, 4, 3}, {1, 1}, {19, 37}, {2, 2, 2, 2, 2}, {4, 70, 3}};
  for (size_t d = 0; d < kDTypes; ++d) {
    for (const Shape& shape : shapes) {
      const Tensor x = small_numbers(shape, static_cast<DType>(d), d);
      check_all(x, Attr(), false);
      for (unsigned set = 0; set < 1u << shape.rank(); ++set) {
        check_all(x, axes_of(set, shape.rank()), set % 2 == 0);
      }
    }
  }
}

// Shapes that are cut into many pieces, in every pattern of kept and folded axes. No products,
// which overflow.
TEST(Reduce, AgreesWithNaiveLoopsOnLargeShapes) {
  const Shape shapes[] = {{40'003},      {3, 20'001},    {20'001, 3},  {150, 1'100},
                          {5, 129, 200}, {70, 9, 3, 50}, {9, 5'000, 2}};
  for (const DType dtype : {float32, bfloat16, int32, boolean}) {
    for (const Shape& shape : shapes) {
      const Tensor x = small_numbers(shape, dtype, 7);
      for (unsigned set = 1; set < 1u << shape.rank() && !HasFailure(); ++set) {
        check_all(x, axes_of(set, shape.rank()), false, &op::reduce_prod);
      }
    }
  }
}

TEST(Reduce, RefusesAxesThatAreNotThere) {
  const Tensor x = counting(Shape{2, 3, 2});
  EXPECT_THROW(reduce_sum(x, {.axis = Ints{3}}), InvalidArgument);
  EXPECT_THROW(reduce_max(x, {.axis = Ints{-4}}), InvalidArgument);
  EXPECT_THROW(reduce_sum(x, {.axis = Ints{0, -3}}), InvalidArgument);
}

TEST(Reduce, InfersFromUnknownShapes) {
  const auto shape = [](const Shape& x, const Attr& axis, bool keepdims) {
    return infer(op::reduce_sum, std::vector<Spec>{{float32, x}}, {axis, keepdims})[0].shape;
  };
  EXPECT_EQ(shape({kUnknown, 3}, Ints{1}, false), Shape{kUnknown});
  EXPECT_EQ(shape({kUnknown, 3}, Ints{0}, true), (Shape{1, 3}));
  EXPECT_EQ(shape(Shape::unknown(), Attr(), false), Shape{});
  EXPECT_EQ(shape(Shape::unknown(), Ints{0}, false), Shape::unknown());
}

TEST(Reduce, NaNAndInfinity) {
  const float nan = NAN, inf = INFINITY;
  const Tensor x = constant({{1.f, nan, 2.f}, {inf, -inf, 0.f}, {-inf, -inf, -inf}});
  const ReduceOptions rows = {.axis = Ints{1}};
  const std::vector<double> max = reduce_max(x, rows).to_vector<double>();
  EXPECT_TRUE(std::isnan(max[0]));
  EXPECT_EQ(max[1], kInf);
  EXPECT_EQ(max[2], -kInf);
  EXPECT_TRUE(std::isnan(reduce_min(x, rows).to_vector<double>()[0]));
  EXPECT_TRUE(std::isnan(reduce_max(x, {.axis = Ints{0}}).to_vector<double>()[1]));
  EXPECT_TRUE(std::isnan(reduce_sum(x, rows).to_vector<double>()[1]));
  EXPECT_EQ(count_nonzero(x).item<int>(), 8);
  EXPECT_EQ(count_nonzero(x, {.dtype = float32}).dtype(), float32);
}

TEST(Reduce, IntegersWrapAroundAndTruncate) {
  EXPECT_EQ(reduce_sum(cast(constant({100, 100, 101}), int8)).item<int>(), 45);
  EXPECT_EQ(reduce_mean(cast(constant({100, 100, 101}), int8)).item<int>(), 100);
  EXPECT_EQ(reduce_mean(constant({-1, -2})).item<int>(), -1);
  EXPECT_EQ(reduce_mean(constant({INT32_MAX, INT32_MAX})).item<int>(), INT32_MAX);
  EXPECT_EQ(reduce_euclidean_norm(constant({2, 4})).item<int>(), 4);
  EXPECT_EQ(reduce_prod(cast(constant({200, 200}), uint16)).item<int>(), 40'000);
}

// 2^24 additions one after the other would stop at 2^24 - or, of 0.1, be wrong by 20 %.
TEST(Reduce, SumsOfManyFloatsAreAccurate) {
  const Tensor x = fill(Shape{1 << 24}, Tensor(0.1f));
  const double exact = (1 << 24) * static_cast<double>(0.1f);
  EXPECT_NEAR(reduce_sum(x).item<double>() / exact, 1, 1e-6);
  const Tensor columns = x.view(Shape{1 << 23, 2}, Dims{2, 1});
  EXPECT_NEAR(reduce_sum(columns, {.axis = Ints{0}}).to_vector<double>()[1] / exact, 0.5, 1e-6);
  EXPECT_NEAR(reduce_sum(cast(x, bfloat16)).item<double>() / exact, 1, 1e-2);
  // The variance of numbers that are far from 0.
  const Tensor far = cast(constant({10'000'001.f, 10'000'002.f, 10'000'003.f}), float32);
  EXPECT_NEAR(reduce_variance(far).item<double>(), 2. / 3, 1e-6);
}

TEST(Reduce, DoesNotDependOnTheNumberOfThreads) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> values(1'000'000);
  for (float& value : values) value = normal(random);
  for (const Shape& shape : {Shape{1'000'000}, Shape{1'000, 1'000}, Shape{100'000, 10}}) {
    const Tensor x = constant(values, shape);
    const ReduceOptions first = {.axis = Ints{0}};
    const Tensor all = reduce_sum(x, first);
    const int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    EXPECT_EQ(reduce_sum(x, first).to_vector<float>(), all.to_vector<float>());
    omp_set_num_threads(threads);
  }
}

// The declarations mean the same as expressions, which GPU kernels are made of.
TEST(Reduce, FoldsAreExpressionsAsWell) {
  const std::vector<double> x = {3, -1, 0, 2};
  const auto folded = [&](const auto& fold, double start) {
    const Expr a = Expr::input(0), b = Expr::input(1);
    for (const double value : x) {
      const double lifted = evaluate(fold.lift(a), std::vector{value});
      start = evaluate(fold.combine(a, b), std::vector{start, lifted});
    }
    return evaluate(fold.finish(a, b), std::vector{start, static_cast<double>(x.size())});
  };
  EXPECT_EQ(folded(fold::sum, 0), 4);
  EXPECT_EQ(folded(fold::mean, 0), 1);
  EXPECT_EQ(folded(fold::prod, 1), 0);
  EXPECT_EQ(folded(fold::max, -kInf), 3);
  EXPECT_EQ(folded(fold::min, kInf), -1);
  EXPECT_EQ(folded(fold::count_nonzero, 0), 3);
  EXPECT_EQ(folded(fold::euclidean_norm, 0), std::sqrt(14));
}

TEST(Reduce, GradientsAgreeWithDifferences) {
  struct Case {
    const Op* op;
    int order;
  };
  // Nothing flows through the choice of an extreme, so its second order is 0.
  const Case cases[] = {{&op::reduce_sum, 1},  {&op::reduce_mean, 2},
                        {&op::reduce_prod, 2}, {&op::reduce_max, 1},
                        {&op::reduce_min, 1},  {&op::reduce_euclidean_norm, 2},
                        {&op::reduce_std, 2},  {&op::reduce_variance, 2}};
  const Tensor x = spread_out({2, 3, 2});
  for (const auto& [op, order] : cases) {
    for (unsigned set = 0; set < 8; ++set) {
      if (set == 0 && op == &op::reduce_std) continue;  // no derivative at 0
      SCOPED_TRACE(fmt::format("{} of axes {}", op->name(), axes_of(set, 3)));
      const Attrs attrs = {axes_of(set, 3), set % 2 == 0};
      expect_gradients([&](const Tensors& v) { return call(*op, {v[0]}, attrs); }, {x}, order);
    }
  }
  expect_gradients([](const Tensors& v) { return mean_and_variance(v[0], {.axis = Ints{1}}).mean; },
                   {x});
  expect_gradients([](const Tensors& v) { return spread(v[0], Shape{2, 4, 3, 2}, {1}); }, {x}, 1);
}

TEST(Reduce, GradientOfAProductWithZeros) {
  const double values[] = {2, 0, 3, 4, 0, 0};
  const Tensor x = Tensor::from_host(float64, {2, 3}, values, current_device());
  for (const Ints& axis : {Ints{1}, Ints{0, 1}, Ints{0}}) {
    expect_gradients([&](const Tensors& v) { return reduce_prod(v[0], {.axis = axis}); }, {x});
  }
}

TEST(Reduce, TiesShareTheGradientEqually) {
  const Tensor x = constant({{1.f, 3.f, 3.f}, {2.f, 2.f, 2.f}});
  GradientTape tape;
  tape.watch(x);
  const Tensor y = reduce_max(x, {.axis = Ints{1}});
  const std::vector<float> third(3, 1.f / 3);
  EXPECT_EQ(tape.gradient(y, x).to_vector<float>(),
            (std::vector<float>{0, 0.5f, 0.5f, third[0], third[1], third[2]}));
}

TEST(Reduce, SpreadIsTheAdjointOfSum) {
  const Tensor x = counting(Shape{2, 1, 3});
  const Tensor y = spread(x, Shape{2, 4, 3}, {1});
  EXPECT_EQ(reduce_sum(y, {.axis = Ints{1}}).to_vector<float>(),
            (std::vector<float>{0, 4, 8, 12, 16, 20}));
  EXPECT_EQ(spread(counting(Shape{2}), Shape{2, 2}, {1}).to_vector<float>(),
            (std::vector<float>{0, 0, 1, 1}));
  EXPECT_THROW(spread(x, Shape{2, 4, 4}, {1}), InvalidArgument);
}

TEST(Reduce, SumToShapeUndoesBroadcasting) {
  const Tensor x = counting(Shape{2, 3, 2});
  EXPECT_EQ(sum_to_shape(x, x.shape()).id(), x.id());
  EXPECT_EQ(sum_to_shape(x, Shape{2}).to_vector<float>(), (std::vector<float>{30, 36}));
  EXPECT_EQ(sum_to_shape(x, Shape{3, 1}).to_vector<float>(), (std::vector<float>{14, 22, 30}));
  EXPECT_EQ(sum_to_shape(x, Shape{}).item<float>(), 66);
  EXPECT_EQ(sum_to_shape(x, Shape{1, 1, 2}).shape(), (Shape{1, 1, 2}));
  EXPECT_THROW(sum_to_shape(x, Shape{4}), InvalidArgument);
}

}  // namespace
}  // namespace millstream
