// Vec: a SIMD register that reads like a number, so that the declarations of elementwise.h compile
// to loops over registers. Included once per SIMD target.
#if defined(MILLSTREAM_BACKEND_CPU_VEC_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MILLSTREAM_BACKEND_CPU_VEC_INL_H
#undef MILLSTREAM_BACKEND_CPU_VEC_INL_H
#else
#define MILLSTREAM_BACKEND_CPU_VEC_INL_H
#endif

#include "hwy/highway.h"
#include "millstream/backend/cpu/math-inl.h"
#include "millstream/expr/prim.h"

HWY_BEFORE_NAMESPACE();
namespace millstream::HWY_NAMESPACE {

// What a comparison of Vecs gives: a bit per lane. Where a number is wanted it is 0 or 1.
template <class C>
struct Mask {
  hn::Mask<Tag<C>> m;

  friend HWY_ATTR Mask operator!(Mask a) { return {hn::Not(a.m)}; }
  friend HWY_ATTR Mask operator&&(Mask a, Mask b) { return {hn::And(a.m, b.m)}; }
  friend HWY_ATTR Mask operator||(Mask a, Mask b) { return {hn::Or(a.m, b.m)}; }
};

template <class C>
struct Vec {
  using V = Register<C>;
  V v;

  HWY_ATTR Vec(V value) : v(value) {}
  HWY_ATTR Vec(double constant) : v(hn::Set(Tag<C>(), static_cast<C>(constant))) {}
  HWY_ATTR Vec(Mask<C> mask) : v(hn::IfThenElseZero(mask.m, hn::Set(Tag<C>(), C(1)))) {}
  // True where the number is not zero (NaN is true).
  HWY_ATTR Mask<C> holds() const { return {hn::Not(hn::Eq(v, hn::Zero(Tag<C>())))}; }

  friend HWY_ATTR Vec operator-(Vec a) { return hn::Neg(a.v); }
  friend HWY_ATTR Vec operator+(Vec a, Vec b) { return hn::Add(a.v, b.v); }
  friend HWY_ATTR Vec operator-(Vec a, Vec b) { return hn::Sub(a.v, b.v); }
  friend HWY_ATTR Vec operator*(Vec a, Vec b) { return hn::Mul(a.v, b.v); }
  friend HWY_ATTR Vec operator/(Vec a, Vec b) { return hn::Div(a.v, b.v); }
  friend HWY_ATTR Mask<C> operator<(Vec a, Vec b) { return {hn::Lt(a.v, b.v)}; }
  friend HWY_ATTR Mask<C> operator<=(Vec a, Vec b) { return {hn::Le(a.v, b.v)}; }
  friend HWY_ATTR Mask<C> operator>(Vec a, Vec b) { return {hn::Lt(b.v, a.v)}; }
  friend HWY_ATTR Mask<C> operator>=(Vec a, Vec b) { return {hn::Le(b.v, a.v)}; }
  friend HWY_ATTR Mask<C> operator==(Vec a, Vec b) { return {hn::Eq(a.v, b.v)}; }
  friend HWY_ATTR Mask<C> operator!=(Vec a, Vec b) { return {hn::Not(hn::Eq(a.v, b.v))}; }
  friend HWY_ATTR Mask<C> operator!(Vec a) { return !a.holds(); }
  friend HWY_ATTR Mask<C> operator&&(Vec a, Vec b) { return a.holds() && b.holds(); }
  friend HWY_ATTR Mask<C> operator||(Vec a, Vec b) { return a.holds() || b.holds(); }

  friend HWY_ATTR Vec apply(PrimTag<Prim::select>, Mask<C> c, Vec a, Vec b) {
    return hn::IfThenElse(c.m, a.v, b.v);
  }
  friend HWY_ATTR Vec apply(PrimTag<Prim::select> tag, Vec c, Vec a, Vec b) {
    return apply(tag, c.holds(), a, b);
  }

  template <Prim p>
  friend HWY_ATTR Vec apply(PrimTag<p>, Vec a) {
    return unary<p>(a.v);
  }
  template <Prim p>
  friend HWY_ATTR Vec apply(PrimTag<p>, Vec a, Vec b) {
    return binary<p>(a.v, b.v);
  }
  friend HWY_ATTR Vec apply(PrimTag<Prim::betainc>, Vec a, Vec b, Vec c) {
    return lanes<C>(special::betainc, a.v, b.v, c.v);
  }

