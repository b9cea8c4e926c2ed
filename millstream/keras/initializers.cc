#include "millstream/keras/initializers.h"

#include <algorithm>
#include <cmath>

#include "millstream/ops/array.h"
#include "millstream/ops/random.h"

namespace millstream::keras {
namespace {

class FunctionInitializer : public InitializerImpl {
 public:
  explicit FunctionInitializer(Initializer::Function function) : function_(std::move(function)) {}
  Tensor operator()(const Shape& shape, DType dtype) const override {
    return function_(shape, dtype);
  }
  Config get_config() const override {
    throw Unimplemented("an initializer that is a C++ function has no configuration");
  }

 private:
  Initializer::Function function_;
};

// An initializer whose options are its configuration.
template <class Options>
class Configured : public InitializerImpl {
 public:
  explicit Configured(const char* name, Options options) : options_(options), name_(name) {}
  std::string class_name() const override { return name_; }
  Config get_config() const override { return config_of(options_); }

 protected:
  const Options options_;

 private:
  const char* name_;
};

class Filled : public Configured<initializers::ConstantOptions> {
 public:
  using Configured::Configured;
  Tensor operator()(const Shape& shape, DType dtype) const override {
    return fill(shape, constant(options_.value, dtype));
  }
};

class FilledWith : public Configured<NoOptions> {
 public:
  FilledWith(const char* name, int value) : Configured(name, {}), value_(value) {}
  Tensor operator()(const Shape& shape, DType dtype) const override {
    return fill(shape, constant(value_, dtype));
  }

 private:
  int value_;
};

[[noreturn]] void refuse(const std::string& who, const Shape& shape, const char* needs) {
  throw InvalidArgument(
      fmt::format("{} cannot fill the shape {}: it needs {}", who, shape.to_string(), needs));
}

class Eye : public Configured<initializers::GainOptions> {
 public:
  using Configured::Configured;
  Tensor operator()(const Shape& shape, DType dtype) const override {
    if (shape.rank() != 2) refuse("Identity", shape, "a matrix");
    std::vector<float> values(static_cast<size_t>(shape.elements()));
    for (int64_t i = 0; i < std::min(shape[0], shape[1]); ++i) {
      values[static_cast<size_t>(i * shape[1] + i)] = static_cast<float>(options_.gain);
    }
    return cast(constant(values, shape), dtype);
  }
};

// An initializer that draws; its seed is fixed when it is made.
template <class Options>
class Drawn : public Configured<Options> {
 public:
  Drawn(const char* name, Options options)
      : Configured<Options>(name, options),
        seed_(options.seed ? *options.seed : make_default_seed()) {}

 protected:
  Tensor normal(const Shape& shape, DType dtype, double mean, double stddev) const {
    return random::stateless_normal(shape, fixed_seed(seed_),
                                    {.mean = mean, .stddev = stddev, .dtype = dtype});
  }
  Tensor truncated(const Shape& shape, DType dtype, double mean, double stddev) const {
    return random::stateless_truncated_normal(shape, fixed_seed(seed_),
                                              {.mean = mean, .stddev = stddev, .dtype = dtype});
  }
  Tensor uniform(const Shape& shape, DType dtype, double low, double high) const {
    return random::stateless_uniform(shape, fixed_seed(seed_),
                                     {.minval = low, .maxval = high, .dtype = dtype});
  }

