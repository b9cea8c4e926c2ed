#include "millstream/backend/gpu/rows.h"

namespace millstream::gpu {

Rows::Rows(const Shape& shape, int64_t axis) {
  const int at = normalize_axis(axis, shape.rank());
  size = shape[at];
  for (int d = 0; d < shape.rank(); ++d) {
    if (d != at) count *= shape[d];
    if (d > at) step *= shape[d];
  }
}

const std::string_view kRowsText = R"(
#define GROUP_THREADS 64
#define ROWS LONG size, LONG step
#define ROW(row, base) const LONG row = GROUP(0), base = row / step * step * size + row % step
#define EACH(i) for (LONG i = THREAD; i < size; i += GROUP_THREADS)

FUNCTION T_NUMBER group_sum(LOCAL T_NUMBER* all, T_NUMBER x) {
  all[THREAD] = x;
  BARRIER;
  for (int width = GROUP_THREADS / 2; width > 0; width /= 2) {
    if (THREAD < width) all[THREAD] += all[THREAD + width];
    BARRIER;
  }
  const T_NUMBER total = all[0];
  BARRIER;
  return total;
}

FUNCTION T_NUMBER group_max(LOCAL T_NUMBER* all, T_NUMBER x) {
  all[THREAD] = x;
  BARRIER;
  for (int width = GROUP_THREADS / 2; width > 0; width /= 2) {
    if (THREAD < width && all[THREAD + width] > all[THREAD]) all[THREAD] = all[THREAD + width];
    BARRIER;
  }
  const T_NUMBER largest = all[0];
  BARRIER;
  return largest;
}
)";

}  // namespace millstream::gpu
