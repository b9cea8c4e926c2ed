#pragma once
// Sizes of a tensor's dimensions. A dimension may be unknown (kUnknown), and so may the rank.
//
//   Shape s{2, 3};  s.rank();  s[0];  s.elements();
//   Shape batch{kUnknown, 28, 28};  Shape anything = Shape::unknown();
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace millstream {

inline constexpr int64_t kUnknown = -1;
inline constexpr int kMaxRank = 8;

// A short list of sizes, strides or axes that never allocates.
class Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<int64_t> values) : Dims(std::span(values.begin(), values.size())) {}
  explicit Dims(std::span<const int64_t> values);  // InvalidArgument beyond kMaxRank
  Dims(int count, int64_t value);

  int size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t& operator[](int i) { return values_[i]; }
  int64_t operator[](int i) const { return values_[i]; }
  int64_t back() const { return values_[size_ - 1]; }
  void push_back(int64_t value);
  void insert(int position, int64_t value);
  void erase(int position);
  int64_t* begin() { return values_.data(); }
  int64_t* end() { return values_.data() + size_; }
  const int64_t* begin() const { return values_.data(); }
  const int64_t* end() const { return values_.data() + size_; }
  operator std::span<const int64_t>() const { return {values_.data(), size_t(size_)}; }

  friend bool operator==(const Dims& a, const Dims& b) {
    if (a.size_ != b.size_) return false;
    for (int i = 0; i < a.size_; ++i) {
      if (a.values_[i] != b.values_[i]) return false;
    }
    return true;
  }

 private:
  int size_ = 0;
  std::array<int64_t, kMaxRank> values_;
};

class Shape {
 public:
  Shape() = default;  // of a scalar
  Shape(std::initializer_list<int64_t> sizes) : Shape(Dims(sizes)) {}
  explicit Shape(std::span<const int64_t> sizes) : Shape(Dims(sizes)) {}
  explicit Shape(const Dims& sizes);  // InvalidArgument for a size below kUnknown or an overflow
  static Shape unknown();             // of unknown rank

  bool has_rank() const { return ranked_; }
  bool known() const;  // rank and every dimension
  int rank() const { return dims_.size(); }
  int64_t operator[](int i) const { return dims_[i < 0 ? i + dims_.size() : i]; }
  const Dims& dims() const { return dims_; }
  int64_t elements() const {  // kUnknown if any dimension is
    int64_t product = 1;
    for (const int64_t size : dims_) {
      if (size == kUnknown) return kUnknown;
      product *= size;
    }
    return ranked_ ? product : kUnknown;
  }
  std::string to_string() const;  // "[2, 3]", "[?, 28]", "<unknown>"

  friend bool operator==(const Shape& a, const Shape& b) {
    return a.ranked_ == b.ranked_ && a.dims_ == b.dims_;
  }

 private:
  Dims dims_;
  bool ranked_ = true;
};

// Row-major strides in elements.
Dims contiguous_strides(const Shape& shape);

// NumPy's broadcasting; InvalidArgument "Incompatible shapes: [2,3] vs. [4]" if they do not fit.
Shape broadcast(const Shape& a, const Shape& b);

// An axis in [-rank, rank) as one in [0, rank); InvalidArgument names the axis and the range.
int normalize_axis(int64_t axis, int rank);

// Whether both can describe one tensor: ranks and sizes are equal where both are known.
bool compatible(const Shape& a, const Shape& b);

// What is known of two alternatives: dimensions that differ become unknown.
Shape merge_alternatives(const Shape& a, const Shape& b);

}  // namespace millstream
