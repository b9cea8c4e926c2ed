// Random numbers as TensorFlow's kernels make them of Philox's groups of four words. Every group's
// place in the stream follows from its place in the result, so threads share the work freely.
#include "millstream/ops/random.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <numbers>

#include "millstream/backend/cpu/copy.h"
#include "millstream/backend/cpu/indices.h"
#include "millstream/backend/cpu/philox_groups.h"
#include "millstream/base/parallel.h"
#include "millstream/ops/random_state.h"

namespace millstream::cpu {
namespace {

constexpr int64_t kGrain = 1 << 13;  // groups

template <class T>
constexpr bool kHalf = std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>;

// --- the state of a generator as a tensor --------------------------------------------------------

void write_state(const Philox& generator, int64_t* to) {
  std::memcpy(to, generator.key().data(), sizeof(Philox::Key));
  std::memcpy(to + 1, generator.counter().data(), sizeof(Philox::Counter));
}

Philox read_state(const Tensor& state) {
  Philox::Key key;
  Philox::Counter counter;
  std::memcpy(key.data(), state.data<int64_t>(), sizeof key);
  std::memcpy(counter.data(), state.data<int64_t>() + 1, sizeof counter);
  return Philox(counter, key);
}

void run_random_state(const KernelContext& c) {
  std::optional<int64_t> seed;
  if (!c.attrs.none(1)) seed = c.attrs.integer(1);
  const auto groups = static_cast<uint64_t>(c.attrs.integer(2));
  write_state(random::take(c.attrs.text(0), random::next_seeds(seed), groups), c.out<int64_t>());
}

void run_random_key(const KernelContext& c) {
  with_indices(c.inputs[0], [&](const auto* seed) {
    write_state(random::stateless(seed[0], seed[1]), c.out<int64_t>());
  });
}

// --- words as numbers ----------------------------------------------------------------------------

// In [0, 1): the mantissa from random bits.
float unit_float(uint32_t word) {
  return std::bit_cast<float>((word & 0x7fffff) | 0x3f800000) - 1.0f;
}

double unit_double(uint32_t high, uint32_t low) {
  const uint64_t mantissa = uint64_t{high & 0xfffff} << 32 | low;
  return std::bit_cast<double>(mantissa | uint64_t{1023} << 52) - 1.0;
}

uint64_t pair(const uint32_t* words) { return uint64_t{words[1]} << 32 | words[0]; }

// How a group of four words becomes kCount numbers.
template <class T>
struct Uniform {
  using Number = T;
  static constexpr int kCount = sizeof(T) == 8 ? 2 : 4;

  void operator()(const uint32_t* words, T* to) const {
    if constexpr (std::is_same_v<T, float>) {
      for (int i = 0; i < 4; ++i) to[i] = unit_float(words[i]);
    } else if constexpr (std::is_same_v<T, double>) {
      for (int i = 0; i < 2; ++i) to[i] = unit_double(words[2 * i], words[2 * i + 1]);
    } else {
      constexpr uint16_t mask = std::is_same_v<T, float16_t> ? 0x3ff : 0x7f;
      constexpr uint16_t one = std::is_same_v<T, float16_t> ? 0x3c00 : 0x3f80;
      for (int i = 0; i < 4; ++i) {
        T number;
        number.bits = static_cast<uint16_t>((words[i] & mask) | one);
        to[i] = T(static_cast<float>(number) - 1.0f);
      }
    }
  }
};

template <class T>
struct Bits {
  using Number = T;
  static constexpr int kCount = sizeof(T) == 8 ? 2 : 4;

  void operator()(const uint32_t* words, T* to) const {
    for (int i = 0; i < kCount; ++i) {
      to[i] = static_cast<T>(sizeof(T) == 8 ? pair(words + 2 * i) : words[i]);
    }
  }
};

template <class T>
struct Integers {
  using Number = T;
  using U = std::make_unsigned_t<T>;
  static constexpr int kCount = sizeof(T) == 8 ? 2 : 4;
  T low;
  U range;

