// Normalization of rows, each of which is read from memory once.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "millstream/backend/cpu/normalize.cc"
#include "millstream/ops/normalize.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "millstream/backend/cpu/row_sums.h"
#include "millstream/backend/cpu/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace millstream::HWY_NAMESPACE {
namespace {

using rows::Computed;
using rows::each_part;

template <class C>
struct Statistics {
  C mean, scale;  // scale = 1 / sqrt(variance + epsilon)
};

template <class C>
Statistics<C> statistics(const C* x, int64_t n, double epsilon) {
  const Tag<C> d;
  const C count = static_cast<C>(n);
  const C mean = rows::sums<C>(n, [&](auto part) { return std::array{part.load(x)}; })[0] / count;
  const auto center = hn::Set(d, mean);
  const C squares = rows::sums<C>(n, [&](auto part) {
    const auto distance = hn::Sub(part.load(x), center);
    return std::array{hn::Mul(distance, distance)};
  })[0];
  return {mean, static_cast<C>(1 / std::sqrt(squares / count + static_cast<C>(epsilon)))};
}

template <class C>
void normalize_row(const C* x, const C* gamma, const C* beta, int64_t n, double epsilon, C* y) {
  const Tag<C> d;
  const Statistics<C> s = statistics(x, n, epsilon);
  const auto mean = hn::Set(d, s.mean), scale = hn::Set(d, s.scale);
  each_part<C>(n, [&](auto part) {
    const auto h = hn::Mul(hn::Sub(part.load(x), mean), scale);
    part.store(hn::MulAdd(h, part.load(gamma), part.load(beta)), y);
  });
}

// Adds to the sums of g h and of g, which lie behind each other.
template <class C>
void gradient_row(const C* x, const C* gamma, const C* g, int64_t n, double epsilon, C* dx,
                  C* to_sums) {
  const Tag<C> d;
  const Statistics<C> s = statistics(x, n, epsilon);
  const auto mean = hn::Set(d, s.mean), scale = hn::Set(d, s.scale);
  const auto [sum, product] = rows::sums<C>(n, [&](auto part) {
    const auto a = hn::Mul(part.load(g), part.load(gamma));
    return std::array{a, hn::Mul(a, hn::Mul(hn::Sub(part.load(x), mean), scale))};
  });
  const auto mean_a = hn::Set(d, sum / static_cast<C>(n));
  const auto mean_ah = hn::Set(d, product / static_cast<C>(n));
  each_part<C>(n, [&](auto part) {
    const auto flow = part.load(g), h = hn::Mul(hn::Sub(part.load(x), mean), scale);
    const auto a = hn::Mul(flow, part.load(gamma));
    part.store(hn::Mul(hn::NegMulAdd(h, mean_ah, hn::Sub(a, mean_a)), scale), dx);
    part.store(hn::MulAdd(flow, h, part.load(to_sums)), to_sums);
    part.store(hn::Add(flow, part.load(to_sums + n)), to_sums + n);
  });
}

// A vector in the type that is computed in.
template <class T>
std::vector<Computed<T>> numbers(const KernelContext& c, size_t input) {
  return {c.in<T>(input), c.in<T>(input) + c.inputs[input].elements()};
}

}  // namespace

void run_normalize_rows(const KernelContext& c) {
  rows::for_floating(c.outputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    const cpu::Lines lines(c.inputs[0].shape(), -1);
    const auto gamma = numbers<T>(c, 1), beta = numbers<T>(c, 2);
    rows::each_line<T>(lines, std::array{c.in<T>(0)}, std::array{c.out<T>()},
                       [&](int64_t, const auto& x, const auto& y) {
                         normalize_row(x[0], gamma.data(), beta.data(), lines.size,
                                       c.attrs.number(0), y[0]);
                       });
  });
}

void run_normalize_rows_gradient(const KernelContext& c) {
  rows::for_floating(c.outputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    using C = Computed<T>;
    const cpu::Lines lines(c.inputs[0].shape(), -1);
    const int64_t n = lines.size;
    const auto gamma = numbers<T>(c, 1);
    const auto sums = cpu::sum_rows<C>(
        n == 0 ? 0 : lines.outer, n, 2 * n, [&](int64_t first, int64_t last, C* to_sums) {
          rows::lines_between<T>(
              lines, first, last, std::array{c.in<T>(0), c.in<T>(2)}, std::array{c.out<T>(0)},
              [&](int64_t, const auto& x, const auto& y) {
                gradient_row(x[0], gamma.data(), x[1], n, c.attrs.number(0), y[0], to_sums);
              });
        });
    for (int64_t i = 0; i < n; ++i) {
      c.out<T>(1)[i] = static_cast<T>(sums[i]);
      c.out<T>(2)[i] = static_cast<T>(sums[n + i]);
    }
  });
}

}  // namespace millstream::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millstream {
namespace {

HWY_EXPORT(run_normalize_rows);
HWY_EXPORT(run_normalize_rows_gradient);

const RegisterKernel rows_(op::normalize_rows, Backend::cpu,
                           {.name = "row", .run = [](const KernelContext& c) {
                              HWY_DYNAMIC_DISPATCH(run_normalize_rows)(c);
                            }});
const RegisterKernel gradient_(op::normalize_rows_gradient, Backend::cpu,
                               {.name = "row", .run = [](const KernelContext& c) {
                                  HWY_DYNAMIC_DISPATCH(run_normalize_rows_gradient)(c);
                                }});

}  // namespace
}  // namespace millstream
#endif
