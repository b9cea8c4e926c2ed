// Softmax, its gradients, and the cross-entropy with one true class per row. A label outside of the
// classes gives NaN, and an error when the host next waits for the device.
#include "millstream/ops/softmax.h"

#include <fmt/format.h>

#include "millstream/backend/gpu/rows.h"

namespace millstream::gpu {
namespace {

constexpr std::string_view kText = R"(
FUNCTION T_NUMBER row_max(LOCAL T_NUMBER* all, GLOBAL const T* x, LONG base, LONG size, LONG step) {
  T_NUMBER largest = -INFINITY;
  EACH(i) {
    const T_NUMBER element = T_LOAD(x, base + i * step);
    if (element > largest) largest = element;
  }
  return group_max(all, largest);
}

FUNCTION T_NUMBER row_exp_sum(LOCAL T_NUMBER* all, GLOBAL const T* x, LONG base, LONG size,
                              LONG step, T_NUMBER shift) {
  T_NUMBER sum = 0;
  EACH(i) sum += exp(T_LOAD(x, base + i * step) - shift);
  return group_sum(all, sum);
}

KERNEL softmax(ARRAY(const T, x), ARRAY(T, y), ROWS, int logarithm) {
  USE(const T, x);
  USE(T, y);
  SHARED(T_NUMBER, all, GROUP_THREADS);
  ROW(row, base);
  const T_NUMBER shift = row_max(all, x, base, size, step);
  const T_NUMBER sum = row_exp_sum(all, x, base, size, step, shift);
  const T_NUMBER rest = log(sum);
  EACH(i) {
    const T_NUMBER distance = T_LOAD(x, base + i * step) - shift;
    const T_NUMBER result = logarithm ? distance - rest : exp(distance) / sum;
    T_STORE(y, base + i * step, result);
  }
}

KERNEL softmax_gradient(ARRAY(const T, y), ARRAY(const T, g), ARRAY(T, to), ROWS, int logarithm) {
  USE(const T, y);
  USE(const T, g);
  USE(T, to);
  SHARED(T_NUMBER, all, GROUP_THREADS);
  ROW(row, base);
  T_NUMBER sum = 0;
  EACH(i) {
    const T_NUMBER gradient = T_LOAD(g, base + i * step);
    sum += logarithm ? gradient : gradient * T_LOAD(y, base + i * step);
  }
  sum = group_sum(all, sum);
  EACH(i) {
    const T_NUMBER gradient = T_LOAD(g, base + i * step), output = T_LOAD(y, base + i * step);
    const T_NUMBER result = logarithm ? gradient - exp(output) * sum : (gradient - sum) * output;
    T_STORE(to, base + i * step, result);
  }
}

KERNEL cross_entropy(ARRAY(const L, labels), ARRAY(const T, x), ARRAY(T, loss), ARRAY(T, log_sum),
                     ROWS, ARRAY(int, complaint), int number) {
  USE(int, complaint);
  USE(const L, labels);
  USE(const T, x);
  USE(T, loss);
  USE(T, log_sum);
  SHARED(T_NUMBER, all, GROUP_THREADS);
  ROW(row, base);
  const T_NUMBER shift = row_max(all, x, base, size, step);
  const T_NUMBER rest = log(row_exp_sum(all, x, base, size, step, shift));
  if (THREAD == 0) {
    const LONG label = labels[row];
    T_NUMBER chosen = NAN;
    if (label >= 0 && label < size) {
      chosen = T_LOAD(x, base + label * step);
    } else {
      complaint[0] = number;
    }
    T_STORE(loss, row, rest - (chosen - shift));
    T_STORE(log_sum, row, shift + rest);
  }
}

KERNEL minus_one_hot(ARRAY(const L, labels), ARRAY(const T, x), ARRAY(const T, scale), ARRAY(T, to),
                     ROWS, ARRAY(int, complaint), int number) {
  USE(int, complaint);
  USE(const L, labels);
  USE(const T, x);
  USE(const T, scale);
  USE(T, to);
  SHARED(T_NUMBER, all, GROUP_THREADS);
  ROW(row, base);
  const T_NUMBER shift = row_max(all, x, base, size, step);
  const T_NUMBER sum = row_exp_sum(all, x, base, size, step, shift);
  const LONG label = labels[row];
  T_NUMBER factor = T_LOAD(scale, row);
  if (label < 0 || label >= size) {
    factor = NAN;
    complaint[0] = number;
  }
  EACH(i) {
    const T_NUMBER share = exp(T_LOAD(x, base + i * step) - shift) / sum;
    T_STORE(to, base + i * step, (share - (i == label ? 1 : 0)) * factor);
  }
}
)";

constexpr Family kSoftmax = {"softmax", kText};

Function softmax_kernel(const KernelContext& c, const char* name, DType dtype,
                        DType labels = int32) {
  return kernel_of(device_of(c), kSoftmax, name, {{"T", dtype}, {"L", labels}}, kRowsText);
}

template <bool logarithm>
void run_softmax(const KernelContext& c) {
  const Tensor& x = c.inputs[0];
  const Rows rows(x.shape(), c.attrs.none(0) ? -1 : c.attrs.integer(0));
  if (x.elements() == 0) return;
  device_of(c).launch(softmax_kernel(c, "softmax", x.dtype()), rows.grid(), Array(x),
                      Array(c.outputs[0]), rows.size, rows.step, int32_t{logarithm});
}

template <bool logarithm>
void run_softmax_gradient(const KernelContext& c) {
  const Tensor& y = c.inputs[0];
  const Rows rows(y.shape(), c.attrs.none(0) ? -1 : c.attrs.integer(0));
  if (y.elements() == 0) return;
  device_of(c).launch(softmax_kernel(c, "softmax_gradient", y.dtype()), rows.grid(), Array(y),
                      Array(c.inputs[1]), Array(c.outputs[0]), rows.size, rows.step,
                      int32_t{logarithm});
}

GpuDevice::Complaint about_labels(const KernelContext& c, int64_t classes) {
  return device_of(c).complaint(
      c.op,
      fmt::format("Received a label value which is outside the valid range of [0, {})", classes));
}

void run_cross_entropy(const KernelContext& c) {
  const Tensor &labels = c.inputs[0], &x = c.inputs[1];
  const Rows rows(x.shape(), -1);
  if (rows.count == 0) return;
  const auto [complaint, number] = about_labels(c, rows.size);
  device_of(c).launch(softmax_kernel(c, "cross_entropy", x.dtype(), labels.dtype()), rows.grid(),
                      Array(labels), Array(x), Array(c.outputs[0]), Array(c.outputs[1]), rows.size,
                      rows.step, complaint, number);
}

void run_minus_one_hot(const KernelContext& c) {
  const Tensor &labels = c.inputs[0], &x = c.inputs[1];
  const Rows rows(x.shape(), -1);
  if (x.elements() == 0) return;
  const auto [complaint, number] = about_labels(c, rows.size);
  device_of(c).launch(softmax_kernel(c, "minus_one_hot", x.dtype(), labels.dtype()), rows.grid(),
                      Array(labels), Array(x), Array(c.inputs[2]), Array(c.outputs[0]), rows.size,
                      rows.step, complaint, number);
}

const RegisterGpuKernel softmax_(op::softmax, {.name = "row", .run = run_softmax<false>});
const RegisterGpuKernel log_softmax_(op::log_softmax, {.name = "row", .run = run_softmax<true>});
const RegisterGpuKernel gradient_(op::softmax_gradient,
                                  {.name = "row", .run = run_softmax_gradient<false>});
const RegisterGpuKernel log_gradient_(op::log_softmax_gradient,
                                      {.name = "row", .run = run_softmax_gradient<true>});
const RegisterGpuKernel sparse_(op::sparse_cross_entropy,
                                {.name = "row", .run = run_cross_entropy});
const RegisterGpuKernel minus_one_hot_(op::softmax_minus_one_hot,
                                       {.name = "row", .run = run_minus_one_hot});

}  // namespace
}  // namespace millstream::gpu
