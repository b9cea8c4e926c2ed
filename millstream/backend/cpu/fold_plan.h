#pragma once
// How a reduction of a row-major tensor is cut into pieces. The cut depends on shapes alone, never
// on the number of threads, so the order in which elements are combined is always the same.
#include <algorithm>
#include <cstdint>

#include "millstream/ops/axes.h"
#include "millstream/tensor/tensor.h"

namespace millstream::cpu {

// Some axes of a tensor, walked in row-major order.
struct Walk {
  Dims sizes, strides;

  int64_t count() const {
    int64_t product = 1;
    for (const int64_t size : sizes) product *= size;
    return product;
  }
  int64_t offset(int64_t position) const {
    if (sizes.size() == 1) return position * strides[0];
    int64_t offset = 0;
    for (int i = sizes.size() - 1; i >= 0; --i) {
      offset += position % sizes[i] * strides[i];
      position /= sizes[i];
    }
    return offset;
  }
};

// The axes of a tensor as few as possible: neighbours that are both folded or both kept are one,
// and the innermost stands alone.
//
//   inner_folded   every output folds `rows` runs of `width` adjacent elements
//   otherwise      `width` adjacent outputs fold `rows` rows of as many adjacent elements
struct FoldPlan {
  FoldPlan(const Shape& shape, AxisSet folded_axes);

  Walk kept, folded;  // all but the innermost axis
  bool inner_folded = true;
  int64_t width = 1;    // of the innermost axis
  int64_t outputs = 1;  // blocks of outputs: kept.count()
  int64_t rows = 1;     // folded.count()

  // One block of outputs is folded in `pieces` pieces of `piece_rows` rows each (the last may have
  // less). Where a run is longer than a piece, `parts` pieces of kRun elements make a run.
  static constexpr int64_t kRun = 16384;  // elements
  int64_t pieces = 1, piece_rows = 1, parts = 1;

  // Elements that fold into one output, in all and in piece p.
  int64_t count() const { return rows * (inner_folded ? width : 1); }
  int64_t count(int64_t piece) const {
    if (parts > 1) return std::min(kRun, width - piece % parts * kRun);
    const int64_t piece_size = std::min(piece_rows, rows - piece * piece_rows);
    return piece_size * (inner_folded ? width : 1);
  }
};

}  // namespace millstream::cpu
