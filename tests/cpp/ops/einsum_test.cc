#include "millstream/ops/einsum.h"

#include <gtest/gtest.h>

#include <map>

#include "millstream/ops/array.h"
#include "millstream/ops/matmul.h"
#include "millstream/ops/views.h"
#include "ops/numeric_gradient.h"

namespace millstream {
namespace {

using testing::expect_gradients;
using testing::random_tensor;

struct Case {
  const char* equation;
  std::vector<Shape> inputs;
  const char* written_out;  // without ellipsis, and over inputs of the same sizes in memory
  std::vector<Shape> plain = {};
};

// Loops over every label of an equation without ellipses.
std::vector<double> naive(const std::string& equation, const Tensors& in,
                          const std::vector<Shape>& shapes) {
  const size_t arrow = equation.find("->");
  std::vector<std::string> parts{""};
  for (const char c : equation.substr(0, arrow)) {
    if (c == ',')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  const std::string output = equation.substr(arrow + 2);
  std::map<char, int64_t> sizes, at;
  std::string labels = output;
  for (size_t i = 0; i < parts.size(); ++i) {
    for (size_t k = 0; k < parts[i].size(); ++k) {
      sizes[parts[i][k]] = std::max(sizes[parts[i][k]], shapes[i][static_cast<int>(k)]);
      if (labels.find(parts[i][k]) == labels.npos) labels += parts[i][k];
    }
  }
  std::vector<std::vector<double>> values;
  for (const Tensor& x : in) values.push_back(x.to_vector<double>());
  std::vector<double> result;
  const std::function<void(size_t)> loop = [&](size_t depth) {
    if (depth == output.size()) result.push_back(0);
    if (depth < labels.size()) {
      for (at[labels[depth]] = 0; at[labels[depth]] < sizes[labels[depth]]; ++at[labels[depth]]) {
        loop(depth + 1);
      }
      return;
    }
    double product = 1;
    for (size_t i = 0; i < parts.size(); ++i) {
      int64_t offset = 0;
      for (size_t k = 0; k < parts[i].size(); ++k) {
        const int64_t size = shapes[i][static_cast<int>(k)];
        offset = offset * size + (size == 1 ? 0 : at[parts[i][k]]);
      }
      product *= values[i][static_cast<size_t>(offset)];
    }
    result.back() += product;
  };
  loop(0);
  return result;
}

const Case kCases[] = {
    {"ij,jk->ik", {{2, 3}, {3, 4}}, "ij,jk->ik"},
    {"ij , jk", {{2, 3}, {3, 4}}, "ij,jk->ik"},
    {"ij,kj->ki", {{2, 3}, {4, 3}}, "ij,kj->ki"},
    {"ij->ji", {{2, 3}}, "ij->ji"},
    {"ji", {{2, 3}}, "ji->ij"},
    {"ij->", {{2, 3}}, "ij->"},
    {"ii->", {{3, 3}}, "ii->"},
    {"ii->i", {{3, 3}}, "ii->i"},
    {"iij,jk->ik", {{2, 2, 3}, {3, 2}}, "iij,jk->ik"},
    {"i,j->ij", {{2}, {3}}, "i,j->ij"},
    {"i,i->", {{4}, {4}}, "i,i->"},
    {"bqhd,bkhd->bhqk", {{2, 3, 2, 4}, {2, 5, 2, 4}}, "bqhd,bkhd->bhqk"},
    {"bij,bjk,bk->ib", {{2, 3, 4}, {2, 4, 2}, {2, 2}}, "bij,bjk,bk->ib"},
    {"abc,cde->abde", {{2, 2, 3}, {3, 2, 2}}, "abc,cde->abde"},
    {"...ij,...jk->...ik", {{2, 3, 4}, {4, 2}}, "bij,jk->bik"},
    {"...ij,jk", {{2, 3, 4}, {4, 2}}, "bij,jk->bik"},
    {"...i,...i->...", {{5, 3}, {2, 1, 3}}, "ai,bai->ba", {{5, 3}, {2, 1, 3}}},
};

TEST(Einsum, EqualsNaiveLoops) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.equation);
    Tensors in;
    for (size_t i = 0; i < c.inputs.size(); ++i) in.push_back(random_tensor(c.inputs[i], i + 1));
    const auto got = einsum(c.equation, in).to_vector<double>();
    const auto wanted = naive(c.written_out, in, c.plain.empty() ? c.inputs : c.plain);
    ASSERT_EQ(got.size(), wanted.size());
    for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], wanted[i], 1e-12);
    expect_gradients([&](const Tensors& x) { return einsum(c.equation, x); }, in,
                     c.inputs.size() < 3);
  }
}

