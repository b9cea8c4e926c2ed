#pragma once
// The driver of all reductions: walks a FoldPlan in parallel and combines pairwise, so that errors
// of rounding grow with the logarithm of the count. What is folded, a FoldKernel knows.
#include "millstream/backend/cpu/fold_plan.h"
#include "millstream/ops/op.h"

namespace millstream::cpu {

inline constexpr int64_t kFoldRun = 2048;   // elements that FoldKernel::run folds at most
inline constexpr int64_t kFoldRows = 64;    // rows that FoldKernel::rows folds at most
inline constexpr int64_t kFoldTile = 1024;  // their width at most

// What n elements folded to, for each of some adjacent outputs: one number or more, of which the
// k-th of all outputs are adjacent.
struct FoldState {
  void* at;
  int64_t ld;
  int64_t n = 0;

  template <class C>
  C* plane(int k) const {
    return static_cast<C*>(at) + k * ld;
  }
};

// Element and carry are types that the functions know: the kernel's tables pair them.
struct FoldKernel {
  size_t stored;   // bytes of an element of the tensor
  size_t element;  // bytes of an element as run and rows read it
  size_t carry;    // bytes of a number of the state
  int planes;      // numbers of the state, at most 2
  // Elements of the tensor as run and rows read them; nullptr if they read the tensor.
  void (*load)(const void* from, int64_t n, void* to);
  // The fold of n adjacent elements.
  void (*run)(const void* x, int64_t n, const FoldState& s);
  // The fold of n rows of `width` elements, which lie `stride` elements apart.
  void (*rows)(const void* x, int64_t stride, int64_t n, int64_t width, const FoldState& s);
  // a = the fold of both. The driver counts.
  void (*merge)(const FoldState& a, const FoldState& b, int64_t width);
  // Writes the results of `width` adjacent outputs from output `at` on.
  void (*finish)(const FoldState& s, int64_t width, const KernelContext& c, int64_t at);
};

// Folds the axes of c.inputs[0] that the first attribute names. `start` is the state of an output
// that folds nothing.
void run_fold(const FoldKernel& kernel, const KernelContext& c, const void* start);

}  // namespace millstream::cpu
