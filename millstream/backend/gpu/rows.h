#pragma once
// Kernels in which one group of threads treats one row, the elements along one axis.
#include <string_view>

#include "millstream/backend/gpu/program.h"

namespace millstream::gpu {

inline constexpr int kRowThreads = 64;

// The rows of a row-major tensor along an axis.
struct Rows {
  Rows(const Shape& shape, int64_t axis);
  Grid grid() const { return {.x = count, .threads = kRowThreads}; }

  int64_t count = 1;  // rows
  int64_t size = 1;   // elements of a row
  int64_t step = 1;   // from one to the next
};

// Text that such families start with: GROUP_THREADS; group_sum and group_max of a T_NUMBER that
// each thread has, for all of them; ROW(row, base) for the number of the group's row and its
// first element, and EACH(i) for a loop over its elements, with the parameters ROWS of the kernel.
extern const std::string_view kRowsText;

}  // namespace millstream::gpu
