#include "millstream/keras/losses/losses.h"

#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/softmax.h"
#include "millstream/ops/views.h"

namespace millstream::keras::losses {
namespace {

constexpr double kEpsilon = 1e-7;

template <class Options>
class Configured : public LossImpl {
 public:
  Configured(const char* class_name, Options options)
      : LossImpl(options.reduction, options.name),
        options_(std::move(options)),
        class_name_(class_name) {}
  std::string class_name() const override { return class_name_; }
  Config get_config() const override { return config_of(options_); }

 protected:
  const Options options_;

 private:
  const char* class_name_;
};

Tensor clip_probabilities(const Tensor& p) { return clip_by_value(p, kEpsilon, 1 - kEpsilon); }

void check_same_shape(const Tensor& y_true, const Tensor& y_pred) {
  if (y_true.shape() == y_pred.shape()) return;
  throw InvalidArgument("y_true and y_pred must have one shape");
}

void check_smoothing(double smoothing) {
  if (smoothing >= 0 && smoothing <= 1) return;
  throw InvalidArgument(fmt::format("label_smoothing must be in [0, 1], not {}", smoothing));
}

Tensor mean_of_last(const Tensor& x) { return reduce_mean(x, {.axis = Ints{-1}}); }

class SquaredError : public Configured<MeanSquaredErrorOptions> {
 public:
  using Configured::Configured;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override {
    return mean_of_last(squared_difference(y_pred, cast(y_true, y_pred.dtype())));
  }
};

class AbsoluteError : public Configured<MeanAbsoluteErrorOptions> {
 public:
  using Configured::Configured;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override {
    return mean_of_last(abs(cast(y_true, y_pred.dtype()) - y_pred));
  }
};

class HuberError : public Configured<HuberOptions> {
 public:
  using Configured::Configured;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override {
    const double delta = options_.delta;
    const Tensor error = y_pred - cast(y_true, y_pred.dtype()), size = abs(error);
    return mean_of_last(
        where(size <= delta, 0.5 * square(error), delta * size - 0.5 * delta * delta));
  }
};

class Binary : public Configured<BinaryCrossentropyOptions> {
 public:
  Binary(const char* name, BinaryCrossentropyOptions options)
      : Configured(name, std::move(options)) {
    check_smoothing(options_.label_smoothing);
  }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override {
    check_same_shape(y_true, y_pred);
    Tensor truth = cast(y_true, y_pred.dtype());
    if (const double smoothing = options_.label_smoothing; smoothing != 0) {
      truth = truth * (1 - smoothing) + 0.5 * smoothing;
    }
    return reduce_mean(entropy(truth, y_pred), {.axis = Ints{options_.axis}});
  }

 private:
  Tensor entropy(const Tensor& truth, const Tensor& y_pred) const {
    if (options_.from_logits) {
      return sigmoid_cross_entropy_with_logits(truth, y_pred);
    }
    const Tensor p = clip_probabilities(y_pred);
    return -(truth * log(p) + (1 - truth) * log(1 - p));
  }
};

class Categorical : public Configured<CategoricalCrossentropyOptions> {
 public:
  Categorical(const char* name, CategoricalCrossentropyOptions options)
      : Configured(name, std::move(options)) {
    check_smoothing(options_.label_smoothing);
  }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override {
    check_same_shape(y_true, y_pred);
    Tensor truth = cast(y_true, y_pred.dtype());
    if (const double smoothing = options_.label_smoothing; smoothing != 0) {
      truth = truth * (1 - smoothing) + smoothing / static_cast<double>(y_pred.dim(-1));
    }
    const Ints axis = {options_.axis};
    if (options_.from_logits) {
      return softmax_cross_entropy_with_logits(truth, y_pred, options_.axis);
    }
    const Tensor p = y_pred / reduce_sum(y_pred, {.axis = axis, .keepdims = true});
    return -reduce_sum(truth * log(clip_probabilities(p)), {.axis = axis});
  }
};

class SparseCategorical : public Configured<SparseCategoricalCrossentropyOptions> {
 public:
  SparseCategorical(const char* name, SparseCategoricalCrossentropyOptions options)
      : Configured(name, std::move(options)) {}

  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override {
    if (options_.axis != -1 && options_.axis != y_pred.rank() - 1) {
      throw InvalidArgument("only axis -1, the last, is taken");
    }
    Tensor labels =
        y_true.rank() == y_pred.rank() && y_true.dim(-1) == 1 ? squeeze(y_true, Ints{-1}) : y_true;
    if (labels.dtype() != int64 && labels.dtype() != int32) labels = cast(labels, int64);
    const Tensor logits = options_.from_logits ? y_pred : log(clip_probabilities(y_pred));
    if (!options_.ignore_class) return sparse_softmax_cross_entropy_with_logits(labels, logits);
    const Tensor counts = labels != constant(*options_.ignore_class, labels.dtype());
    const Tensor losses =
        sparse_softmax_cross_entropy_with_logits(where(counts, labels, zeros_like(labels)), logits);
    // Scaled so that the mean over all samples is the mean over those that count.
    const Tensor mask = cast(counts, losses.dtype());
    const double total = static_cast<double>(losses.elements());
    const bool mean = reduction() == "sum_over_batch_size" || reduction() == "mean";
    return losses *
           (mean ? mask * divide_no_nan(constant(total, losses.dtype()), reduce_sum(mask)) : mask);
  }
};

template <class Impl, class Options>
Loss make(const char* name, Options options) {
  return Loss(std::make_shared<const Impl>(name, std::move(options)));
}

}  // namespace

MeanSquaredError::MeanSquaredError(MeanSquaredErrorOptions o)
    : Loss(make<SquaredError>("MeanSquaredError", std::move(o))) {}
MeanAbsoluteError::MeanAbsoluteError(MeanAbsoluteErrorOptions o)
    : Loss(make<AbsoluteError>("MeanAbsoluteError", std::move(o))) {}
Huber::Huber(HuberOptions o) : Loss(make<HuberError>("Huber", std::move(o))) {}
BinaryCrossentropy::BinaryCrossentropy(BinaryCrossentropyOptions o)
    : Loss(make<Binary>("BinaryCrossentropy", std::move(o))) {}
CategoricalCrossentropy::CategoricalCrossentropy(CategoricalCrossentropyOptions o)
    : Loss(make<Categorical>("CategoricalCrossentropy", std::move(o))) {}
SparseCategoricalCrossentropy::SparseCategoricalCrossentropy(SparseCategoricalCrossentropyOptions o)
    : Loss(make<SparseCategorical>("SparseCategoricalCrossentropy", std::move(o))) {}

namespace {

template <class T, class Options>
using Listed = Register<Loss, T, Options>;

const Listed<MeanSquaredError, MeanSquaredErrorOptions> mse("MeanSquaredError", {"mse"});
const Listed<MeanAbsoluteError, MeanAbsoluteErrorOptions> mae("MeanAbsoluteError", {"mae"});
const Listed<Huber, HuberOptions> huber("Huber");
const Listed<BinaryCrossentropy, BinaryCrossentropyOptions> binary("BinaryCrossentropy", {"bce"});
const Listed<CategoricalCrossentropy, CategoricalCrossentropyOptions> categorical(
    "CategoricalCrossentropy");
const Listed<SparseCategoricalCrossentropy, SparseCategoricalCrossentropyOptions> sparse(
    "SparseCategoricalCrossentropy");

}  // namespace
}  // namespace millstream::keras::losses