 private:
  int64_t seed_;
};

class Normal : public Drawn<initializers::RandomNormalOptions> {
 public:
  using Drawn::Drawn;
  Tensor operator()(const Shape& shape, DType dtype) const override {
    return normal(shape, dtype, options_.mean, options_.stddev);
  }
};

class Truncated : public Drawn<initializers::RandomNormalOptions> {
 public:
  using Drawn::Drawn;
  Tensor operator()(const Shape& shape, DType dtype) const override {
    return truncated(shape, dtype, options_.mean, options_.stddev);
  }
};

class Uniform : public Drawn<initializers::RandomUniformOptions> {
 public:
  using Drawn::Drawn;
  Tensor operator()(const Shape& shape, DType dtype) const override {
    return uniform(shape, dtype, options_.minval, options_.maxval);
  }
};

struct Fans {
  double in = 1, out = 1;
};

// Inputs and outputs of one unit: the last two dimensions times the receptive field.
Fans fans_of(const Shape& shape) {
  if (shape.rank() == 0) return {};
  if (shape.rank() == 1) return {double(shape[0]), double(shape[0])};
  double field = 1;
  for (int i = 0; i < shape.rank() - 2; ++i) field *= static_cast<double>(shape[i]);
  return {field * static_cast<double>(shape[-2]), field * static_cast<double>(shape[-1])};
}

// Standard deviation of a normal that is cut at two of them.
constexpr double kTruncatedStddev = 0.87962566103423978;

// `Options` are those that the configuration shows; `scaling` is what they mean.
template <class Options>
class Scaled : public Drawn<Options> {
 public:
  Scaled(const char* name, Options options, initializers::VarianceScalingOptions scaling)
      : Drawn<Options>(name, options), scaling_(std::move(scaling)) {
    const auto& s = scaling_;
    if (!(s.scale > 0)) throw InvalidArgument("VarianceScaling: scale must be positive");
    if (s.mode != "fan_in" && s.mode != "fan_out" && s.mode != "fan_avg") {
      throw InvalidArgument("VarianceScaling: mode '" + s.mode +
                            "' is none of fan_in, fan_out, fan_avg");
    }
    if (s.distribution != "truncated_normal" && s.distribution != "untruncated_normal" &&
        s.distribution != "uniform") {
      throw InvalidArgument("VarianceScaling: distribution '" + s.distribution +
                            "' is none of truncated_normal, untruncated_normal, uniform");
    }
  }

  Tensor operator()(const Shape& shape, DType dtype) const override {
    const Fans fans = fans_of(shape);
    const double n = scaling_.mode == "fan_in"    ? fans.in
                     : scaling_.mode == "fan_out" ? fans.out
                                                  : (fans.in + fans.out) / 2;
    const double variance = scaling_.scale / std::max(1., n);
    if (scaling_.distribution == "uniform") {
      const double limit = std::sqrt(3 * variance);
      return this->uniform(shape, dtype, -limit, limit);
    }
    if (scaling_.distribution == "untruncated_normal") {
      return this->normal(shape, dtype, 0, std::sqrt(variance));
    }
    return this->truncated(shape, dtype, 0, std::sqrt(variance) / kTruncatedStddev);
  }

 private:
  initializers::VarianceScalingOptions scaling_;
};

// Makes the columns of the row-major matrix a [rows, columns], rows >= columns, orthonormal:
// Gram-Schmidt, twice for accuracy. The factors R have a positive diagonal.
void orthonormalize(std::vector<double>& a, size_t rows, size_t columns) {
  for (size_t j = 0; j < columns; ++j) {
    for (int pass = 0; pass < 2; ++pass) {
      for (size_t k = 0; k < j; ++k) {
        double dot = 0;
        for (size_t i = 0; i < rows; ++i) dot += a[i * columns + k] * a[i * columns + j];
        for (size_t i = 0; i < rows; ++i) a[i * columns + j] -= dot * a[i * columns + k];
      }
    }
    double norm = 0;
    for (size_t i = 0; i < rows; ++i) norm += a[i * columns + j] * a[i * columns + j];
    norm = std::sqrt(norm);
    for (size_t i = 0; i < rows; ++i) a[i * columns + j] /= norm;
  }
}

class OrthogonalMatrix : public Drawn<initializers::OrthogonalOptions> {
 public:
  using Drawn::Drawn;
  Tensor operator()(const Shape& shape, DType dtype) const override {
    if (shape.rank() < 2) refuse("Orthogonal", shape, "at least two dimensions");
    const int64_t columns = shape[-1];
    const int64_t rows = columns == 0 ? 0 : shape.elements() / columns;
    const int64_t tall = std::max(rows, columns), thin = std::min(rows, columns);
    std::vector<double> q = normal({tall, thin}, float32, 0, 1).to_vector<double>();
    orthonormalize(q, static_cast<size_t>(tall), static_cast<size_t>(thin));
    std::vector<float> values(q.size());
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        const int64_t from = rows < columns ? j * thin + i : i * thin + j;
        values[static_cast<size_t>(i * columns + j)] =
            static_cast<float>(options_.gain * q[static_cast<size_t>(from)]);
      }
    }
    return cast(constant(values, shape), dtype);
  }
};

template <class Impl, class... Args>
Initializer make(Args&&... args) {
  return Initializer(std::make_shared<const Impl>(std::forward<Args>(args)...));
}

