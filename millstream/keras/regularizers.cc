#include "millstream/keras/regularizers.h"

#include <cmath>

#include "millstream/ops/array.h"
#include "millstream/ops/elementwise.h"
#include "millstream/ops/matmul.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"

namespace millstream::keras {
namespace {

void check_factor(const char* name, double value) {
  if (std::isfinite(value) && value >= 0) return;
  throw InvalidArgument(
      fmt::format("{} must be a number that is not negative, not {}", name, value));
}

template <class Options>
class Configured : public RegularizerImpl {
 public:
  Configured(const char* name, Options options) : options_(std::move(options)), name_(name) {}
  std::string class_name() const override { return name_; }
  Config get_config() const override { return config_of(options_); }

 protected:
  const Options options_;

 private:
  const char* name_;
};

// `Options` are those that the configuration shows; l1 and l2 are what they mean.
template <class Options>
class Norms : public Configured<Options> {
 public:
  Norms(const char* name, Options options, double l1, double l2)
      : Configured<Options>(name, options), l1_(l1), l2_(l2) {
    check_factor("l1", l1);
    check_factor("l2", l2);
  }

  Tensor operator()(const Tensor& x) const override {
    Tensor penalty = constant(0, x.dtype());
    if (l1_ != 0) penalty = penalty + l1_ * reduce_sum(abs(x));
    if (l2_ != 0) penalty = penalty + l2_ * reduce_sum(square(x));
    return penalty;
  }

 private:
  double l1_, l2_;
};

class Orthogonality : public Configured<regularizers::OrthogonalOptions> {
 public:
  explicit Orthogonality(regularizers::OrthogonalOptions options)
      : Configured("OrthogonalRegularizer", options) {
    check_factor("factor", options.factor);
    if (options.mode != "rows" && options.mode != "columns") {
      throw InvalidArgument("OrthogonalRegularizer: mode '" + options.mode +
                            "' is none of rows, columns");
    }
  }

  Tensor operator()(const Tensor& x) const override {
    if (x.rank() != 2) {
      throw InvalidArgument("OrthogonalRegularizer needs a matrix, not the shape " +
                            x.shape().to_string());
    }
    const bool rows = options_.mode == "rows";
    const int64_t axis = rows ? 1 : 0, size = x.dim(rows ? 0 : 1);
    const Tensor norm2 = reduce_sum(square(x), {.axis = Ints{axis}, .keepdims = true});
    const Tensor unit = x * rsqrt(maximum(norm2, 1e-12));
    const Tensor products = matmul(unit, unit, {.transpose_a = !rows, .transpose_b = rows});
    // |cosine| summed over all ordered pairs, without the diagonal of ones.
    const Tensor diagonal = reduce_sum(square(unit));
    const double pairs = static_cast<double>(size) * (static_cast<double>(size) - 1) / 2;
    return (reduce_sum(abs(products)) - diagonal) * (options_.factor * 0.5 / pairs);
  }
};

}  // namespace

Config Regularizer::to_config() const {
  if (!defined()) return {};
  return nested_object("keras.regularizers", impl().class_name(), impl().get_config());
}

Regularizer Regularizer::from_config(const Config& config) {
  if (config.is_null()) return {};
  return Registry<Regularizer>::from_config(config);
}

namespace regularizers {

L1::L1(L1Options o) : Regularizer(std::make_shared<Norms<L1Options>>("L1", o, o.l1, 0)) {}
L2::L2(L2Options o) : Regularizer(std::make_shared<Norms<L2Options>>("L2", o, 0, o.l2)) {}
L1L2::L1L2(L1L2Options o)
    : Regularizer(std::make_shared<Norms<L1L2Options>>("L1L2", o, o.l1, o.l2)) {}
OrthogonalRegularizer::OrthogonalRegularizer(OrthogonalOptions o)
    : Regularizer(std::make_shared<Orthogonality>(std::move(o))) {}

namespace {

const Register<Regularizer, L1, L1Options> l1("L1");
const Register<Regularizer, L2, L2Options> l2("L2");
const Register<Regularizer, L1L2, L1L2Options> l1_l2("L1L2");
const Register<Regularizer, OrthogonalRegularizer, OrthogonalOptions> orthogonal(
    "OrthogonalRegularizer");

}  // namespace
}  // namespace regularizers
}  // namespace millstream::keras
