// Softmax and its relatives: each row is read from memory once and stays in the nearest cache.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "millstream/backend/cpu/softmax.cc"
#include "millstream/ops/softmax.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "millstream/backend/cpu/lines.h"
#include "millstream/backend/cpu/vec-inl.h"
#include "millstream/base/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace millstream::HWY_NAMESPACE {
namespace {

constexpr int64_t kGrain = 1 << 13;  // elements that are worth a thread

// Rows of numbers of type C, which end with room for a register.
template <class C>
int64_t lanes_of() {
  return static_cast<int64_t>(hn::Lanes(Tag<C>()));
}

// NaN shows in the sum of the exponentials, so it needs no care here.
template <class C>
C largest(const C* x, int64_t n) {
  const Tag<C> d;
  const int64_t lanes = lanes_of<C>();
  C result = -std::numeric_limits<C>::infinity();
  int64_t i = 0;
  if (n >= lanes) {
    auto best = hn::LoadU(d, x);
    for (; i + lanes <= n; i += lanes) best = hn::Max(best, hn::LoadU(d, x + i));
    result = hn::GetLane(hn::MaxOfLanes(d, best));
  }
  for (; i < n; ++i) result = std::max(result, x[i]);
  return result;
}

// Calls f(i, count, x) with registers of the row; lanes from `count` on hold -infinity.
template <class C, class F>
HWY_INLINE void each_register(const C* x, int64_t n, F f) {
  const Tag<C> d;
  const int64_t lanes = lanes_of<C>();
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) f(i, lanes, hn::LoadU(d, x + i));
  if (i == n) return;
  const auto none = hn::Set(d, -std::numeric_limits<C>::infinity());
  const auto here = hn::FirstN(d, static_cast<size_t>(n - i));
  f(i, n - i, hn::IfThenElse(here, hn::MaskedLoad(here, d, x + i), none));
}

template <class C, class V>
HWY_INLINE void store(V value, int64_t count, C* to) {
  const Tag<C> d;
  hn::BlendedStore(value, hn::FirstN(d, static_cast<size_t>(count)), d, to);
}

// The sum of exp(x - shift); keeps the exponentials in `to` unless it is nullptr.
template <class C>
C exponentials(const C* x, int64_t n, C shift, C* to) {
  const Tag<C> d;
  const auto offset = hn::Set(d, shift);
  auto sum = hn::Zero(d);
  each_register(x, n, [&](int64_t i, int64_t count, auto value) {
    const auto e = math::exp(hn::Sub(value, offset));
    sum = hn::Add(sum, count == lanes_of<C>()
                           ? e
                           : hn::IfThenElseZero(hn::FirstN(d, static_cast<size_t>(count)), e));
    if (to != nullptr) store(e, count, to + i);
  });
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

template <class C>
void softmax_row(const C* x, int64_t n, C* y) {
  const C scale = 1 / exponentials(x, n, largest(x, n), y);
  const Tag<C> d;
  each_register(y, n, [&](int64_t i, int64_t count, auto e) {
    store(hn::Mul(e, hn::Set(d, scale)), count, y + i);
  });
}

template <class C>
void log_softmax_row(const C* x, int64_t n, C* y) {
  const C shift = largest(x, n), rest = std::log(exponentials<C>(x, n, shift, nullptr));
  const Tag<C> d;
  each_register(x, n, [&](int64_t i, int64_t count, auto value) {
    store(hn::Sub(hn::Sub(value, hn::Set(d, shift)), hn::Set(d, rest)), count, y + i);
  });
}

// Calls f(line, x, y) for the lines of c.inputs[input] along `axis`, in parallel; x and y are
// adjacent numbers. y is written to the output unless `writes` is false.
template <class T, class F>
void each_line(const KernelContext& c, size_t input, int64_t axis, bool writes, F f) {
  using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
  const cpu::Lines lines(c.inputs[input].shape(), axis);
  if (lines.elements() == 0) return;
  const T* x = c.in<T>(input);
  T* y = writes ? c.out<T>() : nullptr;
  const bool direct = std::is_same_v<T, C> && lines.inner == 1;
  parallel_for(
      lines.outer * lines.inner, std::max<int64_t>(1, kGrain / lines.size),
      [&](int64_t begin, int64_t end) {
        std::vector<C> row(direct ? 0 : static_cast<size_t>(lines.size)), result(row.size());
        for (int64_t line = begin; line < end; ++line) {
          const int64_t at = line / lines.inner * lines.size * lines.inner + line % lines.inner;
          if (direct) {
            f(line, reinterpret_cast<const C*>(x + at), reinterpret_cast<C*>(writes ? y + at : y));
            continue;
          }
          for (int64_t i = 0; i < lines.size; ++i) {
            row[static_cast<size_t>(i)] = static_cast<C>(x[at + i * lines.inner]);
          }
          f(line, row.data(), result.data());
          for (int64_t i = 0; writes && i < lines.size; ++i) {
            y[at + i * lines.inner] = static_cast<T>(result[static_cast<size_t>(i)]);
          }
        }
      });
}

template <class F>
void for_floating(DType dtype, F f) {
  if (dtype == float16) return f(std::type_identity<float16_t>());
  if (dtype == bfloat16) return f(std::type_identity<bfloat16_t>());
  if (dtype == float64) return f(std::type_identity<double>());
  f(std::type_identity<float>());
}

int64_t label_of(const Tensor& labels, int64_t row) {
  return labels.dtype() == int32 ? labels.data<int32_t>()[row] : labels.data<int64_t>()[row];
}

}  // namespace

