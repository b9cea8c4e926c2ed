// The reductions that are one fold: their inner loops, which the compiler vectorises for each SIMD
// target. Elements are folded as float, double, int64_t or uint64_t; others are converted first.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "millstream/backend/cpu/fold.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "millstream/backend/cpu/fold_finish.h"
#include "millstream/ops/reduce.h"

HWY_BEFORE_NAMESPACE();
namespace millstream::cpu::HWY_NAMESPACE {
namespace {

template <Start start, class C>
constexpr C start_of() {
  using Limits = std::numeric_limits<C>;
  if (start == Start::zero) return C(0);
  if (start == Start::one) return C(1);
  if (start == Start::lowest) return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
  return Limits::has_infinity ? Limits::infinity() : Limits::max();
}

// The loops of a fold over elements and states of type C. A template of types, so that folds which
// differ only in how they finish share them.
template <class Lift, class Combine, Start start, class C>
struct Loops {
  static constexpr int64_t kLanes = 256 / sizeof(C);  // independent partial results

  static C lift(C x) { return static_cast<C>(Lift()(x)); }
  static C combine(C a, C b) { return static_cast<C>(Combine()(a, b)); }

  static void run(const void* elements, int64_t n, const FoldState& s) {
    const C* x = static_cast<const C*>(elements);
    C lanes[kLanes];
    for (int64_t k = 0; k < kLanes; ++k) lanes[k] = start_of<start, C>();
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      for (int64_t k = 0; k < kLanes; ++k) lanes[k] = combine(lanes[k], lift(x[i + k]));
    }
    for (int64_t k = 0; i + k < n; ++k) lanes[k] = combine(lanes[k], lift(x[i + k]));
    for (int64_t half = kLanes / 2; half > 0; half /= 2) {
      for (int64_t k = 0; k < half; ++k) lanes[k] = combine(lanes[k], lanes[k + half]);
    }
    *s.plane<C>(0) = lanes[0];
  }

  static void rows(const void* elements, int64_t stride, int64_t n, int64_t width,
                   const FoldState& s) {
    const C* x = static_cast<const C*>(elements);
    C* HWY_RESTRICT to = s.plane<C>(0);
    for (int64_t j = 0; j < width; ++j) to[j] = start_of<start, C>();
    int64_t r = 0;
    for (; r + 8 <= n; r += 8) {
      const C* HWY_RESTRICT x0 = x + r * stride;
      const C *x1 = x0 + stride, *x2 = x1 + stride, *x3 = x2 + stride, *x4 = x3 + stride,
              *x5 = x4 + stride, *x6 = x5 + stride, *x7 = x6 + stride;
      for (int64_t j = 0; j < width; ++j) {
        const C a = combine(combine(lift(x0[j]), lift(x1[j])), combine(lift(x2[j]), lift(x3[j])));
        const C b = combine(combine(lift(x4[j]), lift(x5[j])), combine(lift(x6[j]), lift(x7[j])));
        to[j] = combine(to[j], combine(a, b));
      }
    }
    for (; r < n; ++r) {
      const C* HWY_RESTRICT row = x + r * stride;
      for (int64_t j = 0; j < width; ++j) to[j] = combine(to[j], lift(row[j]));
    }
  }

  static void merge(const FoldState& a, const FoldState& b, int64_t width) {
    C* HWY_RESTRICT to = a.plane<C>(0);
    const C* HWY_RESTRICT from = b.plane<C>(0);
    for (int64_t j = 0; j < width; ++j) to[j] = combine(to[j], from[j]);
  }
};

template <class T, class C>
void convert(const void* from, int64_t n, void* to) {
  for (int64_t i = 0; i < n; ++i) {
    static_cast<C*>(to)[i] = static_cast<C>(static_cast<const T*>(from)[i]);
  }
}

template <const auto& kFold, class T>
void lift_to_count(const void* from, int64_t n, void* to) {
  for (int64_t i = 0; i < n; ++i) {
    static_cast<uint64_t*>(to)[i] = kFold.lift(static_cast<const T*>(from)[i]);
  }
}

template <const auto& kFold, class T>
void fold_elements(const KernelContext& c) {
  using C = CarryOf<T, kFold.carry>;
  constexpr bool counts = kFold.carry == Carry::count;
  constexpr bool as_stored = !counts && sizeof(T) == sizeof(C);
  using Lift = std::conditional_t<counts, decltype(fold::keep), decltype(kFold.lift)>;
  using L = Loops<Lift, decltype(kFold.combine), kFold.start, C>;
  FoldKernel kernel = {.stored = sizeof(T),
                       .element = sizeof(C),
                       .carry = sizeof(C),
                       .planes = 1,
                       .load = nullptr,
                       .run = L::run,
                       .rows = L::rows,
                       .merge = L::merge,
                       .finish = finish_fold<kFold, T, C>};
  if constexpr (counts) {
    kernel.load = lift_to_count<kFold, T>;
  } else if constexpr (!as_stored) {
    kernel.load = convert<T, C>;
  }
  using Limited = std::conditional_t<std::is_integral_v<T>, T, C>;
  const C start = static_cast<C>(start_of<kFold.start, Limited>());
  run_fold(kernel, c, &start);
}

template <const auto& kFold>
void fold_numbers(const KernelContext& c) {
  dispatch(c.inputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    if constexpr (!std::is_same_v<T, bool>) fold_elements<kFold, T>(c);
  });
}

void fold_nonzeros(const KernelContext& c) {
  if (c.inputs[0].dtype() == boolean) return fold_elements<fold::count_nonzero, bool>(c);
  fold_numbers<fold::count_nonzero>(c);
}

}  // namespace

void dispatch_fold(size_t which, const KernelContext& c) {
  using Run = void (*)(const KernelContext&);
  static constexpr Run kRun[] = {fold_numbers<fold::sum>,
                                 fold_numbers<fold::mean>,
                                 fold_numbers<fold::prod>,
                                 fold_numbers<fold::max>,
                                 fold_numbers<fold::min>,
                                 fold_numbers<fold::euclidean_norm>,
                                 fold_elements<fold::any, bool>,
                                 fold_elements<fold::all, bool>,
                                 fold_nonzeros};
  kRun[which](c);
}

}  // namespace millstream::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millstream::cpu {
namespace {

HWY_EXPORT(dispatch_fold);

// `which` is the position in kRun.
template <size_t which>
struct RegisterFold : RegisterKernel {
  explicit RegisterFold(Op& op) : RegisterKernel(op, Backend::cpu, {.name = "fold", .run = run}) {}
  static void run(const KernelContext& c) { HWY_DYNAMIC_DISPATCH(dispatch_fold)(which, c); }
};
const RegisterFold<0> sum(op::reduce_sum);
const RegisterFold<1> mean(op::reduce_mean);
const RegisterFold<2> prod(op::reduce_prod);
const RegisterFold<3> max(op::reduce_max);
const RegisterFold<4> min(op::reduce_min);
const RegisterFold<5> euclidean_norm(op::reduce_euclidean_norm);
const RegisterFold<6> any(op::reduce_any);
const RegisterFold<7> all(op::reduce_all);
const RegisterFold<8> nonzeros(op::nonzeros);

}  // namespace
}  // namespace millstream::cpu
#endif
