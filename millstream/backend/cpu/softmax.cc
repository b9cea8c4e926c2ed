// Softmax and its relatives: each row is read from memory once and stays in the nearest cache.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "millstream/backend/cpu/softmax.cc"
#include "millstream/ops/softmax.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "millstream/backend/cpu/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace millstream::HWY_NAMESPACE {
namespace {

using rows::Computed;
using rows::each_line;
using rows::each_part;
using rows::for_floating;

// NaN shows in the sum of the exponentials, so it needs no care here.
template <class C>
C largest(const C* x, int64_t n) {
  constexpr C kLowest = -std::numeric_limits<C>::infinity();
  const Tag<C> d;
  auto best = hn::Set(d, kLowest);
  each_part<C>(n, [&](auto part) { best = hn::Max(best, part.load(x, kLowest)); });
  return hn::GetLane(hn::MaxOfLanes(d, best));
}

// The sum of exp(x - shift). Calls keep(part, exponentials), and brings the next row near.
template <class C, class F>
HWY_INLINE C exponentials(const C* x, int64_t n, C shift, const F& keep) {
  const auto offset = hn::Set(Tag<C>(), shift);
  return rows::sums<C>(n, [&](auto part) {
    __builtin_prefetch(x + n + part.at);
    const auto e = math::exp(hn::Sub(part.load(x), offset));
    keep(part, e);
    return std::array{e};
  })[0];
}

template <class C>
C log_of_sum(const C* x, int64_t n, C shift) {
  return std::log(exponentials(x, n, shift, [](auto, auto) {}));
}

template <class C>
void softmax_row(const C* x, int64_t n, C* y) {
  const C sum = exponentials(x, n, largest(x, n), [&](auto part, auto e) { part.store(e, y); });
  const auto scale = hn::Set(Tag<C>(), 1 / sum);
  each_part<C>(n, [&](auto part) { part.store(hn::Mul(part.load(y), scale), y); });
}

template <class C>
void log_softmax_row(const C* x, int64_t n, C* y) {
  const Tag<C> d;
  const C top = largest(x, n);
  const auto shift = hn::Set(d, top);
  const auto rest = hn::Set(d, std::log(exponentials(x, n, top, [&](auto part, auto) {
                              __builtin_prefetch(y + part.at, 1);
                            })));
  each_part<C>(n, [&](auto part) { part.store(hn::Sub(hn::Sub(part.load(x), shift), rest), y); });
}

// (g - sum(g y)) y
template <class C>
void softmax_gradient_row(const C* y, const C* g, int64_t n, C* to) {
  const C sum = rows::sums<C>(
      n, [&](auto part) { return std::array{hn::Mul(part.load(g), part.load(y))}; })[0];
  const auto inner = hn::Set(Tag<C>(), sum);
  each_part<C>(
      n, [&](auto part) { part.store(hn::Mul(hn::Sub(part.load(g), inner), part.load(y)), to); });
}

// g - exp(y) sum(g)
template <class C>
void log_softmax_gradient_row(const C* y, const C* g, int64_t n, C* to) {
  const auto sum =
      hn::Set(Tag<C>(), rows::sums<C>(n, [&](auto part) { return std::array{part.load(g)}; })[0]);
  each_part<C>(n, [&](auto part) {
    part.store(hn::NegMulAdd(math::exp(part.load(y)), sum, part.load(g)), to);
  });
}

cpu::Lines lines_of(const KernelContext& c) {
  return {c.inputs[0].shape(), c.attrs.none(0) ? -1 : c.attrs.integer(0)};
}

int64_t label_of(const Tensor& labels, int64_t row) {
  return labels.dtype() == int32 ? labels.data<int32_t>()[row] : labels.data<int64_t>()[row];
}

}  // namespace

void run_softmax(bool logarithm, const KernelContext& c) {
  for_floating(c.inputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    const cpu::Lines lines = lines_of(c);
    each_line<T>(lines, std::array{c.in<T>(0)}, std::array{c.out<T>()},
                 [&](int64_t, const auto& x, const auto& y) {
                   logarithm ? log_softmax_row(x[0], lines.size, y[0])
                             : softmax_row(x[0], lines.size, y[0]);
                 });
  });
}

