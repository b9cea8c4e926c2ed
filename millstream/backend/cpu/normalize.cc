// Normalization of rows, each of which is read from memory once, and of columns.
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

// --- columns -------------------------------------------------------------------------------------

// Several rows of a matrix as one, which is long enough for registers. The last may be shorter.
struct Wide {
  int64_t columns, width, elements;

  explicit Wide(const Shape& shape) : columns(shape[-1]), elements(shape.elements()) {
    const int64_t at_once = std::max<int64_t>(1, 1024 / std::max<int64_t>(columns, 1));
    width = std::max<int64_t>(1, columns * at_once);
  }
  int64_t rows() const { return (elements + width - 1) / width; }

  // f(j) of each column, repeated.
  template <class C, class F>
  std::vector<C> repeated(const F& f) const {
    std::vector<C> result(static_cast<size_t>(width));
    for (int64_t j = 0; j < width && columns > 0; ++j) {
      result[j] = j < columns ? f(j) : result[j - columns];
    }
    return result;
  }

  // Calls f(n, x, y) for wide rows [begin, end) of n numbers.
  template <class T, size_t reads, size_t writes, class F>
  void each(int64_t begin, int64_t end, const std::array<const T*, reads>& from,
            const std::array<T*, writes>& to, const F& f) const {
    const int64_t whole = std::min(end, elements / width), rest = elements - whole * width;
    rows::lines_between<T>({1, width, 1}, begin, whole, from, to,
                           [&](int64_t, const auto& x, const auto& y) { f(width, x, y); });
    if (whole == end) return;
    auto last_from = from;
    auto last_to = to;
    for (auto& x : last_from) x += whole * width;
    for (auto& y : last_to) y += whole * width;
    rows::lines_between<T>({1, rest, 1}, 0, 1, last_from, last_to,
                           [&](int64_t, const auto& x, const auto& y) { f(rest, x, y); });
  }
};

// What normalize_columns reads of column j.
template <class C>
struct Column {
  std::vector<C> gamma, mean, variance;
  C epsilon;
  C scale(int64_t j) const { return 1 / std::sqrt(variance[j] + epsilon); }
};

template <class T>
void columns(const KernelContext& c) {
  using C = Computed<T>;
  const Wide wide(c.inputs[0].shape());
  const Column<C> of{numbers<T>(c, 1), numbers<T>(c, 3), numbers<T>(c, 4),
                     static_cast<C>(c.attrs.number(0))};
  const auto offsets = numbers<T>(c, 2);
  const auto mean = wide.repeated<C>([&](int64_t j) { return of.mean[j]; });
  const auto slope = wide.repeated<C>([&](int64_t j) { return of.gamma[j] * of.scale(j); });
  const auto beta = wide.repeated<C>([&](int64_t j) { return offsets[j]; });
  parallel_for(wide.rows(), std::max<int64_t>(1, rows::kGrain / wide.width),
               [&](int64_t begin, int64_t end) {
                 wide.each<T>(
                     begin, end, std::array{c.in<T>(0)}, std::array{c.out<T>()},
                     [&](int64_t n, const auto& x, const auto& y) {
                       each_part<C>(n, [&](auto part) {
                         const auto distance = hn::Sub(part.load(x[0]), part.load(mean.data()));
                         part.store(
                             hn::MulAdd(distance, part.load(slope.data()), part.load(beta.data())),
                             y[0]);
                       });
                     });
               });
}

// Sums over the rows of g (x - mean) and of g, which lie behind each other.
template <class T, class C>
std::vector<C> column_sums(const KernelContext& c, const Wide& wide, const std::vector<C>& mean) {
  std::vector<C> sums = cpu::sum_rows<C>(
      wide.rows(), wide.width, 2 * wide.width, [&](int64_t first, int64_t last, C* to) {
        wide.each<T>(first, last, std::array{c.in<T>(0), c.in<T>(2)}, std::array<T*, 0>(),
                     [&](int64_t n, const auto& x, const auto&) {
                       each_part<C>(n, [&](auto part) {
                         const auto g = part.load(x[1]);
                         const auto distance = hn::Sub(part.load(x[0]), part.load(mean.data()));
                         part.store(hn::MulAdd(g, distance, part.load(to)), to);
                         part.store(hn::Add(g, part.load(to + wide.width)), to + wide.width);
                       });
                     });
      });
  for (int64_t j = wide.columns; j < wide.width; ++j) {
    sums[j % wide.columns] += sums[j];
    sums[wide.width + j % wide.columns] += sums[wide.width + j];
  }
  std::copy_n(sums.begin() + wide.width, wide.columns, sums.begin() + wide.columns);
  return sums;
}

