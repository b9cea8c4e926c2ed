// Loops over SIMD registers for every declaration and every primitive. Included once per SIMD
// target.
#if defined(MILLSTREAM_BACKEND_CPU_KERNELS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MILLSTREAM_BACKEND_CPU_KERNELS_INL_H
#undef MILLSTREAM_BACKEND_CPU_KERNELS_INL_H
#else
#define MILLSTREAM_BACKEND_CPU_KERNELS_INL_H
#endif

#include <array>
#include <utility>

#include "millstream/backend/cpu/kernels.h"
#include "millstream/backend/cpu/vec-inl.h"
#include "millstream/ops/elementwise.h"

HWY_BEFORE_NAMESPACE();
namespace millstream::HWY_NAMESPACE {

template <class C, int arity, class F>
HWY_INLINE void loop(const F& f, const C* const* in, C* out, size_t n) {
  const Tag<C> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t i = 0; i < n; i += lanes) {
    const auto x = [&](int k) { return Vec<C>(hn::LoadU(d, in[k] + i)); };
    Vec<C> y = 0;
    if constexpr (arity == 1) y = f(x(0));
    if constexpr (arity == 2) y = f(x(0), x(1));
    if constexpr (arity == 3) y = f(x(0), x(1), x(2));
    hn::StoreU(y.v, d, out + i);
  }
}

template <class C, const auto& op>
void map_body(const C* const* in, C* out, size_t n) {
  loop<C, op.arity>(op.forward, in, out, n);
}

template <class C, size_t p>
void prim_body(const C* const* in, C* out, size_t n) {
  constexpr Prim prim = static_cast<Prim>(p);
  loop<C, arity_of(prim)>(primitive<prim>, in, out, n);
}

template <class C, const auto& op>
constexpr cpu::Body<C> map_body_or_null() {
  if constexpr (op.rule == DTypeRule::integer || op.rule == DTypeRule::boolean)
    return nullptr;
  else
    return &map_body<C, op>;
}

template <class C, size_t p>
constexpr cpu::Body<C> prim_body_or_null() {
  constexpr Prim prim = static_cast<Prim>(p);
  constexpr bool bits = prim >= Prim::bit_and && prim <= Prim::shift_right;
  if constexpr (arity_of(prim) == 0 || bits)
    return nullptr;
  else
    return &prim_body<C, p>;
}

template <class C, size_t... p>
constexpr auto prim_bodies(std::index_sequence<p...>) {
  return std::array<cpu::Body<C>, sizeof...(p)>{prim_body_or_null<C, p>()...};
}

// Constants, not initialised by code: that code would be compiled for this target and might run on
// a machine that lacks it.
template <class C>
inline constexpr auto kMapBodies = Elementwise::for_each([]<const auto & op>() {
  return map_body_or_null<C, op>();
});
template <class C>
inline constexpr auto kPrimBodies = prim_bodies<C>(std::make_index_sequence<kPrims>());

template <class C>
cpu::KernelTable<C> make_table() {
  return {kMapBodies<C>.data(), kPrimBodies<C>.data(), hn::Lanes(Tag<C>())};
}

}  // namespace millstream::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
