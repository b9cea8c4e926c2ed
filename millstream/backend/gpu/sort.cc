// Sorting along the last axis by merging: runs of 1, 2, 4 ... elements, each pass one kernel in
// which every element finds its place in the merged run. Equal elements keep their order; NaN is
// larger than any number.
#include "millstream/ops/sort.h"

#include "millstream/backend/gpu/program.h"

namespace millstream::gpu {
namespace {

constexpr std::string_view kText = R"(
FUNCTION int precedes(T_NUMBER a, T_NUMBER b, int descending) {
  const T_NUMBER first = descending ? b : a, second = descending ? a : b;
  return first < second || (first == first && second != second);
}

KERNEL number(ARRAY(int, places), LONG size, LONG n) {
  USE(int, places);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) places[i] = (int)(i % size);
}

KERNEL merge(ARRAY(const T, x), ARRAY(const int, from), ARRAY(int, to), LONG size, LONG run,
             int descending, LONG n) {
  USE(const T, x);
  USE(const int, from);
  USE(int, to);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    const LONG line = i / size * size, at = i - line, begin = at / run * run;
    const int left = at / run % 2 == 0;
    LONG low = left ? begin + run : begin - run;
    const LONG other = low, pair = left ? begin : other;
    if (low > size) low = size;
    LONG high = low + run < size ? low + run : size;
    const LONG start = low;
    const T_NUMBER mine = T_LOAD(x, line + from[i]);
    while (low < high) {
      const LONG middle = (low + high) / 2;
      const T_NUMBER there = T_LOAD(x, line + from[line + middle]);
      const int before = left ? precedes(there, mine, descending)
                              : !precedes(mine, there, descending);
      if (before) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    to[line + pair + (at - begin) + (low - start)] = from[i];
  }
}

KERNEL pick(ARRAY(const T, x), ARRAY(const int, places), ARRAY(T, values), ARRAY(I, indices),
            LONG size, LONG k, LONG n) {
  USE(const T, x);
  USE(const int, places);
  USE(T, values);
  USE(I, indices);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    const LONG line = i / k * size;
    const int place = places[line + i % k];
    values[i] = x[line + place];
    indices[i] = place;
  }
}

KERNEL search(ARRAY(const T, sequence), ARRAY(const T, values), ARRAY(I, to), LONG size, LONG m,
              int left, LONG n) {
  USE(const T, sequence);
  USE(const T, values);
  USE(I, to);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    const LONG line = i / m * size;
    const T_NUMBER mine = T_LOAD(values, i);
    LONG low = 0, high = size;
    while (low < high) {
      const LONG middle = (low + high) / 2;
      const T_NUMBER there = T_LOAD(sequence, line + middle);
      if (left ? precedes(there, mine, 0) : !precedes(mine, there, 0)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    to[i] = (I)low;
  }
}

KERNEL in_top(ARRAY(const I, targets), ARRAY(const T, predictions), ARRAY(unsigned char, to),
              LONG size, LONG k, LONG n) {
  USE(const I, targets);
  USE(const T, predictions);
  USE(unsigned char, to);
  for (LONG row = FIRST_ELEMENT; row < n; row += ELEMENT_STEP) {
    const LONG target = targets[row];
    int defined = target >= 0 && target < size;
    LONG larger = 0;
    for (LONG i = 0; defined && i < size; ++i) {
      const T_NUMBER value = T_LOAD(predictions, row * size + i);
      defined = value - value == 0;
      larger += value > T_LOAD(predictions, row * size + target);
    }
    to[row] = defined && larger < k;
  }
}
)";

constexpr Family kSort = {"sort", kText};

void run_ordered(const KernelContext& c) {
  const Tensor &x = c.inputs[0], &values = c.outputs[0], &indices = c.outputs[1];
  const int64_t size = x.shape()[-1], k = values.shape()[-1], n = x.elements();
  if (values.elements() == 0) return;
  GpuDevice& device = device_of(c);
  const auto kernel = [&](const char* name) {
    return kernel_of(device, kSort, name, {{"T", x.dtype()}, {"I", indices.dtype()}});
  };
  Tensor from = Tensor::empty(int32, Shape{n}, device), to = Tensor::empty(int32, Shape{n}, device);
  device.launch(kernel("number"), grid_of(n), Array(from), size, n);
  for (int64_t run = 1; run < size; run *= 2) {
    device.launch(kernel("merge"), grid_of(n), Array(x), Array(from), Array(to), size, run,
                  int32_t{c.attrs.flag(1)}, n);
    std::swap(from, to);
  }
  device.launch(kernel("pick"), grid_of(values.elements()), Array(x), Array(from), Array(values),
                Array(indices), size, k, values.elements());
}

const char* refuse_ordered(const KernelContext& c) {
  return c.inputs[0].shape()[-1] > INT32_MAX ? "a line has more than 2^31 elements" : nullptr;
}

void run_searchsorted(const KernelContext& c) {
  const Tensor &sequence = c.inputs[0], &values = c.inputs[1], &to = c.outputs[0];
  if (to.elements() == 0) return;
  GpuDevice& device = device_of(c);
  device.launch(kernel_of(device, kSort, "search", {{"T", sequence.dtype()}, {"I", to.dtype()}}),
                grid_of(to.elements()), Array(sequence), Array(values), Array(to),
                sequence.shape()[-1], values.shape()[-1], int32_t{c.attrs.text(0) == "left"},
                to.elements());
}

void run_in_top_k(const KernelContext& c) {
  const Tensor &targets = c.inputs[0], &predictions = c.inputs[1], &to = c.outputs[0];
  if (to.elements() == 0) return;
  GpuDevice& device = device_of(c);
  device.launch(
      kernel_of(device, kSort, "in_top", {{"T", predictions.dtype()}, {"I", targets.dtype()}}),
      grid_of(to.elements()), Array(targets), Array(predictions), Array(to), predictions.dim(1),
      c.attrs.integer(0), to.elements());
}

const RegisterGpuKernel ordered(op::ordered,
                                {.name = "merge", .run = run_ordered, .refuse = refuse_ordered});
const RegisterGpuKernel searchsorted(op::searchsorted, {.name = "bisect", .run = run_searchsorted});
const RegisterGpuKernel in_top_k(op::in_top_k, {.name = "count", .run = run_in_top_k});

}  // namespace
}  // namespace millstream::gpu