void run_softmax(bool logarithm, const KernelContext& c) {
  const int64_t axis = c.attrs.none(0) ? -1 : c.attrs.integer(0);
  for_floating(c.inputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    const int64_t n = c.inputs[0].shape()[normalize_axis(axis, c.inputs[0].rank())];
    each_line<T>(c, 0, axis, true, [&](int64_t, const auto* x, auto* y) {
      logarithm ? log_softmax_row(x, n, y) : softmax_row(x, n, y);
    });
  });
}

void run_sparse_cross_entropy(const KernelContext& c) {
  for_floating(c.inputs[1].dtype(), [&]<class T>(std::type_identity<T>) {
    const int64_t n = c.inputs[1].shape()[-1];
    each_line<T>(c, 1, -1, false, [&](int64_t row, const auto* x, auto*) {
      using C = std::decay_t<decltype(*x)>;
      const C shift = largest(x, n);
      const C rest = std::log(exponentials<C>(x, n, shift, nullptr));
      c.out<T>(0)[row] = static_cast<T>(rest - (x[label_of(c.inputs[0], row)] - shift));
      c.out<T>(1)[row] = static_cast<T>(shift + rest);
    });
  });
}

void run_minus_one_hot(const KernelContext& c) {
  for_floating(c.inputs[1].dtype(), [&]<class T>(std::type_identity<T>) {
    const int64_t n = c.inputs[1].shape()[-1];
    each_line<T>(c, 1, -1, true, [&](int64_t row, const auto* x, auto* y) {
      using C = std::decay_t<decltype(*y)>;
      softmax_row<C>(x, n, y);
      y[label_of(c.inputs[0], row)] -= 1;
      const C g = static_cast<C>(c.in<T>(2)[row]);
      for (int64_t i = 0; i < n; ++i) y[i] *= g;
    });
  });
}

}  // namespace millstream::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millstream {
namespace {

HWY_EXPORT(run_softmax);
HWY_EXPORT(run_sparse_cross_entropy);
HWY_EXPORT(run_minus_one_hot);

template <bool logarithm>
void softmax_kernel(const KernelContext& c) {
  HWY_DYNAMIC_DISPATCH(run_softmax)(logarithm, c);
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
const RegisterKernel sparse_(op::sparse_cross_entropy, Backend::cpu,
                             {.name = "row", .run = sparse_kernel});
const RegisterKernel minus_one_hot_(op::softmax_minus_one_hot, Backend::cpu,
                                    {.name = "row", .run = minus_one_hot_kernel});

}  // namespace
}  // namespace millstream
#endif
