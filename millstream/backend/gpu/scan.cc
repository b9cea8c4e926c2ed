// Scans along an axis, one thread for each line: the reference, in the order of the CPU's.
#include "millstream/ops/scan.h"

#include "millstream/backend/gpu/rows.h"

namespace millstream::gpu {
namespace {

constexpr std::string_view kText = R"(
#define SUM 0
#define PRODUCT 1
#define LOG_SUM_EXP 2
#define RECURRENCE 3

FUNCTION T_NUMBER stepped(int rule, T_NUMBER before, T_NUMBER a, T_NUMBER b) {
  if (rule == SUM) return before + a;
  if (rule == PRODUCT) return before * a;
#if REAL
  if (rule == RECURRENCE) return a * before + b;
  if (before == a) return a + (T_NUMBER)0.6931471805599453;
  if (before != before) return before;
  const T_NUMBER larger = before < a ? a : before, smaller = before < a ? before : a;
  return larger + log1p(exp(smaller - larger));
#else
  return before;
#endif
}

KERNEL scan(ARRAY(const T, a), ARRAY(const T, b), ARRAY(T, out), LONG lines, LONG size, LONG step,
            int rule, int exclusive, int reverse) {
  USE(const T, a);
  USE(const T, b);
  USE(T, out);
  for (LONG line = FIRST_ELEMENT; line < lines; line += ELEMENT_STEP) {
    const LONG base = line / step * step * size + line % step;
#if REAL
    T_NUMBER carry = rule == PRODUCT ? 1 : rule == LOG_SUM_EXP ? -INFINITY : 0;
#else
    T_NUMBER carry = rule == PRODUCT ? 1 : 0;
#endif
    for (LONG k = 0; k < size; ++k) {
      const LONG at = base + (reverse ? size - 1 - k : k) * step;
      T_NUMBER second = 0;
      if (rule == RECURRENCE) second = T_LOAD(b, at);
      const T_NUMBER next = stepped(rule, carry, T_LOAD(a, at), second);
      T_STORE(out, at, exclusive ? carry : next);
      carry = next;
    }
  }
}
)";

constexpr Family kScan = {"scan", kText};

enum Rule : int32_t { kSum, kProduct, kLogSumExp, kRecurrence };

template <Rule rule>
void run(const KernelContext& c) {
  const Tensor& out = c.outputs[0];
  if (out.elements() == 0) return;
  const Rows lines(out.shape(), c.attrs.integer(0));
  GpuDevice& device = device_of(c);
  device.launch(kernel_of(device, kScan, "scan", {{"T", out.dtype()}},
                          is_floating(out.dtype()) ? "#define REAL 1\n" : "#define REAL 0\n"),
                grid_of(lines.count), Array(c.inputs[0]),
                rule == kRecurrence ? Array(c.inputs[1]) : Array(nullptr), Array(out), lines.count,
                lines.size, lines.step, int32_t{rule}, int32_t{c.attrs.flag(1)},
                int32_t{c.attrs.flag(2)});
}

const RegisterGpuKernel cumsum(op::cumsum, {.name = "scan", .run = run<kSum>});
const RegisterGpuKernel cumprod(op::cumprod, {.name = "scan", .run = run<kProduct>});
const RegisterGpuKernel logsumexp(op::cumulative_logsumexp,
                                  {.name = "scan", .run = run<kLogSumExp>});
const RegisterGpuKernel recurrence(op::linear_recurrence,
                                   {.name = "scan", .run = run<kRecurrence>});

}  // namespace
}  // namespace millstream::gpu