template <class T>
void columns_gradient(const KernelContext& c) {
  using C = Computed<T>;
  const Wide wide(c.inputs[0].shape());
  if (wide.columns == 0) return;
  const Column<C> of{numbers<T>(c, 1), numbers<T>(c, 3), numbers<T>(c, 4),
                     static_cast<C>(c.attrs.number(0))};
  const auto mean = wide.repeated<C>([&](int64_t j) { return of.mean[j]; });
  const std::vector<C> sums = column_sums<T>(c, wide, mean);
  const C* products = sums.data();
  const C* totals = products + wide.columns;
  for (int64_t j = 0; j < wide.columns; ++j) {
    c.out<T>(1)[j] = static_cast<T>(products[j] * of.scale(j));
    c.out<T>(2)[j] = static_cast<T>(totals[j]);
  }
  // dx = slope g - tilt (x - mean) - shift
  const C count = static_cast<C>(wide.elements / wide.columns);
  const auto slope = wide.repeated<C>([&](int64_t j) { return of.gamma[j] * of.scale(j); });
  const auto tilt = wide.repeated<C>(
      [&](int64_t j) { return slope[j] * of.scale(j) * of.scale(j) * products[j] / count; });
  const auto shift = wide.repeated<C>([&](int64_t j) { return slope[j] * totals[j] / count; });
  parallel_for(wide.rows(), std::max<int64_t>(1, rows::kGrain / wide.width),
               [&](int64_t begin, int64_t end) {
                 wide.each<T>(
                     begin, end, std::array{c.in<T>(0), c.in<T>(2)}, std::array{c.out<T>(0)},
                     [&](int64_t n, const auto& x, const auto& y) {
                       each_part<C>(n, [&](auto part) {
                         const auto distance = hn::Sub(part.load(x[0]), part.load(mean.data()));
                         const auto flow = hn::MulSub(part.load(x[1]), part.load(slope.data()),
                                                      part.load(shift.data()));
                         part.store(hn::NegMulAdd(distance, part.load(tilt.data()), flow), y[0]);
                       });
                     });
               });
}

}  // namespace

void run_normalize_columns(const KernelContext& c) {
  rows::for_floating(c.outputs[0].dtype(), [&]<class T>(std::type_identity<T>) { columns<T>(c); });
}

void run_normalize_columns_gradient(const KernelContext& c) {
  rows::for_floating(c.outputs[0].dtype(),
                     [&]<class T>(std::type_identity<T>) { columns_gradient<T>(c); });
}

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
HWY_EXPORT(run_normalize_columns);
HWY_EXPORT(run_normalize_columns_gradient);

const RegisterKernel rows_(op::normalize_rows, Backend::cpu,
                           {.name = "row", .run = [](const KernelContext& c) {
                              HWY_DYNAMIC_DISPATCH(run_normalize_rows)(c);
                            }});
const RegisterKernel gradient_(op::normalize_rows_gradient, Backend::cpu,
                               {.name = "row", .run = [](const KernelContext& c) {
                                  HWY_DYNAMIC_DISPATCH(run_normalize_rows_gradient)(c);
                                }});

const RegisterKernel columns_(op::normalize_columns, Backend::cpu,
                              {.name = "columns", .run = [](const KernelContext& c) {
                                 HWY_DYNAMIC_DISPATCH(run_normalize_columns)(c);
                               }});
const RegisterKernel columns_gradient_(op::normalize_columns_gradient, Backend::cpu,
                                       {.name = "columns", .run = [](const KernelContext& c) {
                                          HWY_DYNAMIC_DISPATCH(run_normalize_columns_gradient)(c);
                                        }});

}  // namespace
}  // namespace millstream
#endif