  void operator()(const uint32_t* words, T* to) const {
    for (int i = 0; i < kCount; ++i) {
      const U bits = static_cast<U>(sizeof(T) == 8 ? pair(words + 2 * i) : words[i]);
      to[i] = static_cast<T>(static_cast<U>(low) + bits % range);
    }
  }
};

// Two normal numbers of two uniform ones, by Box and Muller.
void box_muller(float u, float v, float* to) {
  const float radius = std::sqrt(-2.0f * std::log(std::max(u, 1.0e-7f)));
  const auto angle = static_cast<float>(2.0 * std::numbers::pi * double(v));
  to[0] = std::sin(angle) * radius;
  to[1] = std::cos(angle) * radius;
}

void box_muller(double u, double v, double* to) {
  const double radius = std::sqrt(-2.0 * std::log(std::max(u, 1.0e-7)));
  const double angle = 2 * std::numbers::pi * v;
  to[0] = std::sin(angle) * radius;
  to[1] = std::cos(angle) * radius;
}

template <class T>
struct Normal {
  using Number = T;
  static constexpr int kCount = sizeof(T) == 8 ? 2 : 4;

  void operator()(const uint32_t* words, T* to) const {
    if constexpr (std::is_same_v<T, double>) {
      box_muller(unit_double(words[0], words[1]), unit_double(words[2], words[3]), to);
    } else {
      float pair[2];
      for (int i = 0; i < 4; i += 2) {
        box_muller(unit_float(words[i]), unit_float(words[i + 1]), pair);
        to[i] = T(pair[0]);
        to[i + 1] = T(pair[1]);
      }
    }
  }
};

// Fills the result: group i of the stream makes its numbers i * kCount and on.
template <class Make>
void fill(const KernelContext& c, const Make& make) {
  using T = typename Make::Number;
  constexpr int64_t kCount = Make::kCount;
  const Philox base = read_state(c.inputs[0]);
  const int64_t size = c.outputs[0].elements();
  T* to = c.out<T>();
  parallel_for((size + kCount - 1) / kCount, kGrain, [&](int64_t begin, int64_t end) {
    PhiloxGroups groups(base, static_cast<uint64_t>(begin));
    for (int64_t group = begin; group < end; ++group) {
      const uint32_t* words = groups.next();
      if ((group + 1) * kCount <= size) {
        make(words, to + group * kCount);
      } else {
        T last[kCount];
        make(words, last);
        std::copy_n(last, size - group * kCount, to + group * kCount);
      }
    }
  });
}

template <template <class> class Make>
void run_real(const KernelContext& c) {
  dispatch(c.outputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    if constexpr (kHalf<T> || std::is_floating_point_v<T>) fill(c, Make<T>());
  });
}

void run_bits(const KernelContext& c) {
  dispatch(c.outputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_integral_v<T> && sizeof(T) >= 4) fill(c, Bits<T>());
  });
}

void run_integers(const KernelContext& c) {
  with_indices(c.outputs[0], [&]<class T>(const T*) {
    const T low = *c.in<T>(1), high = *c.in<T>(2);
    if (low >= high && c.outputs[0].elements() > 0) {
      throw InvalidArgument(fmt::format("Need minval < maxval, got {} >= {}", low, high));
    }
    using U = std::make_unsigned_t<T>;
    fill(c, Integers<T>{low, static_cast<U>(static_cast<U>(high) - static_cast<U>(low))});
  });
}

// --- truncated normal ----------------------------------------------------------------------------

// The numbers of one group of the result: as many words as it takes, from a region of its own.
template <class T>
void truncated_group(Philox generator, T* to) {
  constexpr int kCount = sizeof(T) == 8 ? 2 : 4;
  using W = std::conditional_t<sizeof(T) == 8, double, float>;
  PhiloxWords word(generator);
  for (int found = 0; found < kCount;) {
    W u, v, numbers[2];
    if constexpr (sizeof(T) == 8) {
      const uint32_t a = word(), b = word(), c = word(), d = word();
      u = unit_double(a, b);
      v = unit_double(c, d);
    } else {
      u = unit_float(word());
      v = unit_float(word());
    }
    box_muller(u, v, numbers);
    for (const W number : numbers) {
      if (std::abs(number) < 2 && found < kCount) to[found++] = T(number);
    }
  }
}

