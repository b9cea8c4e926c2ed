#include "millstream/keras/losses/loss.h"

#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/views.h"

namespace millstream::keras {
namespace {

class FunctionLoss : public LossImpl {
 public:
  explicit FunctionLoss(Loss::Function function)
      : LossImpl("sum_over_batch_size", "loss"), function_(std::move(function)) {}
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override {
    return function_(y_true, y_pred);
  }
  Config get_config() const override {
    throw Unimplemented("a loss that is a C++ function has no configuration");
  }

 private:
  Loss::Function function_;
};

}  // namespace

LossImpl::LossImpl(std::string reduction, std::string name)
    : reduction_(std::move(reduction)), name_(std::move(name)) {
  for (const char* known :
       {"sum_over_batch_size", "sum", "none", "mean", "mean_with_sample_weight"}) {
    if (reduction_ == known) return;
  }
  throw InvalidArgument("the reduction '" + reduction_ +
                        "' is none of sum_over_batch_size, sum, none, mean, "
                        "mean_with_sample_weight");
}

std::string LossImpl::name() const { return name_.empty() ? to_snake_case(class_name()) : name_; }

Config LossImpl::get_config() const {
  return Config::Dict{{"name", name()}, {"reduction", reduction_}};
}

Loss Loss::of_function(Function function) {
  return Loss(std::make_shared<const FunctionLoss>(std::move(function)));
}

Tensor Loss::operator()(const Tensor& y_true, const Tensor& y_pred,
                        const Tensor& sample_weight) const {
  const Tensor predicted =
      is_floating(y_pred.dtype()) && !is_half(y_pred.dtype()) ? y_pred : cast(y_pred, float32);
  try {
    const auto [truth, prediction] = match_ranks(y_true, predicted);
    return reduce_weighted(impl().call(truth, prediction), sample_weight, impl().reduction());
  } catch (Error& error) {
    error.add_scope(fmt::format("loss '{}' of y_true {}{} and y_pred {}{}", name(),
                                name_of(y_true.dtype()), y_true.shape().to_string(),
                                name_of(y_pred.dtype()), y_pred.shape().to_string()));
    throw;
  }
}

Config Loss::to_config() const {
  if (!defined()) return {};
  return nested_object("keras.losses", impl().class_name(), impl().get_config());
}

Loss Loss::from_config(const Config& config) {
  if (config.is_null()) return {};
  return Registry<Loss>::from_config(config);
}

std::pair<Tensor, Tensor> match_ranks(const Tensor& a, const Tensor& b) {
  const auto fit = [](const Tensor& longer, const Tensor& shorter) -> std::pair<Tensor, Tensor> {
    if (longer.dim(-1) != 1) return {longer, shorter};
    if (shorter.rank() == 1) return {longer, expand_dims(shorter, -1)};
    return {squeeze(longer, Ints{-1}), shorter};
  };
  if (a.rank() == b.rank() + 1) return fit(a, b);
  if (b.rank() == a.rank() + 1) {
    auto [second, first] = fit(b, a);
    return {first, second};
  }
  return {a, b};
}

Tensor reduce_weighted(const Tensor& values, const Tensor& weights, const std::string& reduction) {
  Tensor weighted = values, scale;
  if (weights.defined()) {
    std::tie(weighted, scale) = match_ranks(values, cast(weights, values.dtype()));
    weighted = weighted * scale;
  }
  if (reduction == "none" || weighted.rank() == 0) return weighted;
  if (reduction == "sum") return reduce_sum(weighted);
  if (weighted.elements() == 0) return constant(0, weighted.dtype());
  if (reduction == "mean_with_sample_weight" && scale.defined()) {
    return divide_no_nan(reduce_sum(weighted), reduce_sum(scale));
  }
  return reduce_mean(weighted);
}

}  // namespace millstream::keras