 private:
  template <Prim p>
  HWY_ATTR static Vec unary(V x) {
    if constexpr (p == Prim::neg)
      return hn::Neg(x);
    else if constexpr (p == Prim::abs)
      return hn::Abs(x);
    else if constexpr (p == Prim::sign)
      return math::sign(x);
    else if constexpr (p == Prim::floor)
      return hn::Floor(x);
    else if constexpr (p == Prim::ceil)
      return hn::Ceil(x);
    else if constexpr (p == Prim::round)
      return hn::Round(x);
    else if constexpr (p == Prim::trunc)
      return hn::Trunc(x);
    else if constexpr (p == Prim::sqrt)
      return hn::Sqrt(x);
    else if constexpr (p == Prim::rsqrt)
      return hn::Div(hn::Set(Tag<C>(), C(1)), hn::Sqrt(x));
    else if constexpr (p == Prim::exp)
      return math::exp(x);
    else if constexpr (p == Prim::expm1)
      return math::expm1(x);
    else if constexpr (p == Prim::log)
      return math::log(x);
    else if constexpr (p == Prim::log1p)
      return math::log1p(x);
    else if constexpr (p == Prim::sin)
      return math::sin(x);
    else if constexpr (p == Prim::cos)
      return math::cos(x);
    else if constexpr (p == Prim::asin)
      return math::asin(x);
    else if constexpr (p == Prim::acos)
      return math::acos(x);
    else if constexpr (p == Prim::atan)
      return math::atan(x);
    else if constexpr (p == Prim::tanh)
      return math::tanh(x);
    else if constexpr (p == Prim::erf)
      return math::erf(x);
    else if constexpr (p == Prim::erfinv)
      return math::erfinv(x);
    else if constexpr (p == Prim::erfc)
      return lanes<C>(std::erfc, x);
    else if constexpr (p == Prim::erfcinv)
      return lanes<C>(special::erfcinv, x);
    else if constexpr (p == Prim::lgamma)
      return lanes<C>(special::lgamma, x);
    else if constexpr (p == Prim::digamma)
      return lanes<C>(special::digamma, x);
    else if constexpr (p == Prim::bessel_i0e)
      return lanes<C>(special::bessel_i0e, x);
    else if constexpr (p == Prim::bessel_i1e)
      return lanes<C>(special::bessel_i1e, x);
    else {
      static_assert(p == Prim::logical_not, "no SIMD code for this primitive");
      return !Vec(x);
    }
  }

  template <Prim p>
  HWY_ATTR static Vec binary(V x, V y) {
    if constexpr (p == Prim::add)
      return hn::Add(x, y);
    else if constexpr (p == Prim::sub)
      return hn::Sub(x, y);
    else if constexpr (p == Prim::mul)
      return hn::Mul(x, y);
    else if constexpr (p == Prim::div)
      return hn::Div(x, y);
    else if constexpr (p == Prim::min)
      return math::min(x, y);
    else if constexpr (p == Prim::max)
      return math::max(x, y);
    else if constexpr (p == Prim::pow)
      return math::pow(x, y);
    else if constexpr (p == Prim::atan2)
      return math::atan2(x, y);
    else if constexpr (p == Prim::nextafter)
      return math::nextafter(x, y);
    else if constexpr (p == Prim::floor_div)
      return hn::Floor(hn::Div(x, y));
    else if constexpr (p == Prim::trunc_div)
      return hn::Trunc(hn::Div(x, y));
    else if constexpr (p == Prim::floor_mod)
      return math::floor_mod(x, y);
    else if constexpr (p == Prim::trunc_mod)
      return lanes<C>(std::fmod, x, y);
    else if constexpr (p == Prim::igamma)
      return lanes<C>(special::igamma, x, y);
    else if constexpr (p == Prim::igammac)
      return lanes<C>(special::igammac, x, y);
    else if constexpr (p == Prim::zeta)
      return lanes<C>(special::zeta, x, y);
    else if constexpr (p == Prim::less)
      return Vec(x) < Vec(y);
    else if constexpr (p == Prim::less_equal)
      return Vec(x) <= Vec(y);
    else if constexpr (p == Prim::equal)
      return Vec(x) == Vec(y);
    else if constexpr (p == Prim::not_equal)
      return Vec(x) != Vec(y);
    else if constexpr (p == Prim::logical_and)
      return Vec(x) && Vec(y);
    else {
      static_assert(p == Prim::logical_or, "no SIMD code for this primitive");
      return Vec(x) || Vec(y);
    }
  }
};

}  // namespace millstream::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
