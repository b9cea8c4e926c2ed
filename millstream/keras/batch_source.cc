#include "millstream/keras/batch_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "millstream/keras/random.h"

namespace millstream::keras {
namespace {

int64_t samples_of(const Tensor& tensor) {
  if (tensor.rank() == 0) throw InvalidArgument("a scalar holds no samples");
  return tensor.dim(0);
}

// Rows of the host tensor, in the order of `indices`.
Tensor gather_rows(const Tensor& tensor, std::span<const int64_t> indices) {
  Dims dims = tensor.shape().dims();
  dims[0] = static_cast<int64_t>(indices.size());
  Tensor out = Tensor::empty(tensor.dtype(), Shape(dims), tensor.device());
  if (out.elements() == 0) return out;
  const size_t row = out.bytes() / indices.size();
  const auto* from = static_cast<const std::byte*>(tensor.data());
  std::byte* to = out.node()->data;
  for (size_t i = 0; i < indices.size(); ++i) {
    std::memcpy(to + i * row, from + static_cast<size_t>(indices[i]) * row, row);
  }
  return out;
}

Tensor view_rows(const Tensor& tensor, int64_t begin, int64_t count) {
  Dims dims = tensor.shape().dims();
  dims[0] = count;
  return tensor.view(Shape(dims), tensor.strides(), begin * tensor.strides()[0]);
}

Tensors row_major(const Tensors& tensors) {
  Tensors ready;
  for (const Tensor& tensor : tensors) ready.push_back(contiguous(tensor.host()));
  return ready;
}

}  // namespace

TensorSource::TensorSource(Tensors x, Tensors y, TensorSourceOptions options)
    : x_(row_major(x)),
      y_(row_major(y)),
      batch_size_(options.batch_size),
      begin_(options.begin),
      shuffle_(options.shuffle) {
  if (x_.empty()) throw InvalidArgument("there is no input to train on or to predict from");
  if (batch_size_ <= 0) {
    throw InvalidArgument(fmt::format("batch_size must be positive, not {}", batch_size_));
  }
  const int64_t samples = samples_of(x_[0]);
  end_ = options.end < 0 ? samples : options.end;
  Tensors all = x_;
  all.insert(all.end(), y_.begin(), y_.end());
  if (options.sample_weight.defined()) {
    sample_weight_ = contiguous(options.sample_weight.host());
    all.push_back(sample_weight_);
  }
  for (const Tensor& tensor : all) {
    if (samples_of(tensor) == samples) continue;
    throw InvalidArgument(fmt::format(
        "the data differ in their number of samples: inputs of shape {} and a tensor of shape {}",
        x_[0].shape().to_string(), tensor.shape().to_string()));
  }
  if (shuffle_) {
    order_.resize(static_cast<size_t>(end_ - begin_));
    std::iota(order_.begin(), order_.end(), begin_);
    random_.seed(static_cast<uint64_t>(make_default_seed()));
  }
}

void TensorSource::start_epoch() {
  at_ = 0;
  if (shuffle_) std::shuffle(order_.begin(), order_.end(), random_);
}

int64_t TensorSource::batches() const { return (samples() + batch_size_ - 1) / batch_size_; }

Tensor TensorSource::rows(const Tensor& tensor, int64_t count) const {
  const Tensor here = shuffle_
                          ? gather_rows(tensor, {order_.data() + at_, static_cast<size_t>(count)})
                          : view_rows(tensor, begin_ + at_, count);
  return copy_to(here, current_device());  // once, rather than for each op that reads it
}

std::optional<Batch> TensorSource::next() {
  const int64_t count = std::min(batch_size_, samples() - at_);
  if (count <= 0) return std::nullopt;
  Batch batch;
  for (const Tensor& tensor : x_) batch.x.push_back(rows(tensor, count));
  for (const Tensor& tensor : y_) batch.y.push_back(rows(tensor, count));
  if (sample_weight_.defined()) batch.sample_weight = rows(sample_weight_, count);
  at_ += count;
  return batch;
}

}  // namespace millstream::keras