void run_softmax_gradient(bool logarithm, const KernelContext& c) {
  for_floating(c.inputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    const cpu::Lines lines = lines_of(c);
    each_line<T>(lines, std::array{c.in<T>(0), c.in<T>(1)}, std::array{c.out<T>()},
                 [&](int64_t, const auto& x, const auto& y) {
                   logarithm ? log_softmax_gradient_row(x[0], x[1], lines.size, y[0])
                             : softmax_gradient_row(x[0], x[1], lines.size, y[0]);
                 });
  });
}

void run_sparse_cross_entropy(const KernelContext& c) {
  for_floating(c.inputs[1].dtype(), [&]<class T>(std::type_identity<T>) {
    const cpu::Lines lines(c.inputs[1].shape(), -1);
    each_line<T>(lines, std::array{c.in<T>(1)}, std::array<T*, 0>(),
                 [&](int64_t row, const auto& in, const auto&) {
                   using C = Computed<T>;
                   const C* x = in[0];
                   const C shift = largest(x, lines.size);
                   const C rest = log_of_sum(x, lines.size, shift);
                   c.out<T>(0)[row] =
                       static_cast<T>(rest - (x[label_of(c.inputs[0], row)] - shift));
                   c.out<T>(1)[row] = static_cast<T>(shift + rest);
                 });
  });
}

void run_minus_one_hot(const KernelContext& c) {
  for_floating(c.inputs[1].dtype(), [&]<class T>(std::type_identity<T>) {
    const cpu::Lines lines(c.inputs[1].shape(), -1);
    each_line<T>(lines, std::array{c.in<T>(1)}, std::array{c.out<T>()},
                 [&](int64_t row, const auto& x, const auto& out) {
                   using C = Computed<T>;
                   C* y = out[0];
                   softmax_row(x[0], lines.size, y);
                   y[label_of(c.inputs[0], row)] -= 1;
                   const auto g = hn::Set(Tag<C>(), static_cast<C>(c.in<T>(2)[row]));
                   each_part<C>(lines.size,
                                [&](auto part) { part.store(hn::Mul(part.load(y), g), y); });
                 });
  });
}

}  // namespace millstream::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millstream {
namespace {

HWY_EXPORT(run_softmax);
HWY_EXPORT(run_softmax_gradient);
HWY_EXPORT(run_sparse_cross_entropy);
HWY_EXPORT(run_minus_one_hot);

template <bool logarithm>
void softmax_kernel(const KernelContext& c) {
  HWY_DYNAMIC_DISPATCH(run_softmax)(logarithm, c);
}

template <bool logarithm>
void softmax_gradient_kernel(const KernelContext& c) {
  HWY_DYNAMIC_DISPATCH(run_softmax_gradient)(logarithm, c);
}

void check_labels(const KernelContext& c) {
  const Tensor& labels = c.inputs[0];
  const int64_t classes = c.inputs[1].shape()[-1];
  for (int64_t row = 0; row < labels.elements(); ++row) {
    const int64_t label =
        labels.dtype() == int32 ? labels.data<int32_t>()[row] : labels.data<int64_t>()[row];
    if (label >= 0 && label < classes) continue;
    throw InvalidArgument("Received a label value of " + std::to_string(label) +
                          " which is outside the valid range of [0, " + std::to_string(classes) +
                          "), for row " + std::to_string(row));
  }
}

void sparse_kernel(const KernelContext& c) {
  check_labels(c);
  HWY_DYNAMIC_DISPATCH(run_sparse_cross_entropy)(c);
}

void minus_one_hot_kernel(const KernelContext& c) {
  check_labels(c);
  HWY_DYNAMIC_DISPATCH(run_minus_one_hot)(c);
}

const RegisterKernel softmax_(op::softmax, Backend::cpu,
                              {.name = "row", .run = softmax_kernel<false>});
const RegisterKernel log_softmax_(op::log_softmax, Backend::cpu,
                                  {.name = "row", .run = softmax_kernel<true>});
const RegisterKernel softmax_gradient_(op::softmax_gradient, Backend::cpu,
                                       {.name = "row", .run = softmax_gradient_kernel<false>});
const RegisterKernel log_softmax_gradient_(op::log_softmax_gradient, Backend::cpu,
                                           {.name = "row", .run = softmax_gradient_kernel<true>});
const RegisterKernel sparse_(op::sparse_cross_entropy, Backend::cpu,
                             {.name = "row", .run = sparse_kernel});
const RegisterKernel minus_one_hot_(op::softmax_minus_one_hot, Backend::cpu,
                                    {.name = "row", .run = minus_one_hot_kernel});

}  // namespace
}  // namespace millstream
#endif