TEST(Einsum, RefusesWhatMakesNoSense) {
  struct Row {
    const char* equation;
    std::vector<Shape> inputs;
    const char* message;
  };
  const Row rows[] = {
      {"ij,jk->ik", {{2, 3}, {4, 5}}, "Expected dimension 3 at axis 0 of the input shaped [4,5]"},
      {"ij,jk->iz", {{2, 3}, {3, 5}}, "Output subscripts contain the label z"},
      {"ij,jk", {{2, 3}}, "Got 1 inputs for equation \"ij,jk\", expecting 2"},
      {"ijk->", {{2, 3}}, "Expected input 0 to have rank 3 but got: 2"},
      {"i->ii", {{3}}, "the label i more than once"},
      {"i1->i", {{3, 3}}, "Subscripts have incorrect format"},
      {"ij->ij->i", {{3, 3}}, "Subscripts have incorrect format"},
      {"ii", {{3, 2}}, "Expected dimension 3 at axis 1"},
      {"...ij->ij", {{2, 3, 2}}, "no ellipsis (...) was found in the output"},
  };
  for (const Row& row : rows) {
    Tensors in;
    for (const Shape& shape : row.inputs) in.push_back(zeros(shape));
    try {
      einsum(row.equation, in);
      ADD_FAILURE() << "no error: " << row.message;
    } catch (const InvalidArgument& error) {
      EXPECT_NE(std::string(error.what()).find(row.message), std::string::npos) << error.what();
    }
  }
}

TEST(Einsum, InfersFromPartlyKnownShapes) {
  const Specs in{{float32, Shape{kUnknown, 3, 4}}, {float32, Shape{4, kUnknown}}};
  EXPECT_EQ(infer(op::einsum, in, {std::string("...ij,jk->...ik")})[0].shape,
            (Shape{kUnknown, 3, kUnknown}));
}

TEST(Tensordot, SumsOverPairsOfAxes) {
  const Tensor a = random_tensor(Shape{2, 3, 4}, 1), b = random_tensor(Shape{3, 4, 5}, 2);
  const Tensor flat = matmul(reshape(a, Shape{2, 12}), reshape(b, Shape{12, 5}));
  EXPECT_EQ(tensordot(a, b, 2).to_vector<double>(), flat.to_vector<double>());
  const auto got = tensordot(a, b, {2, 1}, {1, -3}).to_vector<double>();
  const auto wanted = flat.to_vector<double>();
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 1e-12);
  EXPECT_EQ(tensordot(a, b, 0).shape(), (Shape{2, 3, 4, 3, 4, 5}));
  EXPECT_THROW(tensordot(a, b, 1), InvalidArgument);
  EXPECT_THROW(tensordot(a, b, 5), InvalidArgument);
  EXPECT_THROW(tensordot(a, b, -1), InvalidArgument);
  EXPECT_THROW(tensordot(a, b, {0, 1}, {0}), InvalidArgument);
  EXPECT_THROW(tensordot(a, b, {1, 1}, {0, 0}), InvalidArgument);
  expect_gradients([](const Tensors& x) { return tensordot(x[0], x[1], {0}, {1}); },
                   {random_tensor(Shape{3, 2}, 1), random_tensor(Shape{2, 3}, 2)}, true);
}

}  // namespace
}  // namespace millstream
