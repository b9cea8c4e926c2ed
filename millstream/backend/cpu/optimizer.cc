// The steps of optimizers over SIMD registers.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "millstream/backend/cpu/optimizer.cc"
#include "millstream/backend/cpu/optimizer.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "millstream/backend/cpu/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace millstream::HWY_NAMESPACE {

// A rule changes the value w and its slots s by the gradient g, for a register of elements.
template <class C>
struct SgdRule {
  static constexpr int kMostSlots = 1;
  const cpu::StepScalars& k;
  HWY_INLINE void operator()(Vec<C>& w, Vec<C> g, Vec<C>* s) const {
    const Vec<C> step = g * k.rate;
    if (k.slots == 0) {
      w = w - step;
    } else {
      s[0] = s[0] * k.momentum - step;
      w = w + (k.flag ? s[0] * k.momentum - step : s[0]);
    }
  }
};

template <class C>
struct AdamRule {
  static constexpr int kMostSlots = 3;
  const cpu::StepScalars& k;
  HWY_INLINE void operator()(Vec<C>& w, Vec<C> g, Vec<C>* s) const {
    s[0] = s[0] + (g - s[0]) * (1 - k.beta_1);
    s[1] = s[1] + (g * g - s[1]) * (1 - k.beta_2);
    Vec<C> spread = s[1];
    if (k.slots == 3) spread = s[2] = hn::Max(s[2].v, s[1].v);
    w = w - s[0] * k.rate / (Vec<C>(hn::Sqrt(spread.v)) + k.epsilon);
  }
};

template <class C>
struct RmspropRule {
  static constexpr int kMostSlots = 3;
  const cpu::StepScalars& k;
  HWY_INLINE void operator()(Vec<C>& w, Vec<C> g, Vec<C>* s) const {
    s[0] = s[0] * k.beta_1 + g * g * (1 - k.beta_1);
    Vec<C> variance = s[0];
    if (k.flag) {
      Vec<C>& mean = s[k.slots - 1];
      mean = mean * k.beta_1 + g * (1 - k.beta_1);
      variance = variance - mean * mean;
    }
    Vec<C> step = g * k.rate / Vec<C>(hn::Sqrt((variance + k.epsilon).v));
    if (k.momentum > 0) step = s[1] = s[1] * k.momentum + step;
    w = w - step;
  }
};

template <class C>
struct AdagradRule {
  static constexpr int kMostSlots = 1;
  const cpu::StepScalars& k;
  HWY_INLINE void operator()(Vec<C>& w, Vec<C> g, Vec<C>* s) const {
    s[0] = s[0] + g * g;
    w = w - g * k.rate / Vec<C>(hn::Sqrt((s[0] + k.epsilon).v));
  }
};

// Loads and stores `count` elements of a register; the whole of it where that is known.
template <class C, bool kWhole>
struct Access {
  const Tag<C> d;
  size_t count;
  HWY_INLINE Vec<C> load(const C* from) const {
    if constexpr (kWhole) return hn::LoadU(d, from);
    HWY_ALIGN C lanes[cpu::kMaxStepLanes] = {};
    for (size_t i = 0; i < count; ++i) lanes[i] = from[i];
    return hn::Load(d, lanes);
  }
  HWY_INLINE void store(Vec<C> value, C* to) const {
    if constexpr (kWhole) {
      hn::StoreU(value.v, d, to);
    } else {
      HWY_ALIGN C lanes[cpu::kMaxStepLanes];
      hn::Store(value.v, d, lanes);
      for (size_t i = 0; i < count; ++i) to[i] = lanes[i];
    }
  }
};

template <class C, class Rule, class A>
HWY_INLINE void apply_at(const Rule& rule, const A& access, const cpu::StepArrays<C>& a, int slots,
                         double decay, size_t i) {
  Vec<C> w = access.load(a.value + i) * decay;
  const Vec<C> g = access.load(a.gradient + i);
  const Vec<C> zero = 0;
  Vec<C> s[3] = {zero, zero, zero};
  for (int j = 0; j < Rule::kMostSlots; ++j) {
    if (j < slots) s[j] = access.load(a.slots[j] + i);
  }
  rule(w, g, s);
  access.store(w, a.new_value + i);
  for (int j = 0; j < Rule::kMostSlots; ++j) {
    if (j < slots) access.store(s[j], a.new_slots[j] + i);
  }
}

