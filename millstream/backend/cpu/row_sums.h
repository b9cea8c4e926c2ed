#pragma once
// Sums over the rows of a matrix that do not depend on the number of threads: rows are added up in
// chunks, whose number follows from the shape alone, and these in order.
#include <algorithm>
#include <vector>

#include "millstream/base/parallel.h"

namespace millstream::cpu {

// Calls add(first, last, sums) for the chunks of `rows` rows of `columns` numbers, in parallel,
// with sums that point to `width` zeros of the chunk's own. Returns the totals, and more behind
// them.
template <class Sum, class F>
std::vector<Sum> sum_rows(int64_t rows, int64_t columns, int64_t width, const F& add) {
  constexpr int64_t kChunkElements = 1 << 16, kMostChunks = 256;
  const int64_t chunks =
      std::clamp<int64_t>(rows * columns / kChunkElements, 1, std::min(kMostChunks, rows + 1));
  // A line apart, so that no two threads write to one.
  const int64_t stride = width + static_cast<int64_t>(64 / sizeof(Sum));
  std::vector<Sum> sums(static_cast<size_t>(chunks * stride));
  parallel_for(
      chunks, std::max<int64_t>(1, kChunkElements / std::max<int64_t>(1, rows * columns / chunks)),
      [&](int64_t begin, int64_t end) {
        for (int64_t chunk = begin; chunk < end; ++chunk) {
          add(rows * chunk / chunks, rows * (chunk + 1) / chunks, sums.data() + chunk * stride);
        }
      });
  for (int64_t chunk = 1; chunk < chunks; ++chunk) {
    for (int64_t j = 0; j < width; ++j) sums[j] += sums[chunk * stride + j];
  }
  return sums;
}

}  // namespace millstream::cpu