void run_truncated_normal(const KernelContext& c) {
  const Philox base = read_state(c.inputs[0]);
  const int64_t size = c.outputs[0].elements();
  dispatch(c.outputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    if constexpr (kHalf<T> || std::is_floating_point_v<T>) {
      constexpr int64_t kCount = sizeof(T) == 8 ? 2 : 4;
      constexpr uint64_t kRegion = kCount * 256 / 4;  // groups
      T* to = c.out<T>();
      parallel_for((size + kCount - 1) / kCount, kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t group = begin; group < end; ++group) {
          Philox generator = base;
          generator.skip(static_cast<uint64_t>(group) * kRegion);
          T numbers[kCount];
          truncated_group(generator, numbers);
          std::copy_n(numbers, std::min(kCount, size - group * kCount), to + group * kCount);
        }
      });
    }
  });
}

// --- categorical, permutation --------------------------------------------------------------------

// Running sums of the probabilities, the largest of which is 1.
template <class T>
void running_sums(const T* logits, std::vector<double>& sums) {
  double most = -std::numeric_limits<double>::max();
  for (size_t i = 0; i < sums.size(); ++i) {
    const auto logit = static_cast<double>(logits[i]);
    if (std::isfinite(logit)) most = std::max(most, logit);
  }
  double total = 0;
  for (size_t i = 0; i < sums.size(); ++i) {
    const auto logit = static_cast<double>(logits[i]);
    if (std::isfinite(logit)) total += std::exp(logit - most);
    sums[i] = total;
  }
}

void run_categorical(const KernelContext& c) {
  const Philox base = read_state(c.inputs[0]);
  const int64_t rows = c.inputs[1].dim(0), classes = c.inputs[1].dim(1);
  const int64_t samples = c.outputs[0].dim(1);
  if (c.outputs[0].elements() == 0) return;
  dispatch(c.inputs[1].dtype(), [&]<class T>(std::type_identity<T>) {
    with_indices(c.outputs[0], [&]<class I>(const I*) {
      const int64_t cost = classes + samples;
      parallel_for(rows, std::max<int64_t>(1, kGrain / cost), [&](int64_t begin, int64_t end) {
        std::vector<double> sums(static_cast<size_t>(classes));
        Philox generator = base;
        // Two words for each sample, row after row.
        const int64_t words = begin * samples * 2;
        generator.skip(static_cast<uint64_t>(words / 4));
        PhiloxWords word(generator);
        if (words % 4 != 0) word(), word();
        for (int64_t row = begin; row < end; ++row) {
          running_sums(c.in<T>(1) + row * classes, sums);
          for (int64_t i = 0; i < samples; ++i) {
            const uint32_t high = word(), low = word();
            const double place = unit_double(high, low) * sums.back();
            const auto found = std::upper_bound(sums.begin(), sums.end(), place);
            c.out<I>()[row * samples + i] = static_cast<I>(found - sums.begin());
          }
        }
      });
    });
  });
}

void run_permutation(const KernelContext& c) {
  const int64_t size = c.attrs.integer(0);
  auto* to = c.out<int64_t>();
  for (int64_t i = 0; i < size; ++i) to[i] = i;
  PhiloxWords word(read_state(c.inputs[0]));
  for (int64_t i = 0; i + 1 < size; ++i) {
    std::swap(to[i], to[i + word() % static_cast<uint32_t>(size - i)]);
  }
}

constexpr auto kCpu = Backend::cpu;
const RegisterKernel state(op::random_state, kCpu, {.name = "seeds", .run = run_random_state});
const RegisterKernel key(op::random_key, kCpu, {.name = "seeds", .run = run_random_key});
const RegisterKernel uniform(op::philox_uniform, kCpu,
                             {.name = "philox", .run = run_real<Uniform>});
const RegisterKernel normal(op::philox_normal, kCpu, {.name = "philox", .run = run_real<Normal>});
const RegisterKernel bits(op::philox_bits, kCpu, {.name = "philox", .run = run_bits});
const RegisterKernel integers(op::philox_integers, kCpu, {.name = "philox", .run = run_integers});
const RegisterKernel truncated_normal(op::philox_truncated_normal, kCpu,
                                      {.name = "philox", .run = run_truncated_normal});
const RegisterKernel categorical(op::philox_categorical, kCpu,
                                 {.name = "philox", .run = run_categorical});
const RegisterKernel permutation(op::philox_permutation, kCpu,
                                 {.name = "philox", .run = run_permutation});

}  // namespace
}  // namespace millstream::cpu
