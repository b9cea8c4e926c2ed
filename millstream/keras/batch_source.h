#pragma once
// BatchSource: where fit, evaluate and predict take their batches from.
//
//   TensorSource source({images}, {labels}, {.batch_size = 128, .shuffle = true});
//   source.start_epoch();
//   while (std::optional<Batch> batch = source.next()) { ... }
#include <memory>
#include <optional>
#include <random>

#include "millstream/ops/op.h"

namespace millstream::keras {

struct Batch {
  Tensors x;
  Tensors y = {};             // empty for predictions
  Tensor sample_weight = {};  // undefined where all count the same

  int64_t size() const { return x.empty() || x[0].rank() == 0 ? 0 : x[0].dim(0); }
};

class BatchSource {
 public:
  virtual ~BatchSource() = default;
  // Goes to the first batch of the next epoch.
  virtual void start_epoch() {}
  // The next batch; none at the end of the epoch.
  virtual std::optional<Batch> next() = 0;
  // Batches of an epoch, kUnknown where nobody knows.
  virtual int64_t batches() const { return kUnknown; }
};

struct TensorSourceOptions {
  int64_t batch_size = 32;
  bool shuffle = false;
  Tensor sample_weight = {};  // [samples]
  // The samples [begin, end) only; end < 0 means all from begin on.
  int64_t begin = 0;
  int64_t end = -1;
};

// Tensors whose first dimension counts samples, in memory. A batch in order is a view; a shuffled
// one is gathered row by row in the tensors' own dtype, so uint8 images stay uint8.
class TensorSource : public BatchSource {
 public:
  // InvalidArgument if the tensors differ in their number of samples.
  TensorSource(Tensors x, Tensors y, TensorSourceOptions options);

  void start_epoch() override;
  std::optional<Batch> next() override;
  int64_t batches() const override;
  int64_t samples() const { return end_ - begin_; }

 private:
  Tensor rows(const Tensor& tensor, int64_t count) const;

  Tensors x_, y_;
  Tensor sample_weight_;
  int64_t batch_size_, begin_, end_;
  bool shuffle_;
  int64_t at_ = 0;
  std::vector<int64_t> order_;
  std::mt19937_64 random_;
};

}  // namespace millstream::keras
