#pragma once
// Order: sorting, ranking, searching, finding what is there once. Equal elements keep their order,
// and NaN comes after everything else.
//
//   sort(x);  argsort(x, {.direction = "DESCENDING"});
//   auto [values, indices] = top_k(logits, 5);
//
// Errors: InvalidArgument for bool tensors, an axis out of range, more than there are.
#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op ordered, sort, argsort, top_k, in_top_k, searchsorted, unique, unique_with_counts;
}

struct SortOptions {
  int64_t axis = -1;
  std::string direction = "ASCENDING";  // or "DESCENDING"
};
Tensor sort(const Tensor& values, const SortOptions& options = {});
// Where each element of the sorted tensor comes from: int32.
Tensor argsort(const Tensor& values, const SortOptions& options = {});

struct TopK {
  Tensor values, indices;
};
// The k largest along the last axis, the largest first, and where they are.
TopK top_k(const Tensor& input, int64_t k = 1, DType index_type = int32);
// Whether fewer than k of a row's predictions are larger than that of its target.
Tensor in_top_k(const Tensor& targets, const Tensor& predictions, int64_t k);

struct SearchOptions {
  std::string side = "left";  // before or, with "right", after equal elements
  DType out_type = int32;
};
// Where each value would be inserted in the rows of a tensor that is sorted along its last axis.
Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& values,
                    const SearchOptions& options = {});

struct Unique {
  Tensor y, idx, count;
};
// The different elements of a vector in the order in which they first come, for each element the
// position of its like among them, and how many each stands for.
Unique unique(const Tensor& x, DType out_idx = int32);

}  // namespace millstream
