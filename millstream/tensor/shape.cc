#include "millstream/tensor/shape.h"

#include <fmt/format.h>
#include <algorithm>

#include "millstream/base/error.h"

namespace millstream {
namespace {

[[noreturn]] void too_many(size_t rank) {
  throw InvalidArgument(fmt::format(
      "a tensor of rank {}: Millstream's tensors have at most {} dimensions", rank, kMaxRank));
}

}  // namespace

Dims::Dims(std::span<const int64_t> values) : size_(static_cast<int>(values.size())) {
  if (values.size() > kMaxRank) too_many(values.size());
  for (int i = 0; i < size_; ++i) values_[i] = values[i];
}

Dims::Dims(int count, int64_t value) : size_(count) {
  if (count > kMaxRank) too_many(count);
  for (int i = 0; i < size_; ++i) values_[i] = value;
}

void Dims::push_back(int64_t value) { insert(size_, value); }

void Dims::insert(int position, int64_t value) {
  if (size_ == kMaxRank) too_many(size_ + 1);
  for (int i = size_; i > position; --i) values_[i] = values_[i - 1];
  values_[position] = value;
  ++size_;
}

void Dims::erase(int position) {
  --size_;
  for (int i = position; i < size_; ++i) values_[i] = values_[i + 1];
}

Shape::Shape(const Dims& sizes) : dims_(sizes) {
  int64_t product = 1;
  for (const int64_t size : dims_) {
    if (size < kUnknown) {
      throw InvalidArgument(fmt::format("a dimension of size {}: sizes are not negative", size));
    }
    if (size > 0 && __builtin_mul_overflow(product, size, &product)) {
      throw InvalidArgument(
          fmt::format("a tensor of shape {} has more than 2^63 elements", to_string()));
    }
  }
}

Shape Shape::unknown() {
  Shape shape;
  shape.ranked_ = false;
  return shape;
}

bool Shape::known() const {
  for (const int64_t size : dims_) {
    if (size == kUnknown) return false;
  }
  return ranked_;
}

std::string Shape::to_string() const {
  if (!ranked_) return "<unknown>";
  std::string text = "[";
  for (int i = 0; i < rank(); ++i) {
    if (i > 0) text += ",";
    text += dims_[i] == kUnknown ? "?" : std::to_string(dims_[i]);
  }
  return text + "]";
}

Dims contiguous_strides(const Shape& shape) {
  Dims strides(shape.rank(), 1);
  for (int i = shape.rank() - 2; i >= 0; --i) strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

Shape broadcast(const Shape& a, const Shape& b) {
  if (!a.has_rank() || !b.has_rank()) return Shape::unknown();
  Dims sizes(std::max(a.rank(), b.rank()), 1);
  for (int i = 1; i <= sizes.size(); ++i) {
    const int64_t x = i <= a.rank() ? a[-i] : 1;
    const int64_t y = i <= b.rank() ? b[-i] : 1;
    int64_t& size = sizes[sizes.size() - i];
    if (x == y || y == 1)
      size = x;
    else if (x == 1)
      size = y;
    else if (x == kUnknown || y == kUnknown)
      size = std::max(x, y);
    else {
      throw InvalidArgument(
          {.message = fmt::format("Incompatible shapes: {} vs. {}", a.to_string(), b.to_string()),
           .hint = fmt::format("sizes {} and {} of dimension -{} must be equal, or one of them 1",
                               x, y, i)});
    }
  }
  return Shape(sizes);
}

int normalize_axis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    throw InvalidArgument(
        fmt::format("axis {} is out of range: a tensor of rank {} has axes in "
                    "[{}, {})",
                    axis, rank, -rank, rank));
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

bool compatible(const Shape& a, const Shape& b) {
  if (!a.has_rank() || !b.has_rank()) return true;
  return std::equal(a.dims().begin(), a.dims().end(), b.dims().begin(), b.dims().end(),
                    [](int64_t x, int64_t y) { return x == y || x == kUnknown || y == kUnknown; });
}

Shape merge_alternatives(const Shape& a, const Shape& b) {
  if (!a.has_rank() || !b.has_rank() || a.rank() != b.rank()) return Shape::unknown();
  Dims sizes = a.dims();
  for (int i = 0; i < sizes.size(); ++i) {
    if (sizes[i] != b[i]) sizes[i] = kUnknown;
  }
  return Shape(sizes);
}

}  // namespace millstream
