#pragma once
// The axes that a reduction removes, from its `axis` argument: None for all of them, or a list.
#include <cstdint>

#include "millstream/ops/op.h"

namespace millstream {

// A set of axes of one tensor.
class AxisSet {
 public:
  AxisSet() = default;
  static AxisSet all(int rank) { return AxisSet((1u << rank) - 1); }
  // `axis` as a call gives it: None or a list of axes in [-rank, rank). InvalidArgument if one is
  // out of range or named twice.
  static AxisSet parse(const Attr& axis, int rank);

  bool has(int axis) const { return (bits_ >> axis & 1) != 0; }
  void add(int axis) { bits_ |= 1u << axis; }
  bool empty() const { return bits_ == 0; }
  Ints to_ints() const;
  friend bool operator==(AxisSet, AxisSet) = default;

 private:
  explicit AxisSet(uint32_t bits) : bits_(bits) {}
  uint32_t bits_ = 0;
};

// The shape that is left of `shape`, of which rank and sizes may be unknown.
Shape reduced_shape(const Shape& shape, const Attr& axis, bool keepdims);

// How many elements fold into one; kUnknown if a reduced size is.
int64_t reduced_elements(const Shape& shape, AxisSet axes);

}  // namespace millstream
