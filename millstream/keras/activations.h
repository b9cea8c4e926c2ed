#pragma once
// Activations by name, or a function of one's own. The default is "linear", which does nothing.
//
//   Tensor y = ActivationFunction("relu")(x);
//   layers::Dense{{.units = 10, .activation = [](const ms::Tensor& x) { return x * x; }}};
//
// Errors: NotFound for an unknown name.
#include <functional>
#include <string>
#include <vector>

#include "millstream/keras/config.h"
#include "millstream/tensor/tensor.h"

namespace millstream::keras {

class ActivationFunction {
 public:
  using Function = std::function<Tensor(const Tensor&)>;

  ActivationFunction() = default;
  ActivationFunction(const char* name);
  ActivationFunction(const std::string& name) : ActivationFunction(name.c_str()) {}
  template <class F>
  requires(std::is_invocable_r_v<Tensor, F, const Tensor&> &&
           !std::is_same_v<F, ActivationFunction>) ActivationFunction(F function)
      : name_("custom"), function_(std::move(function)) {}

  Tensor operator()(const Tensor& x) const { return function_ ? function_(x) : x; }
  const std::string& name() const { return name_; }

  Config to_config() const;  // Unimplemented for a function of one's own
  static ActivationFunction from_config(const Config& config);

 private:
  std::string name_ = "linear";
  Function function_;
};

namespace activations {

// All names, in alphabetical order.
std::vector<std::string> names();

}  // namespace activations
}  // namespace millstream::keras
