#include "millstream/backend/cpu/fold_plan.h"

namespace millstream::cpu {
namespace {

constexpr int64_t kRowsPiece = 1 << 17;  // elements of a piece where rows are folded
constexpr int64_t kLeastRows = 128;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

FoldPlan::FoldPlan(const Shape& shape, AxisSet folded_axes) {
  const Dims strides = contiguous_strides(shape);
  bool first = true;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (shape[i] == 1) continue;
    const bool is_folded = folded_axes.has(i);
    Walk& walk = is_folded ? folded : kept;
    const bool inner =
        first || (is_folded == inner_folded && kept.sizes.empty() && folded.sizes.empty());
    if (first) inner_folded = is_folded;
    first = false;
    if (inner) {
      width *= shape[i];
    } else if (!walk.sizes.empty() && walk.strides[0] * walk.sizes[0] == strides[i]) {
      walk.sizes[0] *= shape[i];
    } else {
      walk.sizes.insert(0, shape[i]);
      walk.strides.insert(0, strides[i]);
    }
  }
  outputs = kept.count();
  rows = folded.count();
  if (!inner_folded) {
    piece_rows = std::max(kLeastRows, kRowsPiece / std::max<int64_t>(width, 1));
  } else if (width >= kRun) {
    parts = divide_up(width, kRun);
  } else {
    piece_rows = std::max<int64_t>(1, kRun / std::max<int64_t>(width, 1));
  }
  pieces = std::max<int64_t>(1, divide_up(rows, piece_rows) * parts);
}

}  // namespace millstream::cpu
