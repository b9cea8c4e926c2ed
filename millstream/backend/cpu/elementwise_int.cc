// The elementwise kernels in integers: plain loops, which the compiler vectorises where that pays.
#include <array>
#include <utility>

#include "millstream/backend/cpu/integer.h"
#include "millstream/ops/elementwise.h"

namespace millstream::cpu {
namespace {

template <class C, int arity, class F>
void loop(const F& f, const C* const* in, C* out, size_t n) {
  const C* a = in[0];
  const C* b = arity > 1 ? in[1] : nullptr;
  const C* c = arity > 2 ? in[2] : nullptr;
  for (size_t i = 0; i < n; ++i) {
    if constexpr (arity == 1) out[i] = f(Int<C>(a[i])).v;
    if constexpr (arity == 2) out[i] = f(Int<C>(a[i]), Int<C>(b[i])).v;
    if constexpr (arity == 3) out[i] = f(Int<C>(a[i]), Int<C>(b[i]), Int<C>(c[i])).v;
  }
}

constexpr bool takes_integers(DTypeRule rule) {
  return rule != DTypeRule::floating && rule != DTypeRule::predicate && rule != DTypeRule::quotient;
}

constexpr bool takes_integers(Prim p) {
  switch (p) {
    case Prim::neg:
    case Prim::abs:
    case Prim::sign:
    case Prim::floor:
    case Prim::ceil:
    case Prim::round:
    case Prim::trunc:
    case Prim::logical_not:
    case Prim::add:
    case Prim::sub:
    case Prim::mul:
    case Prim::min:
    case Prim::max:
    case Prim::pow:
    case Prim::select: return true;
    default:
      return (p >= Prim::floor_div && p <= Prim::trunc_mod) ||
             (p >= Prim::less && p <= Prim::shift_right);
  }
}

template <class C, const auto& op>
constexpr Body<C> map_body() {
  if constexpr (!takes_integers(op.rule)) {
    return nullptr;
  } else {
    return [](const C* const* in, C* out, size_t n) { loop<C, op.arity>(op.forward, in, out, n); };
  }
}

template <class C, Prim p>
constexpr Body<C> prim_body() {
  if constexpr (!takes_integers(p)) {
    return nullptr;
  } else {
    return [](const C* const* in, C* out, size_t n) {
      loop<C, arity_of(p)>(primitive<p>, in, out, n);
    };
  }
}

template <class C>
constexpr auto kMapBodies = Elementwise::for_each([]<const auto & op>() {
  return map_body<C, op>();
});

template <class C>
constexpr auto kPrimBodies = []<size_t... p>(std::index_sequence<p...>) {
  return std::array<Body<C>, kPrims>{prim_body<C, static_cast<Prim>(p)>()...};
}
(std::make_index_sequence<kPrims>());

template <class C>
constinit const KernelTable<C> kTable = {kMapBodies<C>.data(), kPrimBodies<C>.data(), 1};

}  // namespace

template <>
const KernelTable<int32_t>& kernel_table<int32_t>() {
  return kTable<int32_t>;
}
template <>
const KernelTable<int64_t>& kernel_table<int64_t>() {
  return kTable<int64_t>;
}
template <>
const KernelTable<uint64_t>& kernel_table<uint64_t>() {
  return kTable<uint64_t>;
}

}  // namespace millstream::cpu
