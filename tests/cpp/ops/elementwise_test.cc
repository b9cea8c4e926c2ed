#include "millstream/ops/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace millstream {
namespace {

std::string_view first_name(const MapInfo& info) {
  return info.names.substr(0, info.names.find(' '));
}

// Where an op's inputs lie while its gradient is compared with differences.
std::vector<double> point(const MapInfo& info) {
  const std::string_view name = first_name(info);
  if (name == "math.acosh") return {1.7};
  if (name == "math.zeta") return {2.3, 1.7};
  if (name == "math.polygamma") return {2, 1.7};
  if (name == "math.betainc") return {1.5, 2.5, .4};
  if (name == "clip_by_value") return {.3, -1, 1};
  if (name == "where") return {1, .4, .7};
  std::vector<double> at = {.4, 1.7, 2.3};
  at.resize(info.arity);
  return at;
}

double central(Expr e, std::vector<double> at, int input) {
  const double h = 1e-5;
  std::vector<double> high = at, low = at;
  high[input] += h;
  low[input] -= h;
  return (evaluate(e, high) - evaluate(e, low)) / (2 * h);
}

// The gradient of a map at a point: its own formula, given the output and g = 1.5.
double gradient_at(const MapInfo& info, int input, std::vector<double> at) {
  at.resize(info.arity);
  const double y = evaluate(info.body, at);
  at.insert(at.end(), {y, 1.5});
  return evaluate(info.gradients[input], at);
}

TEST(Elementwise, NamesAreUniqueAndDocumented) {
  std::set<std::string> names;
  for (const MapInfo& info : map_infos()) {
    std::string_view rest = info.names;
    while (!rest.empty()) {
      const size_t space = std::min(rest.find(' '), rest.size());
      EXPECT_TRUE(names.insert(std::string(rest.substr(0, space))).second) << rest;
      rest.remove_prefix(std::min(space + 1, rest.size()));
    }
    EXPECT_TRUE(info.doc.ends_with('.')) << info.names;
    const auto commas = std::count(info.parameters.begin(), info.parameters.end(), ',');
    EXPECT_EQ(commas + 1, info.arity) << info.names;
  }
  EXPECT_TRUE(names.contains("nn.leaky_relu"));
}

TEST(Elementwise, GradientsAgreeWithDifferences) {
  for (const MapInfo& info : map_infos()) {
    for (size_t i = 0; i < info.gradients.size(); ++i) {
      if (info.gradients[i].is_constant(0)) continue;
      const double want = 1.5 * central(info.body, point(info), static_cast<int>(i));
      EXPECT_NEAR(gradient_at(info, static_cast<int>(i), point(info)), want,
                  2e-8 * std::max(1., std::abs(want)))
          << info.names << " by input " << i << ": " << to_string(info.gradients[i]);
    }
  }
}

// The gradient as an expression of x alone, whose own derivative must be right as well.
TEST(Elementwise, SecondDerivativesAgreeWithDifferences) {
  for (const MapInfo& info : map_infos()) {
    for (int i = 0; i < static_cast<int>(info.gradients.size()); ++i) {
      std::vector<Expr> arguments;
      for (int k = 0; k < info.arity; ++k) arguments.push_back(Expr::input(k));
      arguments.insert(arguments.end(), {info.body, 1});
      const Expr first = compose(info.gradients[i], arguments);
      const double got = evaluate(derivative(first, i), point(info));
      const double want = central(first, point(info), i);
      EXPECT_NEAR(got, want, 2e-8 * std::max(1., std::abs(want))) << info.names << " by " << i;
    }
  }
}

struct Kink {
  std::string_view name;
  std::vector<double> at;
  double gradient;  // times g = 1.5, by input 0
};

// Where a derivative has a choice, TensorFlow's is made.
TEST(Elementwise, GradientsAtKinksAreTensorFlows) {
  const double inf = INFINITY;
  const Kink kinks[] = {{"nn.relu", {0}, 0},
                        {"nn.relu", {NAN}, 0},
                        {"nn.relu6", {6}, 0},
                        {"math.abs", {0}, 0},
                        {"nn.elu", {0}, 1.5},
                        {"nn.leaky_relu", {0, .2}, .3},
                        {"math.sign", {3}, 0},
                        {"math.maximum", {0, 0}, 1.5},
                        {"math.minimum", {0, 0}, 1.5},
                        {"math.maximum", {1, 2}, 0},
                        {"clip_by_value", {-1, -1, 2}, 1.5},
                        {"clip_by_value", {3, -1, 2}, 0},
                        {"math.sqrt", {0}, inf},
                        {"math.divide_no_nan", {1, 0}, 0},
                        {"math.reciprocal_no_nan", {0}, 0},
                        {"math.xlogy", {0, 0}, 0},
                        {"math.multiply_no_nan", {inf, 0}, 0},
                        {"where", {0, 1, 2}, 0}};
  for (const Kink& kink : kinks) {
    for (const MapInfo& info : map_infos()) {
      if (first_name(info) != kink.name) continue;
      EXPECT_DOUBLE_EQ(gradient_at(info, 0, kink.at), kink.gradient)
          << info.names << " at " << kink.at[0];
    }
  }
}

TEST(Elementwise, AGradientUsesTheOutputWhereThatIsShorter) {
  const auto gradient = [](size_t position) { return map_infos()[position].gradients[0]; };
  const Expr y = Expr::input(1), g = Expr::input(2);
  EXPECT_TRUE(same(gradient(position_of<std::remove_cv_t<decltype(exp)>>()), g * y));
  EXPECT_TRUE(same(gradient(position_of<std::remove_cv_t<decltype(tanh)>>()), g * (1 - y * y)));
}

}  // namespace
}  // namespace millstream
