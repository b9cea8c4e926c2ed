#include "millstream/ops/axes.h"

#include <fmt/format.h>

namespace millstream {

AxisSet AxisSet::parse(const Attr& axis, int rank) {
  if (std::holds_alternative<std::monostate>(axis)) return all(rank);
  AxisSet set;
  for (const int64_t value : std::get<Ints>(axis)) {
    if (value < -rank || value >= rank) {
      throw InvalidArgument(
          {.message = fmt::format("Invalid reduction dimension ({} for input with {} dimension(s))",
                                  value, rank),
           .hint = fmt::format("axes of this tensor are in [{}, {})", -rank, rank)});
    }
    const int index = static_cast<int>(value < 0 ? value + rank : value);
    if (set.has(index)) {
      throw InvalidArgument(
          fmt::format("Invalid reduction arguments: Axes contains duplicate dimension: {}", index));
    }
    set.add(index);
  }
  return set;
}

Ints AxisSet::to_ints() const {
  Ints axes;
  for (int i = 0; i < kMaxRank; ++i) {
    if (has(i)) axes.push_back(i);
  }
  return axes;
}

Shape reduced_shape(const Shape& shape, const Attr& axis, bool keepdims) {
  if (!shape.has_rank()) {
    const bool scalar = std::holds_alternative<std::monostate>(axis) && !keepdims;
    return scalar ? Shape{} : Shape::unknown();
  }
  const AxisSet axes = AxisSet::parse(axis, shape.rank());
  Dims sizes;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!axes.has(i))
      sizes.push_back(shape[i]);
    else if (keepdims)
      sizes.push_back(1);
  }
  return Shape(sizes);
}

int64_t reduced_elements(const Shape& shape, AxisSet axes) {
  int64_t count = 1;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!axes.has(i)) continue;
    if (shape[i] == kUnknown) return kUnknown;
    count *= shape[i];
  }
  return count;
}

}  // namespace millstream
