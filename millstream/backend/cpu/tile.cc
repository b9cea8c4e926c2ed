#include "millstream/backend/cpu/tile.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "millstream/base/error.h"

namespace millstream::cpu {
namespace {

// Constants are written as doubles; integers wrap around, so that -1 is all bits of a uint64.
template <class C>
C constant_as(double value) {
  if constexpr (std::is_integral_v<C>) {
    return static_cast<C>(static_cast<int64_t>(value));
  } else {
    return static_cast<C>(value);
  }
}

// Elements that fill registers: their lanes are a power of two.
size_t whole_registers(size_t n, size_t lanes) { return n & ~(lanes - 1); }

size_t round_up(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

}  // namespace

template <class C>
void run_kernel(Body<C> kernel, int operands, const C* const* in, C* out, size_t n) {
  const size_t lanes = kernel_table<C>().lanes, whole = whole_registers(n, lanes);
  if (whole != 0) kernel(in, out, whole);
  if (whole == n) return;
  alignas(64) C padded[kMaxOperands][kMaxLanes];
  alignas(64) C result[kMaxLanes];
  const C* rest[kMaxOperands];
  for (int k = 0; k < operands; ++k) {
    std::memset(padded[k], 0, sizeof padded[k]);
    std::memcpy(padded[k], in[k] + whole, (n - whole) * sizeof(C));
    rest[k] = padded[k];
  }
  kernel(rest, result, lanes);
  std::memcpy(out + whole, result, (n - whole) * sizeof(C));
}

template <class C>
TileRunner<C>::TileRunner(const TileProgram& program, size_t tile)
    : program_(program),
      table_(kernel_table<C>()),
      tile_(round_up(tile, kMaxLanes)),
      slots_(program.slots()) {
  // Constants and registers, then a padded place for the ends of inputs and outputs.
  const size_t own = program.constants.size() + program.registers;
  const size_t ends = program.inputs + program.outputs;
  constexpr size_t kAlign = 64 / sizeof(C);
  memory_.resize(own * tile_ + ends * kMaxLanes + kAlign);
  C* at = memory_.data();
  at += (64 - reinterpret_cast<uintptr_t>(at) % 64) % 64 / sizeof(C);
  for (size_t i = 0; i < own; ++i, at += tile_) slots_[program.inputs + i] = at;
  for (size_t i = 0; i < program.constants.size(); ++i) {
    std::fill_n(slots_[program.inputs + i], tile_, constant_as<C>(program.constants[i]));
  }
  ends_ = at;
}

template <class C>
void TileRunner<C>::execute(size_t n) {
  for (const TileProgram::Instruction& step : program_.code) {
    const C* const in[] = {slots_[step.operands[0]], slots_[step.operands[1]],
                           slots_[step.operands[2]]};
    C* const out = slots_[step.target];
    if (step.prim == Prim::input) {
      std::memcpy(out, in[0], n * sizeof(C));
    } else {
      table_.prims[static_cast<size_t>(step.prim)](in, out, n);
    }
  }
}

template <class C>
void TileRunner<C>::run(const C* const* in, C* const* out, size_t n) {
  const size_t lanes = table_.lanes, whole = whole_registers(n, lanes), rest = n - whole;
  const int first_output = program_.first_output();
  if (whole != 0) {
    // Instructions only read their inputs.
    for (int i = 0; i < program_.inputs; ++i) slots_[i] = const_cast<C*>(in[i]);
    for (int i = 0; i < program_.outputs; ++i) slots_[first_output + i] = out[i];
    execute(whole);
  }
  if (rest == 0) return;
  C* end = ends_;
  for (int i = 0; i < program_.inputs; ++i, end += kMaxLanes) {
    std::memcpy(end, in[i] + whole, rest * sizeof(C));
    slots_[i] = end;
  }
  for (int i = 0; i < program_.outputs; ++i, end += kMaxLanes) slots_[first_output + i] = end;
  execute(lanes);
  for (int i = 0; i < program_.outputs; ++i) {
    std::memcpy(out[i] + whole, slots_[first_output + i], rest * sizeof(C));
  }
}

template void run_kernel<float>(Body<float>, int, const float* const*, float*, size_t);
template void run_kernel<double>(Body<double>, int, const double* const*, double*, size_t);
template void run_kernel<int32_t>(Body<int32_t>, int, const int32_t* const*, int32_t*, size_t);
template void run_kernel<int64_t>(Body<int64_t>, int, const int64_t* const*, int64_t*, size_t);
template void run_kernel<uint64_t>(Body<uint64_t>, int, const uint64_t* const*, uint64_t*, size_t);

template class TileRunner<float>;
template class TileRunner<double>;
template class TileRunner<int32_t>;
template class TileRunner<int64_t>;
template class TileRunner<uint64_t>;

}  // namespace millstream::cpu
