// Random numbers, the same as the CPU's: each thread makes the numbers of groups of four words of
// Philox's stream. Only normal numbers may differ, by the rounding of sin and log.
#include "millstream/ops/random.h"

#include <fmt/format.h>

#include "millstream/backend/gpu/map.h"
#include "millstream/backend/gpu/program.h"
#include "millstream/ops/philox_ops.h"

namespace millstream::gpu {
namespace {

// KIND is one of the first five; COUNT numbers come of a group.
constexpr std::string_view kText = R"(
#define WORD 0
#define SINGLE 1
#define HALF_KIND 2
#define BRAIN 3
#define PAIR 4
#define DOUBLE_KIND 5
#if KIND >= PAIR
#define COUNT 2
#else
#define COUNT 4
#endif
#if KIND == DOUBLE_KIND
#define REAL double
#else
#define REAL float
#endif

typedef struct {
  unsigned int counter[4], key[2];
} PHILOX;

FUNCTION PHILOX philox_at(GLOBAL const LONG* state, ULONG skipped) {
  PHILOX p;
  p.key[0] = (unsigned int)state[0];
  p.key[1] = (unsigned int)((ULONG)state[0] >> 32);
  const ULONG low = (ULONG)state[1] + skipped;
  const ULONG high = (ULONG)state[2] + (low < skipped ? 1 : 0);
  p.counter[0] = (unsigned int)low;
  p.counter[1] = (unsigned int)(low >> 32);
  p.counter[2] = (unsigned int)high;
  p.counter[3] = (unsigned int)(high >> 32);
  return p;
}

/* The words of the present group; then the next group is present. */
FUNCTION void philox_next(PHILOX* p, unsigned int* words) {
  unsigned int c0 = p->counter[0], c1 = p->counter[1], c2 = p->counter[2], c3 = p->counter[3];
  unsigned int k0 = p->key[0], k1 = p->key[1];
  for (int round = 0; round < 10; ++round) {
    const ULONG a = (ULONG)0xD2511F53u * c0, b = (ULONG)0xCD9E8D57u * c2;
    const unsigned int b_high = (unsigned int)(b >> 32), a_high = (unsigned int)(a >> 32);
    c0 = b_high ^ c1 ^ k0;
    c1 = (unsigned int)b;
    c2 = a_high ^ c3 ^ k1;
    c3 = (unsigned int)a;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
  if (++p->counter[0] == 0 && ++p->counter[1] == 0 && ++p->counter[2] == 0) ++p->counter[3];
}

FUNCTION ULONG bits_at(const unsigned int* words, int i) {
#if COUNT == 2
  return (ULONG)words[2 * i + 1] << 32 | words[2 * i];
#else
  return words[i];
#endif
}

/* In [0, 1): the mantissa from random bits. */
FUNCTION REAL unit_at(const unsigned int* words, int i) {
#if KIND == DOUBLE_KIND
  const ULONG mantissa = (ULONG)(words[2 * i] & 0xfffff) << 32 | words[2 * i + 1];
  return (double)mantissa * 2.220446049250313e-16;
#else
  return (float)(words[i] & 0x7fffff) * 1.1920928955078125e-7f;
#endif
}

FUNCTION void box_muller(REAL u, REAL v, REAL* to) {
  const REAL least = (REAL)1.0e-7, limited = u < least ? least : u;
#if KIND == DOUBLE_KIND
  const double angle = 6.283185307179586 * v;
#else
  const float angle = (float)((WIDE)6.283185307179586 * v);
#endif
  const REAL radius = sqrt((REAL)-2.0 * log(limited));
  to[0] = sin(angle) * radius;
  to[1] = cos(angle) * radius;
}

#define EACH_GROUP(g) for (LONG g = FIRST_ELEMENT; g < (n + COUNT - 1) / COUNT; g += ELEMENT_STEP)
#define PUT(g, i, value) if (g * COUNT + i < n) T_STORE(to, g * COUNT + i, value)

#if KIND == WORD || KIND == PAIR
KERNEL bits(ARRAY(const LONG, state), ARRAY(T, to), LONG n) {
  USE(const LONG, state);
  USE(T, to);
  unsigned int words[4];
  EACH_GROUP(g) {
    PHILOX p = philox_at(state, g);
    philox_next(&p, words);
    for (int i = 0; i < COUNT; ++i) PUT(g, i, (T_NUMBER)bits_at(words, i));
  }
}

KERNEL integers(ARRAY(const LONG, state), ARRAY(T, to), LONG low, ULONG range, LONG n) {
  USE(const LONG, state);
  USE(T, to);
  unsigned int words[4];
  EACH_GROUP(g) {
    PHILOX p = philox_at(state, g);
    philox_next(&p, words);
    for (int i = 0; i < COUNT; ++i) {
      PUT(g, i, (T_NUMBER)((ULONG)low + bits_at(words, i) % range));
    }
  }
}
#else
KERNEL uniform(ARRAY(const LONG, state), ARRAY(T, to), LONG n) {
  USE(const LONG, state);
  USE(T, to);
  unsigned int words[4];
  EACH_GROUP(g) {
    PHILOX p = philox_at(state, g);
    philox_next(&p, words);
    for (int i = 0; i < COUNT; ++i) {
#if KIND == HALF_KIND
      PUT(g, i, (float)(words[i] & 0x3ff) / 1024);
#elif KIND == BRAIN
      PUT(g, i, (float)(words[i] & 0x7f) / 128);
#else
      PUT(g, i, unit_at(words, i));
#endif
    }
  }
}

KERNEL normal(ARRAY(const LONG, state), ARRAY(T, to), LONG n) {
  USE(const LONG, state);
  USE(T, to);
  unsigned int words[4];
  REAL pair[2];
  EACH_GROUP(g) {
    PHILOX p = philox_at(state, g);
    philox_next(&p, words);
    for (int i = 0; i < COUNT; i += 2) {
      box_muller(unit_at(words, i), unit_at(words, i + 1), pair);
      PUT(g, i, pair[0]);
      PUT(g, i + 1, pair[1]);
    }
  }
}

/* Each group of the result has a region of the stream to itself. */
KERNEL truncated(ARRAY(const LONG, state), ARRAY(T, to), LONG n) {
  USE(const LONG, state);
  USE(T, to);
  unsigned int words[4];
  REAL pair[2];
  EACH_GROUP(g) {
    PHILOX p = philox_at(state, g * COUNT * 64);
    int found = 0;
    while (found < COUNT) {
      philox_next(&p, words);
      for (int i = 0; i < COUNT; i += 2) {
        box_muller(unit_at(words, i), unit_at(words, i + 1), pair);
        for (int k = 0; k < 2; ++k) {
          if (fabs(pair[k]) < 2 && found < COUNT) {
            PUT(g, found, pair[k]);
            ++found;
          }
        }
      }
    }
  }
}
#endif

#ifdef CATEGORICAL
/* For each sample the first class whose running sum of probabilities passes a number. */
KERNEL categorical(ARRAY(const LONG, state), ARRAY(const T, logits), ARRAY(I, to), LONG classes,
                   LONG samples, LONG n) {
  USE(const LONG, state);
  USE(const T, logits);
  USE(I, to);
  unsigned int words[4];
  for (LONG s = FIRST_ELEMENT; s < n; s += ELEMENT_STEP) {
    const LONG row = s / samples * classes;
    WIDE most = -WIDE_HUGE, total = 0, sum = 0;
    for (LONG k = 0; k < classes; ++k) {
      const WIDE logit = T_LOAD(logits, row + k);
      if (logit - logit == 0 && logit > most) most = logit;
    }
    for (LONG k = 0; k < classes; ++k) {
      const WIDE logit = T_LOAD(logits, row + k);
      if (logit - logit == 0) total += exp(logit - most);
    }
    PHILOX p = philox_at(state, s / 2);
    philox_next(&p, words);
    const unsigned int high = words[s % 2 * 2], low = words[s % 2 * 2 + 1];
    const ULONG mantissa = (ULONG)(high & 0xfffff) << 32 | low;
    const WIDE place = (WIDE)mantissa * (WIDE)2.220446049250313e-16 * total;
    LONG found = 0;
    for (; found < classes; ++found) {
      const WIDE logit = T_LOAD(logits, row + found);
      if (logit - logit == 0) sum += exp(logit - most);
      if (sum > place) break;
    }
    to[s] = (I)found;
  }
}
#endif
)";

constexpr Family kPhilox = {"philox", kText};

int kind_of(DType dtype) {
  switch (dtype) {
    case float32: return 1;
    case float16: return 2;
    case bfloat16: return 3;
    case float64: return 5;
    default: return size_of(dtype) == 8 ? 4 : 0;
  }
}

Function philox_kernel(const KernelContext& c, const char* name) {
  const DType dtype = c.outputs[0].dtype();
  return kernel_of(device_of(c), kPhilox, name, {{"T", dtype}},
                   fmt::format("#define KIND {}\n", kind_of(dtype)));
}

template <const char* const& name>
void run(const KernelContext& c) {
  const Tensor& to = c.outputs[0];
  if (to.elements() == 0) return;
  device_of(c).launch(philox_kernel(c, name), grid_of(to.elements() / 2 + 1), Array(c.inputs[0]),
                      Array(to), to.elements());
}

void run_integers(const KernelContext& c) {
  const Tensor& to = c.outputs[0];
  if (to.elements() == 0) return;
  const auto low = c.inputs[1].item<int64_t>(), high = c.inputs[2].item<int64_t>();
  if (low >= high) {
    throw InvalidArgument(fmt::format("Need minval < maxval, got {} >= {}", low, high));
  }
  uint64_t range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  if (size_of(to.dtype()) == 4) range = static_cast<uint32_t>(range);
  device_of(c).launch(philox_kernel(c, "integers"), grid_of(to.elements() / 2 + 1),
                      Array(c.inputs[0]), Array(to), low, range, to.elements());
}

void run_categorical(const KernelContext& c) {
  const Tensor &logits = c.inputs[1], &to = c.outputs[0];
  if (to.elements() == 0) return;
  GpuDevice& device = device_of(c);
  const std::string head =
      fmt::format("#define KIND {}\n#define CATEGORICAL\n", kind_of(logits.dtype()));
  device.launch(
      kernel_of(device, kPhilox, "categorical", {{"T", logits.dtype()}, {"I", to.dtype()}}, head),
      grid_of(to.elements()), Array(c.inputs[0]), Array(logits), Array(to), logits.dim(1),
      to.dim(1), to.elements());
}

constexpr const char* kBits = "bits";
constexpr const char* kUniform = "uniform";
constexpr const char* kNormal = "normal";
constexpr const char* kTruncated = "truncated";

const RegisterGpuKernel bits(op::philox_bits, {.name = "philox", .run = run<kBits>});
const RegisterGpuKernel integers(op::philox_integers, {.name = "philox", .run = run_integers});
const RegisterGpuKernel uniform(op::philox_uniform, {.name = "philox", .run = run<kUniform>});
const RegisterGpuKernel normal(op::philox_normal, {.name = "philox", .run = run<kNormal>});
const RegisterGpuKernel truncated(op::philox_truncated_normal,
                                  {.name = "philox", .run = run<kTruncated>});
const RegisterGpuKernel categorical(op::philox_categorical,
                                    {.name = "philox", .run = run_categorical});

}  // namespace
}  // namespace millstream::gpu