Initializer scaled(const char* name, initializers::SeedOptions options, double scale,
                   const char* mode, const char* distribution) {
  return make<Scaled<initializers::SeedOptions>>(
      name, options,
      initializers::VarianceScalingOptions{
          .scale = scale, .mode = mode, .distribution = distribution});
}

}  // namespace

Initializer::Initializer(const char* name) : Initializer(Registry<Initializer>::make(name)) {}

Initializer Initializer::of_function(Function function) {
  return make<FunctionInitializer>(std::move(function));
}

Config Initializer::to_config() const {
  if (!defined()) return {};
  return nested_object("keras.initializers", impl().class_name(), impl().get_config());
}

Initializer Initializer::from_config(const Config& config) {
  if (config.is_null()) return {};
  return Registry<Initializer>::from_config(config);
}

namespace initializers {

Zeros::Zeros(NoOptions) : Initializer(make<FilledWith>("Zeros", 0)) {}
Ones::Ones(NoOptions) : Initializer(make<FilledWith>("Ones", 1)) {}
Constant::Constant(ConstantOptions options) : Initializer(make<Filled>("Constant", options)) {}
Identity::Identity(GainOptions options) : Initializer(make<Eye>("Identity", options)) {}
RandomNormal::RandomNormal(RandomNormalOptions options)
    : Initializer(make<Normal>("RandomNormal", options)) {}
TruncatedNormal::TruncatedNormal(RandomNormalOptions options)
    : Initializer(make<Truncated>("TruncatedNormal", options)) {}
RandomUniform::RandomUniform(RandomUniformOptions options)
    : Initializer(make<Uniform>("RandomUniform", options)) {}
VarianceScaling::VarianceScaling(VarianceScalingOptions options)
    : Initializer(make<Scaled<VarianceScalingOptions>>("VarianceScaling", options, options)) {}
GlorotUniform::GlorotUniform(SeedOptions options)
    : Initializer(scaled("GlorotUniform", options, 1, "fan_avg", "uniform")) {}
GlorotNormal::GlorotNormal(SeedOptions options)
    : Initializer(scaled("GlorotNormal", options, 1, "fan_avg", "truncated_normal")) {}
HeUniform::HeUniform(SeedOptions options)
    : Initializer(scaled("HeUniform", options, 2, "fan_in", "uniform")) {}
HeNormal::HeNormal(SeedOptions options)
    : Initializer(scaled("HeNormal", options, 2, "fan_in", "truncated_normal")) {}
LecunUniform::LecunUniform(SeedOptions options)
    : Initializer(scaled("LecunUniform", options, 1, "fan_in", "uniform")) {}
LecunNormal::LecunNormal(SeedOptions options)
    : Initializer(scaled("LecunNormal", options, 1, "fan_in", "truncated_normal")) {}
Orthogonal::Orthogonal(OrthogonalOptions options)
    : Initializer(make<OrthogonalMatrix>("Orthogonal", options)) {}

namespace {

template <class T, class Options>
using Listed = Register<Initializer, T, Options>;

const Listed<Zeros, NoOptions> zeros("Zeros", {"zero"});
const Listed<Ones, NoOptions> ones("Ones", {"one"});
const Listed<Constant, ConstantOptions> constant("Constant");
const Listed<Identity, GainOptions> identity("Identity", {"IdentityInitializer"});
const Listed<RandomNormal, RandomNormalOptions> random_normal("RandomNormal", {"normal"});
const Listed<TruncatedNormal, RandomNormalOptions> truncated_normal("TruncatedNormal");
const Listed<RandomUniform, RandomUniformOptions> random_uniform("RandomUniform", {"uniform"});
const Listed<VarianceScaling, VarianceScalingOptions> variance_scaling("VarianceScaling");
const Listed<GlorotUniform, SeedOptions> glorot_uniform("GlorotUniform");
const Listed<GlorotNormal, SeedOptions> glorot_normal("GlorotNormal");
const Listed<HeUniform, SeedOptions> he_uniform("HeUniform");
const Listed<HeNormal, SeedOptions> he_normal("HeNormal");
const Listed<LecunUniform, SeedOptions> lecun_uniform("LecunUniform");
const Listed<LecunNormal, SeedOptions> lecun_normal("LecunNormal");
const Listed<Orthogonal, OrthogonalOptions> orthogonal("Orthogonal", {"OrthogonalInitializer"});

}  // namespace
}  // namespace initializers
}  // namespace millstream::keras
