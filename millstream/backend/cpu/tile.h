#pragma once
// Runs tile programs and compiled kernels over runs of elements of any length.
#include <cstddef>
#include <vector>

#include "millstream/backend/cpu/kernels.h"
#include "millstream/expr/tile.h"

namespace millstream::cpu {

// A tile's length: registers of this many elements stay in the first-level cache.
inline constexpr size_t kTile = 1024;

// out[i] = kernel(in[0][i], ...) for any n.
template <class C>
void run_kernel(Body<C> kernel, int operands, const C* const* in, C* out, size_t n);

// A program with its constants and registers. Not to be shared between threads.
template <class C>
class TileRunner {
 public:
  // For runs of up to `tile` elements.
  explicit TileRunner(const TileProgram& program, size_t tile = kTile);

  // Computes `n` elements of each output; outputs must not overlap inputs.
  void run(const C* const* in, C* const* out, size_t n);

 private:
  void execute(size_t n);  // a multiple of the kernels' lanes

  const TileProgram& program_;
  const KernelTable<C>& table_;
  size_t tile_;
  std::vector<C> memory_;
  C* ends_;  // padded places for what is left of inputs and outputs
  std::vector<C*> slots_;
};

}  // namespace millstream::cpu
