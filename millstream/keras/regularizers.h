#pragma once
// Penalties on weights and outputs, added to a model's loss.
//
//   layers::Dense{{.units = 10, .kernel_regularizer = regularizers::L2{{.l2 = 1e-4}}}};
//   layers::Dense{{.units = 10, .kernel_regularizer = "l2"}};       // 0.01
//   Tensor penalty = Regularizer("l1")(w);                          // a scalar
//
// Errors: NotFound for an unknown name, InvalidArgument for a factor that is negative or not
// finite.
#include <functional>
#include <string>

#include "millstream/keras/registry.h"
#include "millstream/tensor/tensor.h"

namespace millstream::keras {

class Regularizer;

class RegularizerImpl {
 public:
  using HandleType = Regularizer;
  virtual ~RegularizerImpl() = default;
  virtual Tensor operator()(const Tensor& x) const = 0;
  virtual std::string class_name() const { return class_name_of(typeid(*this).name()); }
  virtual Config get_config() const { return Config::Dict(); }
};

// An empty handle is no regularizer.
class Regularizer : public Shared<const RegularizerImpl> {
 public:
  static constexpr const char* kKind = "regularizer";

  Regularizer() = default;
  explicit Regularizer(std::shared_ptr<const RegularizerImpl> impl) : Shared(std::move(impl)) {}
  Regularizer(const char* name) : Regularizer(Registry<Regularizer>::make(name)) {}
  Regularizer(const std::string& name) : Regularizer(name.c_str()) {}

  Tensor operator()(const Tensor& x) const { return impl()(x); }

  Config to_config() const;
  static Regularizer from_config(const Config& config);
};

namespace regularizers {

struct L1Options {
  double l1 = 0.01;
};
// l1 * sum |x|
struct L1 : Regularizer {
  explicit L1(L1Options options = {});
};

struct L2Options {
  double l2 = 0.01;
};
// l2 * sum x^2
struct L2 : Regularizer {
  explicit L2(L2Options options = {});
};

struct L1L2Options {
  double l1 = 0;
  double l2 = 0;
};
struct L1L2 : Regularizer {
  explicit L1L2(L1L2Options options = {});
};

struct OrthogonalOptions {
  double factor = 0.01;
  std::string mode = "rows";  // or "columns"
};
// factor * mean |cosine| between two rows (columns) of a matrix.
struct OrthogonalRegularizer : Regularizer {
  explicit OrthogonalRegularizer(OrthogonalOptions options = {});
};

}  // namespace regularizers
}  // namespace millstream::keras
