#include "millstream/ops/matmul.h"

#include <gtest/gtest.h>

#include "millstream/ops/array.h"
#include "millstream/ops/elementwise.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/slice.h"
#include "millstream/ops/views.h"
#include "ops/numeric_gradient.h"

namespace millstream {
namespace {

using testing::expect_gradients;
using testing::random_tensor;

// Elements of a broadcast batch of matrices, one at a time.
double element(const std::vector<double>& x, const Shape& shape, const Shape& batch, int64_t at,
               int64_t row, int64_t column) {
  int64_t offset = 0, step = 1;
  for (int i = 1; i <= batch.rank(); ++i) {
    const int64_t index = at % batch[-i];
    at /= batch[-i];
    if (i + 2 > shape.rank()) continue;
    if (shape[-i - 2] != 1) offset += index * step;
    step *= shape[-i - 2];
  }
  return x[(offset * shape[-2] + row) * shape[-1] + column];
}

std::vector<double> naive(const Tensor& a, const Tensor& b, bool ta, bool tb, const Shape& out) {
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  const Shape batch(std::span<const int64_t>(out.dims()).first(out.rank() - 2));
  const int64_t inner = a.shape()[ta ? -2 : -1];
  std::vector<double> result;
  for (int64_t at = 0; at < batch.elements(); ++at) {
    for (int64_t i = 0; i < out[-2]; ++i) {
      for (int64_t j = 0; j < out[-1]; ++j) {
        double sum = 0;
        for (int64_t p = 0; p < inner; ++p) {
          sum += element(x, a.shape(), batch, at, ta ? p : i, ta ? i : p) *
                 element(y, b.shape(), batch, at, tb ? j : p, tb ? p : j);
        }
        result.push_back(sum);
      }
    }
  }
  return result;
}

double tolerance(DType dtype) {
  return is_integer(dtype)  ? 0
         : dtype == float64 ? 1e-12
         : dtype == float32 ? 2e-5
         : dtype == float16 ? 4e-3
                            : 3e-2;
}

struct Case {
  Shape a, b, product;
};

Shape swapped(const Shape& shape) {
  Dims dims = shape.dims();
  std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
  return Shape(dims);
}

void expect_product(const Case& c, DType dtype, bool ta, bool tb, bool as_views) {
  // As views the operands lie transposed in memory and the flags stay unset.
  Tensor a = random_tensor(ta ? swapped(c.a) : c.a, 1, dtype);
  Tensor b = random_tensor(tb ? swapped(c.b) : c.b, 2, dtype);
  if (as_views) {
    if (ta) a = matrix_transpose(a);
    if (tb) b = matrix_transpose(b);
    ta = tb = false;
  }
  const Tensor y = matmul(a, b, {.transpose_a = ta, .transpose_b = tb});
  ASSERT_EQ(y.shape(), c.product);
  ASSERT_EQ(y.dtype(), dtype);
  const std::vector<double> expected = naive(a, b, ta, tb, c.product), got = y.to_vector<double>();
  const double scale = 1 + std::sqrt(static_cast<double>(c.a[-1]));
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i], tolerance(dtype) * scale) << "element " << i;
  }
}

