#pragma once
// First values of weights. A name, an object, or a function of one's own:
//
//   layers::Dense{{.units = 10, .kernel_initializer = "he_normal"}};
//   layers::Dense{{.units = 10, .kernel_initializer = initializers::RandomNormal{{.stddev =
//   0.01}}}}; Tensor values = Initializer("glorot_uniform")({784, 10}, float32);
//
// An object that is used twice gives the same values twice, as in Keras. Errors: NotFound for an
// unknown name, InvalidArgument for a shape that the initializer cannot fill.
#include <functional>
#include <optional>
#include <string>

#include "millstream/keras/random.h"
#include "millstream/keras/registry.h"

namespace millstream::keras {

class Initializer;

class InitializerImpl {
 public:
  using HandleType = Initializer;
  virtual ~InitializerImpl() = default;
  virtual Tensor operator()(const Shape& shape, DType dtype) const = 0;
  virtual std::string class_name() const { return class_name_of(typeid(*this).name()); }
  virtual Config get_config() const { return Config::Dict(); }
};

class Initializer : public Shared<const InitializerImpl> {
 public:
  static constexpr const char* kKind = "initializer";
  using Function = std::function<Tensor(const Shape&, DType)>;

  Initializer() = default;
  explicit Initializer(std::shared_ptr<const InitializerImpl> impl) : Shared(std::move(impl)) {}
  Initializer(const char* name);
  Initializer(const std::string& name) : Initializer(name.c_str()) {}
  template <class F>
  requires(std::is_invocable_r_v<Tensor, F, const Shape&, DType> &&
           !std::derived_from<F, Initializer>) Initializer(F function)
      : Initializer(of_function(std::move(function))) {}

  Tensor operator()(const Shape& shape, DType dtype = float32) const {
    return impl()(shape, dtype);
  }

  Config to_config() const;
  static Initializer from_config(const Config& config);

 private:
  static Initializer of_function(Function function);
};

namespace initializers {

using Seed = std::optional<int64_t>;

struct Zeros : Initializer {
  explicit Zeros(NoOptions options = {});
};
struct Ones : Initializer {
  explicit Ones(NoOptions options = {});
};

struct ConstantOptions {
  double value = 0;
};
struct Constant : Initializer {
  explicit Constant(ConstantOptions options = {});
};

struct GainOptions {
  double gain = 1;
};
// gain * eye, for matrices.
struct Identity : Initializer {
  explicit Identity(GainOptions options = {});
};

struct RandomNormalOptions {
  double mean = 0;
  double stddev = 0.05;
  Seed seed = {};
};
struct RandomNormal : Initializer {
  explicit RandomNormal(RandomNormalOptions options = {});
};
// Drawn again beyond two standard deviations.
struct TruncatedNormal : Initializer {
  explicit TruncatedNormal(RandomNormalOptions options = {});
};

struct RandomUniformOptions {
  double minval = -0.05;
  double maxval = 0.05;
  Seed seed = {};
};
struct RandomUniform : Initializer {
  explicit RandomUniform(RandomUniformOptions options = {});
};

struct VarianceScalingOptions {
  double scale = 1;
  std::string mode = "fan_in";                    // or "fan_out", "fan_avg"
  std::string distribution = "truncated_normal";  // or "untruncated_normal", "uniform"
  Seed seed = {};
};
// Variance scale / n, where n is the number of inputs, of outputs or their mean.
struct VarianceScaling : Initializer {
  explicit VarianceScaling(VarianceScalingOptions options = {});
};

struct SeedOptions {
  Seed seed = {};
};
struct GlorotUniform : Initializer {
  explicit GlorotUniform(SeedOptions options = {});
};
struct GlorotNormal : Initializer {
  explicit GlorotNormal(SeedOptions options = {});
};
struct HeUniform : Initializer {
  explicit HeUniform(SeedOptions options = {});
};
struct HeNormal : Initializer {
  explicit HeNormal(SeedOptions options = {});
};
struct LecunUniform : Initializer {
  explicit LecunUniform(SeedOptions options = {});
};
struct LecunNormal : Initializer {
  explicit LecunNormal(SeedOptions options = {});
};

struct OrthogonalOptions {
  double gain = 1;
  Seed seed = {};
};
// Orthogonal columns (rows, if there are fewer of them) from the QR factors of a normal matrix.
struct Orthogonal : Initializer {
  explicit Orthogonal(OrthogonalOptions options = {});
};

}  // namespace initializers
}  // namespace millstream::keras