template <class C, template <class> class Rule>
void run_rule(const cpu::StepScalars& k, const cpu::StepArrays<C>& a, size_t n) {
  const Rule<C> rule{k};
  const size_t lanes = hn::Lanes(Tag<C>());
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    apply_at<C>(rule, Access<C, true>{{}, lanes}, a, k.slots, k.decay, i);
  }
  if (i < n) apply_at<C>(rule, Access<C, false>{{}, n - i}, a, k.slots, k.decay, i);
}

template <class C>
void run_step(cpu::StepRule rule, const cpu::StepScalars& k, const cpu::StepArrays<C>& a,
              size_t n) {
  switch (rule) {
    case cpu::StepRule::sgd: return run_rule<C, SgdRule>(k, a, n);
    case cpu::StepRule::adam: return run_rule<C, AdamRule>(k, a, n);
    case cpu::StepRule::rmsprop: return run_rule<C, RmspropRule>(k, a, n);
    case cpu::StepRule::adagrad: return run_rule<C, AdagradRule>(k, a, n);
  }
}

void float_step(cpu::StepRule rule, const cpu::StepScalars& k, const cpu::StepArrays<float>& a,
                size_t n) {
  run_step<float>(rule, k, a, n);
}
void double_step(cpu::StepRule rule, const cpu::StepScalars& k, const cpu::StepArrays<double>& a,
                 size_t n) {
  run_step<double>(rule, k, a, n);
}

}  // namespace millstream::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <cmath>
#include <vector>

#include "millstream/base/parallel.h"
#include "millstream/ops/optimizer.h"