TEST(Matmul, EqualsNaiveLoops) {
  const Case cases[] = {
      {{2, 2}, {2, 2}, {2, 2}},
      {{1, 1}, {1, 1}, {1, 1}},
      {{3, 5}, {5, 17}, {3, 17}},
      {{16, 16}, {16, 16}, {16, 16}},
      {{17, 33}, {33, 65}, {17, 65}},
      {{1, 64}, {64, 100}, {1, 100}},
      {{100, 64}, {64, 1}, {100, 1}},
      {{70, 1}, {1, 90}, {70, 90}},
      {{49, 300}, {300, 101}, {49, 101}},
      {{4, 3, 5}, {5, 2}, {4, 3, 2}},
      {{4, 3, 5}, {4, 5, 2}, {4, 3, 2}},
      {{3, 5}, {4, 5, 2}, {4, 3, 2}},
      {{2, 1, 20, 30}, {3, 30, 20}, {2, 3, 20, 20}},
      {{2, 3, 40, 30}, {2, 1, 30, 20}, {2, 3, 40, 20}},
      {{5, 40, 30}, {30, 20}, {5, 40, 20}},
      {{6, 1, 30}, {30, 40}, {6, 1, 40}},
      {{3, 1, 2, 2, 2}, {4, 1, 2, 3}, {3, 4, 2, 2, 3}},
  };
  for (const Case& c : cases) {
    for (const DType dtype : {float32, float64, float16, bfloat16, int32, int64, int16}) {
      for (int flags = 0; flags < 8; ++flags) {
        SCOPED_TRACE(c.a.to_string() + " x " + c.b.to_string() + " " + std::string(name_of(dtype)) +
                     " flags " + std::to_string(flags));
        expect_product(c, dtype, flags & 1, flags & 2, flags & 4);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Large operands beside few rows or one column are read where they lie.
TEST(Matmul, OfFewRows) {
  struct Size {
    int64_t m, k, n;
  };
  for (const auto [m, k, n] : {Size{1, 523, 1201},
                               {2, 523, 1201},
                               {7, 1201, 523},
                               {8, 9000, 64},
                               {13, 523, 1201},
                               {13, 2049, 4100}}) {
    SCOPED_TRACE(std::to_string(m) + " x " + std::to_string(k) + " x " + std::to_string(n));
    const Tensor many = random_tensor(Shape{40, k}, 1), b = random_tensor(Shape{k, n}, 2);
    const Tensor a = slice(many, {0, 0}, {m, k}), bias = random_tensor(Shape{n}, 3);
    const auto expected = slice(matmul(many, b), {0, 0}, {m, n}).to_vector<double>();
    const auto shifts = bias.to_vector<double>();
    for (const DType dtype : {float32, float64}) {
      const double slack = tolerance(dtype) * (1 + std::sqrt(static_cast<double>(k)));
      const Tensor x = cast(a, dtype), w = cast(b, dtype);
      const auto row = matmul(x, w).to_vector<double>();
      const auto column = matrix_transpose(matmul(w, x, {.transpose_a = true, .transpose_b = true}))
                              .to_vector<double>();
      const auto dense = fused_dense(x, w, cast(bias, dtype), {.activation = "relu"});
      const auto active = dense.to_vector<double>();
      for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_NEAR(row[i], expected[i], slack) << i;
        ASSERT_NEAR(column[i], expected[i], slack) << i;
        ASSERT_NEAR(active[i], std::max(0., expected[i] + shifts[i % shifts.size()]), slack) << i;
      }
    }
  }
}

TEST(Matmul, ReadsAnyView) {
  const Tensor x = random_tensor(Shape{3, 7, 4, 5}, 1, float32);
  const Tensor heads = transpose(x, Ints{0, 2, 1, 3});                // [3, 4, 7, 5]
  const Tensor scores = matmul(heads, heads, {.transpose_b = true});  // [3, 4, 7, 7]
  const Tensor copied = matmul(identity(heads), identity(heads), {.transpose_b = true});
  EXPECT_EQ(scores.to_vector<float>(), copied.to_vector<float>());
  const Tensor wide = broadcast_to(random_tensor(Shape{1, 6}, 3, float32), Shape{40, 6});
  const Tensor y = random_tensor(Shape{6, 50}, 4, float32);
  EXPECT_EQ(matmul(wide, y).to_vector<float>(), matmul(identity(wide), y).to_vector<float>());
}

TEST(Matmul, GivesTheTypeThatIsAskedFor) {
  const Tensor x = fill(Shape{1, 100}, Tensor::scalar(100, int8));
  const Tensor y = matmul(x, x, {.transpose_b = true, .output_type = int32});
  EXPECT_EQ(y.dtype(), int32);
  EXPECT_EQ(y.item<int>(), 1000000);
  EXPECT_THROW(matmul(x, x, {.transpose_b = true, .output_type = float32}), InvalidArgument);
}

TEST(Matmul, SumsOfNothingAreZero) {
  for (const DType dtype : {float32, float64, bfloat16, int32}) {
    EXPECT_EQ(matmul(zeros({2, 0}, dtype), zeros({0, 3}, dtype)).to_vector<float>(),
              std::vector<float>(6, 0));
    EXPECT_EQ(matmul(zeros({0, 2}, dtype), zeros({2, 3}, dtype)).shape(), (Shape{0, 3}));
    EXPECT_EQ(matmul(zeros({0, 4, 2}, dtype), zeros({2, 3}, dtype)).shape(), (Shape{0, 4, 3}));
  }
  EXPECT_EQ(fused_dense(zeros({2, 0}), zeros({0, 2}), constant({-1.f, 2.f}), {.activation = "relu"})
                .to_vector<float>(),
            (std::vector<float>{0, 2, 0, 2}));
}

void expect_message(const std::function<void()>& f, const std::string& text) {
  try {
    f();
    FAIL() << "no error, expected: " << text;
  } catch (const InvalidArgument& error) {
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
  }
}

TEST(Matmul, RefusesWhatDoesNotFit) {
  const Tensor x = zeros({2, 3});
  expect_message(
      [&] {
        matmul(x, zeros({4, 5}));
      },
      "Matrix size-incompatible: In[0]: [2,3], In[1]: [4,5]");
  expect_message([&] { matmul(zeros({3}), zeros({3, 5})); }, "In[0] ndims must be >= 2");
  expect_message(
      [&] {
        matmul(zeros({2, 2, 3}), zeros({3, 3, 5}));
      },
      "In[0] and In[1] must have compatible batch dimensions: [2,2,3] vs. [3,3,5]");
  expect_message(
      [&] {
        matmul(x, zeros({3, 5}, float64));
      },
      "cannot compute matmul as input #1 was expected to be a float32 tensor");
  expect_message([&] { matmul(cast(x, boolean), zeros({3, 5}, boolean)); }, "not bool");
  expect_message([&] { matmul(x, x, {.transpose_a = true, .adjoint_a = true}); },
                 "Only one of `transpose_a` and `adjoint_a` can be True");
  expect_message([&] { fused_dense(x, zeros({3, 4}), zeros({3})); }, "kernel: [3,4], bias: [3]");
  expect_message(
      [&] {
        fused_dense(x, zeros({3, 4}), zeros({4}), {.activation = "rely"});
      },
      "'rely' is no activation");
}

TEST(Matmul, InfersFromPartlyKnownShapes) {
  const auto shape = [](const Shape& a, const Shape& b) {
    return infer(op::matmul, Specs{{float32, a}, {float32, b}},
                 {false, false, false, false, false, false, Attr()})[0]
        .shape;
  };
  EXPECT_EQ(shape({kUnknown, 3}, {3, 4}), (Shape{kUnknown, 4}));
  EXPECT_EQ(shape({kUnknown, 2, kUnknown}, {5, 3, 4}), (Shape{5, 2, 4}));
  EXPECT_EQ(shape(Shape::unknown(), {3, 4}), Shape::unknown());
}

TEST(Matmul, HasGradients) {
  const Case cases[] = {{{3, 4}, {4, 2}, {3, 2}},
                        {{2, 3, 4}, {4, 2}, {2, 3, 2}},
                        {{3, 4}, {2, 4, 2}, {2, 3, 2}},
                        {{2, 1, 2, 3}, {2, 3, 2}, {2, 2, 2, 2}}};
  for (const Case& c : cases) {
    for (int flags = 0; flags < 4; ++flags) {
      SCOPED_TRACE(c.a.to_string() + " flags " + std::to_string(flags));
      const bool ta = flags & 1, tb = flags & 2;
      expect_gradients(
          [&](const Tensors& x) {
            return matmul(x[0], x[1], {.transpose_a = ta, .transpose_b = tb});
          },
          {random_tensor(ta ? swapped(c.a) : c.a, 1), random_tensor(tb ? swapped(c.b) : c.b, 2)},
          true);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Matvec, IsAProductWithOneColumn) {
  const Tensor a = random_tensor(Shape{2, 3, 4}, 1), x = random_tensor(Shape{2, 4}, 2);
  const Tensor y = matvec(a, x);
  EXPECT_EQ(y.shape(), (Shape{2, 3}));
  EXPECT_EQ(y.to_vector<double>(), matmul(a, expand_dims(x, -1)).to_vector<double>());
  EXPECT_EQ(matvec(a, random_tensor(Shape{2, 3}, 3), {.transpose_a = true}).shape(), (Shape{2, 4}));
  EXPECT_THROW(matvec(a, zeros({2, 5}, float64)), InvalidArgument);
  EXPECT_THROW(matvec(a, zeros({}, float64)), InvalidArgument);
}

TEST(FusedDense, EqualsItsParts) {
  for (const DType dtype : {float32, float64, bfloat16, float16}) {
    for (const Shape& shape : {Shape{5, 7}, Shape{40, 7}, Shape{2, 30, 7}, Shape{7}}) {
      for (const char* activation : {"", "relu", "tanh"}) {
        const Tensor x = random_tensor(shape, 1, dtype),
                     kernel = random_tensor(Shape{7, 33}, 2, dtype);
        const Tensor bias = random_tensor(Shape{33}, 3, dtype);
        const Tensor rows = shape.rank() == 1 ? expand_dims(x, 0) : x;
        const Tensor expected = apply_activation(
            activation,
            add(matmul(cast(rows, float64), cast(kernel, float64)), cast(bias, float64)));
        const auto got =
            fused_dense(x, kernel, bias, {.activation = activation}).to_vector<double>();
        const auto wanted = expected.to_vector<double>();
        ASSERT_EQ(got.size(), wanted.size());
        for (size_t i = 0; i < got.size(); ++i) {
          ASSERT_NEAR(got[i], wanted[i], 4 * tolerance(dtype)) << shape.to_string() << activation;
        }
      }
    }
  }
}

TEST(FusedDense, HasGradients) {
  for (const Shape& shape : {Shape{5, 3}, Shape{2, 2, 3}, Shape{3}}) {
    for (const char* activation : {"", "relu", "tanh"}) {
      SCOPED_TRACE(shape.to_string() + activation);
      expect_gradients(
          [&](const Tensors& x) {
            return fused_dense(x[0], x[1], x[2], {.activation = activation});
          },
          {random_tensor(shape, 1), random_tensor(Shape{3, 4}, 2), random_tensor(Shape{4}, 3)},
          true);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ReluBiasGradient, MasksAndAddsUp) {
  for (const DType dtype : {float32, float64, bfloat16}) {
    const Tensor g = random_tensor(Shape{300, 5, 41}, 1, dtype),
                 y = random_tensor(g.shape(), 2, dtype);
    const auto [gradient, bias] = relu_bias_gradient(g, y);
    const Tensor masked = where(greater(y, Tensor::scalar(0, dtype)), g, Tensor::scalar(0, dtype));
    EXPECT_EQ(gradient.to_vector<double>(), masked.to_vector<double>());
    const auto sums = reduce_sum(cast(masked, float64), {.axis = Ints{0, 1}}).to_vector<double>();
    const auto got = bias.to_vector<double>();
    for (size_t i = 0; i < sums.size(); ++i)
      EXPECT_NEAR(got[i], sums[i], dtype == bfloat16 ? 0.5 : 1e-4);
  }
}

}  // namespace
}  // namespace millstream
