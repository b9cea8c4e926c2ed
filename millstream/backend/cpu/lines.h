#pragma once
// A row-major tensor seen along one axis: line (o, i) has `size` elements that lie `inner` apart,
// from element o * size * inner + i.
#include "millstream/tensor/shape.h"

namespace millstream::cpu {

struct Lines {
  int64_t outer = 1, size, inner = 1;

  Lines(int64_t outer, int64_t size, int64_t inner) : outer(outer), size(size), inner(inner) {}
  Lines(const Shape& shape, int64_t axis) {
    const int at = normalize_axis(axis, shape.rank());
    size = shape[at];
    for (int i = 0; i < at; ++i) outer *= shape[i];
    for (int i = at + 1; i < shape.rank(); ++i) inner *= shape[i];
  }
  int64_t elements() const { return outer * size * inner; }
};

}  // namespace millstream::cpu
