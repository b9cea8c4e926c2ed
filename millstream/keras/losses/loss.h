#pragma once
// Loss: how far predictions are from the truth, as one number.
//
//   losses::SparseCategoricalCrossentropy loss{{.from_logits = true}};
//   Tensor value = loss(labels, logits);                  // float32[]
//   Tensor weighted = loss(labels, logits, weights);      // weights: one per sample
//   Loss mine = [](const Tensor& y_true, const Tensor& y_pred) { return abs(y_true - y_pred); };
//
// Errors: InvalidArgument for shapes that do not fit, naming the loss and both shapes; NotFound for
// an unknown name.
#include <functional>
#include <string>

#include "millstream/keras/registry.h"
#include "millstream/tensor/tensor.h"

namespace millstream::keras {

class Loss;

class LossImpl {
 public:
  using HandleType = Loss;

  LossImpl() = default;
  explicit LossImpl(std::string reduction, std::string name = {});
  virtual ~LossImpl() = default;

  // One value per sample (or per pixel of a sample ...), before the reduction.
  virtual Tensor call(const Tensor& y_true, const Tensor& y_pred) const = 0;
  virtual std::string class_name() const { return class_name_of(typeid(*this).name()); }
  virtual Config get_config() const;

  const std::string& reduction() const { return reduction_; }
  std::string name() const;

 private:
  std::string reduction_ = "sum_over_batch_size";
  std::string name_;
};

class Loss : public Shared<const LossImpl> {
 public:
  static constexpr const char* kKind = "loss";
  using Function = std::function<Tensor(const Tensor& y_true, const Tensor& y_pred)>;

  Loss() = default;
  explicit Loss(std::shared_ptr<const LossImpl> impl) : Shared(std::move(impl)) {}
  // "mse", "mean_squared_error" and "MeanSquaredError" are the same.
  Loss(const char* name) : Loss(Registry<Loss>::make(name)) {}
  Loss(const std::string& name) : Loss(name.c_str()) {}
  template <class F>
  requires(std::is_invocable_r_v<Tensor, F, const Tensor&, const Tensor&> &&
           !std::derived_from<F, Loss>) Loss(F function)
      : Loss(of_function(std::move(function))) {}

  // A scalar, or with reduction "none" the values. Predictions of a half type are taken as float32.
  Tensor operator()(const Tensor& y_true, const Tensor& y_pred,
                    const Tensor& sample_weight = {}) const;

  std::string name() const { return impl().name(); }
  Config get_config() const { return impl().get_config(); }
  Config to_config() const;
  static Loss from_config(const Config& config);

 private:
  static Loss of_function(Function function);
};

// The two with equal rank: a last dimension of 1 that only one of them has is dropped, or added to
// the other if that has rank 1.
std::pair<Tensor, Tensor> match_ranks(const Tensor& a, const Tensor& b);

// values * weights, reduced: "sum_over_batch_size" (or "mean"), "sum", "mean_with_sample_weight",
// "none".
Tensor reduce_weighted(const Tensor& values, const Tensor& weights, const std::string& reduction);

}  // namespace millstream::keras
