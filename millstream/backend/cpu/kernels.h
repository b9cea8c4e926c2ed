#pragma once
// The CPU's elementwise kernels: one per declared op and one per primitive, for each type that is
// computed in: float, double, int32_t, int64_t, uint64_t.
#include <cstddef>
#include <cstdint>

#include "millstream/expr/prim.h"

namespace millstream::cpu {

// Computes out[i] from in[0][i], in[1][i] ... for i < n, a multiple of the table's `lanes`. The
// output may be one of the inputs.
template <class C>
using Body = void (*)(const C* const* in, C* out, size_t n);

template <class C>
struct KernelTable {
  const Body<C>* maps;   // by position in `elementwise`; null where the op does not take C
  const Body<C>* prims;  // by Prim; null likewise
  size_t lanes;          // elements of a SIMD register
};

// The table for the best instruction set that this machine has.
template <class C>
const KernelTable<C>& kernel_table();
// The same, looked up anew: tests disable instruction sets one by one.
template <class C>
KernelTable<C> choose_kernel_table();

// No kernel has more operands or longer registers.
inline constexpr size_t kMaxOperands = 3;
inline constexpr size_t kMaxLanes = 16;

// Why integer arithmetic could not give a number. Kernels set it on their thread and go on; who
// runs them clears it before and throws after.
enum class Fault : uint8_t { none, division_by_zero, negative_power };
inline thread_local Fault fault = Fault::none;

}  // namespace millstream::cpu