namespace millstream::cpu {
namespace {

HWY_EXPORT(float_step);
HWY_EXPORT(double_step);

constexpr int64_t kGrain = 1 << 15;    // elements; below it a second thread does not pay
constexpr int64_t kHalfTile = 1 << 9;  // elements of a half type that are converted at a time

void step(StepRule rule, const StepScalars& k, const StepArrays<float>& a, int64_t n) {
  HWY_DYNAMIC_DISPATCH(float_step)(rule, k, a, static_cast<size_t>(n));
}
void step(StepRule rule, const StepScalars& k, const StepArrays<double>& a, int64_t n) {
  HWY_DYNAMIC_DISPATCH(double_step)(rule, k, a, static_cast<size_t>(n));
}

// Half types are computed in float, a tile at a time.
template <class T>
void step_half(StepRule rule, const StepScalars& k, const StepArrays<T>& a, int64_t n) {
  float in[5][kHalfTile];
  const T* from[5] = {a.value, a.gradient, a.slots[0], a.slots[1], a.slots[2]};
  T* to[5] = {a.new_value, nullptr, a.new_slots[0], a.new_slots[1], a.new_slots[2]};
  const StepArrays<float> tile{in[0], in[1], {in[2], in[3], in[4]}, in[0], {in[2], in[3], in[4]}};
  for (int64_t begin = 0; begin < n; begin += kHalfTile) {
    const int64_t count = std::min(kHalfTile, n - begin);
    for (int j = 0; j < 2 + k.slots; ++j) {
      for (int64_t i = 0; i < count; ++i) in[j][i] = static_cast<float>(from[j][begin + i]);
    }
    step(rule, k, tile, count);
    for (int j = 0; j < 2 + k.slots; ++j) {
      for (int64_t i = 0; to[j] != nullptr && i < count; ++i) to[j][begin + i] = T(in[j][i]);
    }
  }
}

// The arrays of one parameter, `begin` elements in.
template <class T>
StepArrays<T> arrays_of(const KernelContext& c, size_t group, int slots, int64_t begin) {
  const size_t first = 2 + group * static_cast<size_t>(2 + slots);
  const size_t first_out = group * static_cast<size_t>(1 + slots);
  StepArrays<T> a{
      c.in<T>(first) + begin, c.in<T>(first + 1) + begin, {}, c.out<T>(first_out) + begin, {}};
  for (int j = 0; j < slots; ++j) {
    a.slots[j] = c.in<T>(first + 2 + static_cast<size_t>(j)) + begin;
    a.new_slots[j] = c.out<T>(first_out + 1 + static_cast<size_t>(j)) + begin;
  }
  return a;
}

void step_range(const KernelContext& c, StepRule rule, const StepScalars& k, size_t group,
                int64_t begin, int64_t end) {
  const size_t output = group * static_cast<size_t>(1 + k.slots);
  dispatch(c.outputs[output].dtype(), [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
      step(rule, k, arrays_of<T>(c, group, k.slots, begin), end - begin);
    } else if constexpr (std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>) {
      step_half(rule, k, arrays_of<T>(c, group, k.slots, begin), end - begin);
    }
  });
}

// All parameters lie end to end in one range, which the threads share.
void run_groups(const KernelContext& c, StepRule rule, StepScalars k) {
  k.slots = static_cast<int>(optimizer_slots(c.op, c.attrs));
  std::vector<int64_t> starts{0};
  for (size_t i = 0; i < c.outputs.size(); i += static_cast<size_t>(1 + k.slots)) {
    starts.push_back(starts.back() + c.outputs[i].elements());
  }
  parallel_for(starts.back(), kGrain, [&](int64_t begin, int64_t end) {
    size_t group = 0;
    while (starts[group + 1] <= begin) ++group;
    for (; begin < end; ++group) {
      const int64_t stop = std::min(end, starts[group + 1]);
      if (stop > begin) step_range(c, rule, k, group, begin - starts[group], stop - starts[group]);
      begin = stop;
    }
  });
}

double rate_of(const KernelContext& c) { return c.inputs[0].item<double>(); }

double decay_of(const KernelContext& c, size_t attr) {
  return 1 - rate_of(c) * c.attrs.number(attr);
}

void run_sgd(const KernelContext& c) {
  run_groups(c, StepRule::sgd,
             {.rate = rate_of(c),
              .decay = decay_of(c, 2),
              .momentum = c.attrs.number(0),
              .flag = c.attrs.flag(1)});
}

void run_adam(const KernelContext& c) {
  const double beta_1 = c.attrs.number(0), beta_2 = c.attrs.number(1);
  const auto step = c.inputs[1].item<double>();
  const double correction = std::sqrt(1 - std::pow(beta_2, step)) / (1 - std::pow(beta_1, step));
  run_groups(c, StepRule::adam,
             {.rate = rate_of(c) * correction,
              .decay = decay_of(c, 4),
              .beta_1 = beta_1,
              .beta_2 = beta_2,
              .epsilon = c.attrs.number(2)});
}

void run_rmsprop(const KernelContext& c) {
  run_groups(c, StepRule::rmsprop,
             {.rate = rate_of(c),
              .decay = decay_of(c, 4),
              .momentum = c.attrs.number(1),
              .beta_1 = c.attrs.number(0),
              .epsilon = c.attrs.number(2),
              .flag = c.attrs.flag(3)});
}

void run_adagrad(const KernelContext& c) {
  run_groups(c, StepRule::adagrad,
             {.rate = rate_of(c), .decay = decay_of(c, 1), .epsilon = c.attrs.number(0)});
}

const RegisterKernel sgd(op::sgd_update, Backend::cpu, {.name = "simd", .run = run_sgd});
const RegisterKernel adam(op::adam_update, Backend::cpu, {.name = "simd", .run = run_adam});
const RegisterKernel rmsprop(op::rmsprop_update, Backend::cpu,
                             {.name = "simd", .run = run_rmsprop});
const RegisterKernel adagrad(op::adagrad_update, Backend::cpu,
                             {.name = "simd", .run = run_adagrad});

}  // namespace
}  // namespace millstream::cpu
#endif
