#include "millstream/keras/initializers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "expect.h"
#include "millstream/keras/activations.h"
#include "millstream/keras/regularizers.h"
#include "millstream/ops/matmul.h"

namespace millstream::keras {
namespace {

using testing::HasSubstr;
using namespace initializers;

struct InitializerCase {
  const char* name;
  Initializer initializer;
  Shape shape;
  std::vector<double> values;  // the first that Keras draws with the same seed
};

const std::vector<InitializerCase>& initializer_cases() {
  static const std::vector<InitializerCase> cases = {
      {"Zeros", Zeros(), {2, 2}, {0, 0, 0, 0}},
      {"Ones", Ones(), {2}, {1, 1}},
      {"Constant", Constant({.value = 0.3}), {2}, {0.3, 0.3}},
      {"Identity", Identity({.gain = 2}), {2, 3}, {2, 0, 0, 0, 2, 0}},
      {"RandomNormal",
       RandomNormal({.seed = 7}),
       {2, 3},
       {-0.03370864, -0.01793463, -0.09397908, -0.07364466, -0.1003127, -0.05667162}},
      {"TruncatedNormal",
       TruncatedNormal({.seed = 7}),
       {2, 3},
       {-0.03370864, -0.01793463, -0.09397908, -0.07364466, -0.03626223, 0.0380179}},
      {"RandomUniform",
       RandomUniform({.seed = 7}),
       {2, 3},
       {0.02470788, 0.01721802, -0.04422205, 0.01442132, -0.04296914, 0.01681549}},
      {"VarianceScaling",
       VarianceScaling(
           {.scale = 2, .mode = "fan_out", .distribution = "untruncated_normal", .seed = 7}),
       {2, 3},
       {-0.5504598, -0.2928713, -1.534672, -1.202612, -1.638099, -0.9254437}},
      {"GlorotUniform",
       GlorotUniform({.seed = 7}),
       {3, 3, 2, 4},
       {0.1647192, 0.1147868, -0.2948136, 0.09614214, -0.286461, 0.1121032}},
      {"GlorotNormal",
       GlorotNormal({.seed = 7}),
       {2, 3},
       {-0.4847338, -0.2579019, -1.351429, -1.059018, -0.5214547, 0.5467014}},
      {"HeUniform",
       HeUniform({.seed = 7}),
       {2, 3},
       {0.8559059, 0.5964497, -1.531897, 0.4995691, -1.488495, 0.5825053}},
      {"HeNormal",
       HeNormal({.seed = 7}),
       {2, 3},
       {-0.7664315, -0.4077787, -2.136797, -1.674454, -0.8244923, 0.8644108}},
      {"LecunUniform",
       LecunUniform({.seed = 7}),
       {2, 3},
       {0.605217, 0.4217536, -1.083215, 0.3532487, -1.052525, 0.4118936}},
      {"LecunNormal",
       LecunNormal({.seed = 7}),
       {2, 3},
       {-0.5419489, -0.288343, -1.510944, -1.184018, -0.5830041, 0.6112307}},
      {"Orthogonal",
       Orthogonal({.seed = 7}),
       {3, 2},
       {-0.2381717, 0.2747638, -0.6640185, -0.7460243, -0.7087691, 0.606591}},
      {"OrthogonalWide",
       Orthogonal({.gain = 2, .seed = 7}),
       {2, 3},
       {-0.4763434, -1.328037, -1.417538, 0.5495275, -1.492049, 1.213182}}};
  return cases;
}

class InitializerValues : public testing::TestWithParam<InitializerCase> {};

TEST_P(InitializerValues, AreThoseOfKeras) {
  const InitializerCase& c = GetParam();
  const Tensor values = c.initializer(c.shape);
  EXPECT_EQ(values.shape(), c.shape);
  expect_begins(values, c.values, 1e-5);
}

TEST_P(InitializerValues, ComeInEveryFloatingDType) {
  const InitializerCase& c = GetParam();
  for (const DType dtype : {float16, bfloat16, float64}) {
    EXPECT_EQ(c.initializer(c.shape, dtype).dtype(), dtype);
  }
}

TEST_P(InitializerValues, ComeBackFromTheirConfiguration) {
  const InitializerCase& c = GetParam();
  const Config config = Config::from_json(c.initializer.to_config().to_json());
  const Initializer read = Initializer::from_config(config);
  EXPECT_EQ(read.to_config().to_json(), c.initializer.to_config().to_json());
  EXPECT_EQ(read(c.shape).to_vector<float>(), c.initializer(c.shape).to_vector<float>());
}

INSTANTIATE_TEST_SUITE_P(, InitializerValues, testing::ValuesIn(initializer_cases()),
                         [](const auto& param) { return param.param.name; });

TEST(Initializers, GoByTheirNames) {
  for (const char* name : {"glorot_uniform", "he_normal", "zeros", "uniform", "normal", "one",
                           "HeNormal", "orthogonal", "identity", "lecun_normal"}) {
    EXPECT_EQ(Initializer(name)({3, 3}).shape(), Shape({3, 3})) << name;
  }
  try {
    Initializer("glorot");
    FAIL();
  } catch (const NotFound& error) {
    EXPECT_THAT(error.what(), HasSubstr("no initializer is called 'glorot'"));
  }
}

TEST(Initializers, DifferUnlessSeeded) {
  EXPECT_NE(Initializer("normal")({4}).to_vector<float>(),
            Initializer("normal")({4}).to_vector<float>());
  set_random_seed(3);
  const auto first = Initializer("normal")({4}).to_vector<float>();
  set_random_seed(3);
  EXPECT_EQ(Initializer("normal")({4}).to_vector<float>(), first);
}

TEST(Initializers, MayBeFunctions) {
  const Initializer initializer = [](const Shape& shape, DType dtype) {
    return fill(shape, constant(2, dtype));
  };
  expect_equals(initializer({2}), {2, 2});
  EXPECT_THROW(initializer.to_config(), Unimplemented);
}

TEST(Initializers, SayWhatTheyCannotFill) {
  EXPECT_THROW(Initializer("identity")({2, 2, 2}), InvalidArgument);
  EXPECT_THROW(Initializer("orthogonal")({2}), InvalidArgument);
  EXPECT_THROW(VarianceScaling({.mode = "fan"}), InvalidArgument);
  EXPECT_THROW(VarianceScaling({.distribution = "flat"}), InvalidArgument);
  EXPECT_THROW(VarianceScaling({.scale = 0}), InvalidArgument);
}

TEST(Regularizers, AreThoseOfKeras) {
  using namespace regularizers;
  const Tensor w = constant({{1.f, -2.f}, {3.f, 0.5f}});
  const std::vector<std::pair<Regularizer, double>> cases = {
      {L1(), 0.065},
      {L2(), 0.1425},
      {L1L2({.l1 = 0.1, .l2 = 0.2}), 3.5},
      {OrthogonalRegularizer(), 0.002940858},
      // Of the columns Keras 3.15 divides by norms of the wrong axis; this is the mean |cosine|.
      {OrthogonalRegularizer({.factor = 0.5, .mode = "columns"}), 0.03834826},
      {"l2", 0.1425}};
  for (const auto& [regularizer, value] : cases) {
    expect_equals(regularizer(w), {value}, 1e-6);
    const Config config = regularizer.to_config();
    EXPECT_EQ(Regularizer::from_config(config).to_config(), config);
  }
  EXPECT_THROW(L2({.l2 = -1}), InvalidArgument);
  EXPECT_THROW(Regularizer("l3"), NotFound);
}

TEST(Activations, AreThoseOfKeras) {
  const std::vector<std::pair<const char*, std::vector<double>>> cases = {
      {"celu", {-0.950213, -0.5034147, -0.1812692, 0, 0.4, 2.5}},
      {"elu", {-0.950213, -0.5034147, -0.1812692, 0, 0.4, 2.5}},
      {"exponential", {0.04978707, 0.4965853, 0.8187308, 1, 1.491825, 12.18249}},
      {"gelu", {-0.004049696, -0.1693746, -0.08414806, 0, 0.2621687, 2.484476}},
      {"hard_shrink", {-3, -0.7, 0, 0, 0, 2.5}},
      {"hard_sigmoid", {0, 0.3833333, 0.4666667, 0.5, 0.5666667, 0.9166667}},
      {"hard_silu", {-0, -0.2683333, -0.09333333, 0, 0.2266667, 2.291667}},
      {"hard_swish", {-0, -0.2683333, -0.09333333, 0, 0.2266667, 2.291667}},
      {"hard_tanh", {-1, -0.7, -0.2, 0, 0.4, 1}},
      {"leaky_relu", {-0.6, -0.14, -0.04, 0, 0.4, 2.5}},
      {"linear", {-3, -0.7, -0.2, 0, 0.4, 2.5}},
      {"log_sigmoid", {-3.048587, -1.103186, -0.7981389, -0.6931472, -0.5130153, -0.07888974}},
      {"log_softmax", {-5.77505, -3.475049, -2.975049, -2.775049, -2.375049, -0.2750495}},
      {"mish", {-0.1456475, -0.2678702, -0.1071448, 0, 0.2890306, 2.471392}},
      {"relu", {0, 0, 0, 0, 0.4, 2.5}},
      {"relu6", {0, 0, 0, 0, 0.4, 2.5}},
      {"selu", {-1.670569, -0.885053, -0.3186893, 0, 0.4202804, 2.626753}},
      {"sigmoid", {0.04742587, 0.3318122, 0.450166, 0.5, 0.5986877, 0.9241418}},
      {"silu", {-0.1422776, -0.2322685, -0.0900332, 0, 0.2394751, 2.310354}},
      {"soft_shrink", {-2.5, -0.2, 0, 0, 0, 2}},
      {"softmax", {0.003104044, 0.0309603, 0.0510449, 0.06234639, 0.09300989, 0.7595345}},
      {"softplus", {0.04858735, 0.4031861, 0.5981389, 0.6931472, 0.9130152, 2.57889}},
      {"softsign", {-0.75, -0.4117647, -0.1666667, 0, 0.2857143, 0.7142857}},
      {"sparse_plus", {0, 0.0225, 0.16, 0.25, 0.49, 2.5}},
      {"sparse_sigmoid", {0, 0.15, 0.4, 0.5, 0.7, 1}},
      {"squareplus", {0.3027756, 0.709481, 0.9049876, 1, 1.219804, 2.850781}},
      {"swish", {-0.1422776, -0.2322685, -0.0900332, 0, 0.2394751, 2.310354}},
      {"tanh", {-0.9950547, -0.6043677, -0.1973753, 0, 0.379949, 0.9866143}},
      {"tanh_shrink", {-2.004945, -0.09563226, -0.002624676, 0, 0.02005103, 1.513386}},
  };
  const Tensor x = constant({{-3.f, -0.7f, -0.2f, 0.f, 0.4f, 2.5f}});
  std::vector<std::string> tested;
  for (const auto& [name, values] : cases) {
    SCOPED_TRACE(name);
    expect_equals(ActivationFunction(name)(x), values, 1e-5);
    EXPECT_EQ(ActivationFunction::from_config(ActivationFunction(name).to_config()).name(), name);
    tested.emplace_back(name);
  }
  EXPECT_EQ(tested, activations::names());
  EXPECT_THROW(ActivationFunction("rely"), NotFound);
}

}  // namespace
}  // namespace millstream::keras
