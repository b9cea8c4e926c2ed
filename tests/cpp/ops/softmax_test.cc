#include "millstream/ops/softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "millstream/autodiff/tape.h"
#include "millstream/ops/array.h"
#include "millstream/ops/normalize.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"
#include "ops/gradient_check.h"

namespace millstream {
namespace {

// Softmax, or its logarithm, of the lines along `axis` by hand.
std::vector<double> by_hand(const Tensor& logits, int axis, bool logarithm) {
  std::vector<double> x = logits.to_vector<double>();
  const Shape& shape = logits.shape();
  int64_t inner = 1;
  for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  for (int64_t at = 0; at < shape.elements(); ++at) {
    if (at / inner % shape[axis] != 0) continue;
    double sum = 0;
    for (int64_t i = 0; i < shape[axis]; ++i) sum += std::exp(x[at + i * inner]);
    for (int64_t i = 0; i < shape[axis]; ++i) {
      double& value = x[at + i * inner];
      value = logarithm ? value - std::log(sum) : std::exp(value) / sum;
    }
  }
  return x;
}

TEST(Softmax, AgreesWithNaiveLoops) {
  for (const DType dtype : {float32, float64, float16, bfloat16}) {
    const double slack = dtype == float64 ? 1e-12 : dtype == float32 ? 2e-6 : 2e-2;
    for (const Shape& shape : {Shape{5}, Shape{3, 1000}, Shape{2, 3, 17}, Shape{70, 1}, Shape{0, 3},
                               Shape{3, 0}, Shape{2, 33, 4}}) {
      const Tensor x = cast(spread_out(shape), dtype);
      for (int axis = 0; axis < shape.rank(); ++axis) {
        for (const bool logarithm : {false, true}) {
          const Tensor y = logarithm ? log_softmax(x, axis) : softmax(x, axis - shape.rank());
          EXPECT_EQ(y.shape(), shape);
          const auto expected = by_hand(x, axis, logarithm), actual = y.to_vector<double>();
          for (size_t i = 0; i < actual.size(); ++i) {
            ASSERT_NEAR(actual[i], expected[i], slack * (1 + std::abs(expected[i])))
                << name_of(dtype) << shape.to_string() << " axis " << axis;
          }
        }
      }
    }
  }
}

TEST(Softmax, LargeLogitsInfinityAndNaN) {
  const float inf = INFINITY;
  const Tensor x = constant({{1000.f, 1000.f, -inf}, {-inf, -inf, -inf}, {1.f, NAN, 2.f}});
  const auto y = softmax(x).to_vector<double>();
  EXPECT_NEAR(y[0], 0.5, 1e-6);
  EXPECT_EQ(y[2], 0);
  for (size_t i = 3; i < 9; ++i) EXPECT_TRUE(std::isnan(y[i])) << i;
  EXPECT_EQ(log_softmax(constant({-inf, 0.f})).to_vector<double>(), (std::vector<double>{-inf, 0}));
}

TEST(Softmax, RefusesWhatDoesNotFit) {
  EXPECT_THROW(softmax(constant({1, 2})), InvalidArgument);
  EXPECT_THROW(softmax(Tensor(1.f)), InvalidArgument);
  EXPECT_THROW(softmax(constant({1.f}), 1), InvalidArgument);
}

TEST(CrossEntropy, OfOneClassPerRow) {
  const Tensor logits = cast(spread_out({2, 3, 5}), float32);
  const Tensor labels = constant(std::vector<int64_t>{0, 4, 2, 1, 3, 0}, Shape{2, 3});
  const Tensor loss = sparse_softmax_cross_entropy_with_logits(labels, logits);
  EXPECT_EQ(loss.shape(), (Shape{2, 3}));
  const auto log_p = by_hand(logits, 2, true), actual = loss.to_vector<double>();
  const auto label = labels.to_vector<size_t>();
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(actual[i], -log_p[5 * i + label[i]], 1e-5);
  const Tensor int32_labels = cast(labels, int32);
  EXPECT_EQ(sparse_softmax_cross_entropy_with_logits(int32_labels, logits).to_vector<double>(),
            actual);
}

TEST(CrossEntropy, RefusesLabelsThatDoNotFit) {
  const Tensor logits = zeros({1, 10});
  for (const int label : {10, -1}) {
    try {
      sparse_softmax_cross_entropy_with_logits(constant({label}), logits);
      ADD_FAILURE() << "label " << label << " was taken";
    } catch (const InvalidArgument& error) {
      EXPECT_NE(error.message().find("Received a label value of " + std::to_string(label) +
                                     " which is outside the valid range of [0, 10)"),
                std::string::npos);
    }
  }
  EXPECT_THROW(sparse_softmax_cross_entropy_with_logits(constant({1, 2}), logits), InvalidArgument);
  EXPECT_THROW(sparse_softmax_cross_entropy_with_logits(constant({1.f}), logits), InvalidArgument);
  EXPECT_THROW(sparse_softmax_cross_entropy_with_logits(constant({0}), zeros({1, 0})),
               InvalidArgument);
  EXPECT_THROW(softmax_cross_entropy_with_logits(zeros({1, 3}), zeros({1, 2})), InvalidArgument);
  EXPECT_EQ(sparse_softmax_cross_entropy_with_logits(zeros({0}, int32), zeros({0, 3})).shape(),
            Shape{0});
}

TEST(CrossEntropy, GradientsAgreeWithDifferences) {
  const Tensor x = spread_out({2, 4}), labels = constant({1, 3});
  expect_gradients([](const Tensors& v) { return softmax(v[0]); }, {x});
  expect_gradients([](const Tensors& v) { return softmax(v[0], 0); }, {x});
  expect_gradients([](const Tensors& v) { return log_softmax(v[0]); }, {x});
  expect_gradients(
      [&](const Tensors& v) { return sparse_softmax_cross_entropy_with_logits(labels, v[0]); },
      {x});
  expect_gradients(
      [](const Tensors& v) { return softmax_cross_entropy_with_logits(softmax(v[0]), v[1]); },
      {spread_out({2, 4}, 0.3), x});
  expect_gradients([](const Tensors& v) { return sigmoid_cross_entropy_with_logits(v[0], v[1]); },
                   {spread_out({2, 4}, 0.3), x});
  expect_gradients([](const Tensors& v) { return reduce_logsumexp(v[0], {.axis = Ints{0}}); }, {x});
}

TEST(Normalize, ByTheirOwnStatistics) {
  const Tensor x = constant({{1.f, 2.f, 3.f}, {4.f, 6.f, 8.f}});
  const auto [mean, variance] = moments(x, {1});
  EXPECT_EQ(mean.to_vector<double>(), (std::vector<double>{2, 6}));
  EXPECT_NEAR(variance.to_vector<double>()[1], 8. / 3, 1e-6);
  const auto y = layer_normalization(x, ones({3}), zeros({3}), {-1}, 0).to_vector<double>();
  EXPECT_NEAR(y[0], -std::sqrt(1.5), 1e-6);
  EXPECT_NEAR(y[5], std::sqrt(1.5), 1e-6);
  const Tensor z = batch_normalization(x, constant({1.f, 2.f, 3.f}), constant({1.f, 4.f, 9.f}),
                                       constant({0.f, 0.f, 1.f}), constant({1.f, 2.f, 3.f}), 0);
  const auto expected = std::vector<double>{0, 0, 1, 3, 4, 6};
  const auto actual = z.to_vector<double>();
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-5);
  EXPECT_NEAR(l2_normalize(constant({3.f, 4.f})).to_vector<double>()[1], 0.8, 1e-6);
}

// f of (x, gamma, beta), after its gradients when g flows to it.
Tensors with_gradients(const Function& f, const Tensors& inputs, const Tensor& g, DType dtype) {
  Tensors v;
  for (const Tensor& input : inputs) v.push_back(cast(input, dtype));
  GradientTape tape;
  for (const Tensor& each : v) tape.watch(each);
  const Tensor y = f(v);
  const Tensors targets = {y};
  const std::vector<Source> sources(v.begin(), v.end());
  Tensors all = tape.gradient(targets, sources, {.output_gradients = {cast(g, dtype)}});
  all.push_back(y);
  return all;
}

void expect_composition(const Function& f, const Function& by_ops, const Shape& shape) {
  for (const DType dtype : {float32, float64, float16, bfloat16}) {
    SCOPED_TRACE(std::string(name_of(dtype)) + shape.to_string());
    const double slack = dtype == float64 ? 1e-11 : dtype == float32 ? 1e-5 : 6e-2;
    const Tensor x = cast(spread_out(shape, 2), dtype), g = cast(spread_out(shape, 1), dtype);
    const Tensor gamma = cast(spread_out({shape[-1]}, 1), dtype), beta = gamma + gamma;
    const Tensors expected = with_gradients(by_ops, {x, gamma, beta}, g, float64);
    const Tensors actual = with_gradients(f, {x, gamma, beta}, g, dtype);
    for (size_t k = 0; k < expected.size(); ++k) {
      EXPECT_EQ(actual[k].dtype(), dtype);
      const auto wanted = expected[k].to_vector<double>(), got = actual[k].to_vector<double>();
      ASSERT_EQ(got.size(), wanted.size());
      const double sums = k == 1 || k == 2 ? 10 : 1;
      for (size_t i = 0; i < got.size(); ++i) {
        ASSERT_NEAR(got[i], wanted[i], sums * slack * (1 + std::abs(wanted[i]))) << k << " " << i;
      }
    }
  }
}

TEST(Normalize, RowsAndColumnsAgreeWithTheCompositionOfOps) {
  for (const Shape& shape : {Shape{7}, Shape{3, 1}, Shape{200, 1000}, Shape{2, 3, 33}, Shape{0, 4},
                             Shape{3, 0}, Shape{5, 40, 32}, Shape{3, 1500}}) {
    for (const bool rows : {true, false}) {
      if (!rows && (shape.rank() == 1 || shape[0] == 0)) continue;  // the mean of nothing is NaN
      Ints axes;
      for (int i = rows ? shape.rank() - 1 : 0; i < shape.rank() - (rows ? 0 : 1); ++i) {
        axes.push_back(i);
      }
      SCOPED_TRACE(rows ? "rows" : "columns");
      expect_composition(
          [&](const Tensors& v) {
            return rows ? layer_normalization(v[0], v[1], v[2], {-1}, 0.1)
                        : normalize_columns(v[0], v[1], v[2], 0.1).result;
          },
          [&](const Tensors& v) {
            const auto [mean, variance] = moments(v[0], axes, true);
            return batch_normalization(v[0], mean, variance, v[2], v[1], 0.1);
          },
          shape);
    }
  }
}

TEST(Normalize, RowsRefuseWhatDoesNotFit) {
  const Tensor x = ones({2, 3}), row = ones({3}), wrong = ones({2});
  EXPECT_THROW(layer_normalization(x, wrong, row), InvalidArgument);
  EXPECT_THROW(layer_normalization(cast(x, int32), row, row), InvalidArgument);
  EXPECT_THROW(call(op::normalize_rows, {x, wrong, row}, {0.1}), InvalidArgument);
  EXPECT_THROW(call(op::normalize_rows, {x, row, cast(row, float64)}, {0.1}), InvalidArgument);
  EXPECT_THROW(call(op::normalize_rows, {Tensor(1.f), row, row}, {0.1}), InvalidArgument);
  EXPECT_THROW(call_all(op::normalize_rows_gradient, {x, row, row}, {0.1}), InvalidArgument);
  EXPECT_THROW(normalize_columns(x, row, wrong, 0.1), InvalidArgument);
  EXPECT_THROW(call(op::normalize_columns, {x, row, row, row, wrong}, {0.1}), InvalidArgument);
  EXPECT_THROW(call_all(op::normalize_columns_gradient, {x, row, row, row, row}, {0.1}),
               InvalidArgument);
}

TEST(Normalize, GradientsAgreeWithDifferences) {
  const Tensor x = spread_out({2, 4}), gamma = spread_out({4}, 1), beta = spread_out({4});
  expect_gradients([](const Tensors& v) { return layer_normalization(v[0], v[1], v[2]); },
                   {x, gamma, beta});
  expect_gradients(
      [](const Tensors& v) {
        return layer_normalization(v[0], v[1], v[2], {0, 2}, 0.1);
      },
      {spread_out({3, 2, 2}), spread_out({3, 1, 2}, 1), spread_out({3, 1, 2})});
  expect_gradients(
      [](const Tensors& v) {
        return layer_normalization(v[0], v[1], v[2], {1, 2}, 0.1);
      },
      {spread_out({2, 3, 2}), spread_out({1, 3, 2}, 1), spread_out({3, 2})});
  expect_gradients([](const Tensors& v) { return normalize_columns(v[0], v[1], v[2], 0.1).result; },
                   {spread_out({2, 3, 2}), spread_out({2}, 1), spread_out({2})});
  expect_gradients([](const Tensors& v) { return l2_normalize(v[0], {.axis = Ints{1}}); }, {x});
}

TEST(LogSumExp, KeepsInfinitiesAndEmptiness) {
  EXPECT_EQ(reduce_logsumexp(constant({-INFINITY, -INFINITY})).item<float>(), -INFINITY);
  EXPECT_EQ(reduce_logsumexp(constant({INFINITY, 1.f})).item<float>(), INFINITY);
  EXPECT_TRUE(std::isnan(reduce_logsumexp(constant({NAN, 1.f})).item<float>()));
  EXPECT_EQ(reduce_logsumexp(zeros({0, 1}), {.axis = Ints{0}}).item<float>(), -INFINITY);
  EXPECT_NEAR(reduce_logsumexp(constant({{1000.f, 1000.f}}), {.axis = Ints{1}, .keepdims = true})
                  .item<float>(),
              1000 + std::log(2), 1e-3);
}

}  // namespace
}  // namespace millstream
