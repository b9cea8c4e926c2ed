#include "millstream/keras/activations.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "millstream/base/error.h"
#include "millstream/ops/array.h"
#include "millstream/ops/elementwise.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/softmax.h"

namespace millstream::keras {
namespace {

Tensor celu(const Tensor& x) { return maximum(x, 0) + minimum(expm1(x), 0); }
Tensor hard_shrink(const Tensor& x) { return where(abs(x) > 0.5, x, zeros_like(x)); }
Tensor soft_shrink(const Tensor& x) { return sign(x) * maximum(abs(x) - 0.5, 0); }
Tensor hard_tanh(const Tensor& x) { return clip_by_value(x, -1., 1.); }
Tensor squareplus(const Tensor& x) { return (x + sqrt(square(x) + 4.)) * 0.5; }
Tensor sparse_plus(const Tensor& x) {
  return where(x <= -1., zeros_like(x), where(x < 1., square(x + 1.) * 0.25, x));
}
Tensor sparse_sigmoid(const Tensor& x) { return clip_by_value((x + 1.) * 0.5, 0., 1.); }

const std::map<std::string_view, Tensor (*)(const Tensor&)>& table() {
  using T = const Tensor&;
  static const auto* const functions = new std::map<std::string_view, Tensor (*)(const Tensor&)>{
      {"celu", celu},
      {"elu", [](T x) { return elu(x); }},
      {"exponential", [](T x) { return exp(x); }},
      {"gelu", [](T x) { return gelu_erf(x); }},
      {"hard_shrink", hard_shrink},
      {"hard_sigmoid", [](T x) { return hard_sigmoid(x); }},
      {"hard_silu", [](T x) { return hard_silu(x); }},
      {"hard_swish", [](T x) { return hard_silu(x); }},
      {"hard_tanh", hard_tanh},
      {"leaky_relu", [](T x) { return leaky_relu(x, 0.2); }},
      {"linear", nullptr},
      {"log_sigmoid", [](T x) { return log_sigmoid(x); }},
      {"log_softmax", [](T x) { return log_softmax(x); }},
      {"mish", [](T x) { return mish(x); }},
      {"relu", [](T x) { return relu(x); }},
      {"relu6", [](T x) { return relu6(x); }},
      {"selu", [](T x) { return selu(x); }},
      {"sigmoid", [](T x) { return sigmoid(x); }},
      {"silu", [](T x) { return silu(x, 1.); }},
      {"soft_shrink", soft_shrink},
      {"softmax", [](T x) { return softmax(x); }},
      {"softplus", [](T x) { return softplus(x); }},
      {"softsign", [](T x) { return softsign(x); }},
      {"sparse_plus", sparse_plus},
      {"sparse_sigmoid", sparse_sigmoid},
      {"squareplus", squareplus},
      {"swish", [](T x) { return silu(x, 1.); }},
      {"tanh", [](T x) { return tanh(x); }},
      {"tanh_shrink", [](T x) { return x - tanh(x); }},
  };
  return *functions;
}

}  // namespace

ActivationFunction::ActivationFunction(const char* name) : name_(name) {
  const auto found = table().find(name_);
  if (found == table().end()) {
    throw NotFound(fmt::format("no activation is called '{}'; there are {}", name_,
                               fmt::join(activations::names(), ", ")));
  }
  if (found->second != nullptr) function_ = found->second;
}

Config ActivationFunction::to_config() const {
  if (name_ == "custom") {
    throw Unimplemented("an activation that is a C++ function has no configuration");
  }
  return name_;
}

ActivationFunction ActivationFunction::from_config(const Config& config) {
  if (config.is_null()) return {};
  return config.text();
}

std::vector<std::string> activations::names() {
  std::vector<std::string> all;
  for (const auto& [name, unused] : table()) all.emplace_back(name);
  return all;
}

}  // namespace millstream::keras
