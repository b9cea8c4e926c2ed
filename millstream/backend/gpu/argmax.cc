// argmax and argmin: of equal elements the first, and NaN is never chosen, as on the CPU.
#include "millstream/ops/argmax.h"

#include "millstream/backend/gpu/rows.h"

namespace millstream::gpu {
namespace {

constexpr std::string_view kText = R"(
KERNEL argmax(ARRAY(const T, x), ARRAY(O, out), ROWS, int smallest) {
  USE(const T, x);
  USE(O, out);
  SHARED(T_NUMBER, best, GROUP_THREADS);
  SHARED(LONG, places, GROUP_THREADS);
  ROW(row, base);
  T_NUMBER mine = 0;
  LONG place = -1;
  EACH(i) {
    const T_NUMBER element = T_LOAD(x, base + i * step);
    if (element != element) continue;
    if (place < 0 || (smallest ? element < mine : element > mine)) {
      mine = element;
      place = i;
    }
  }
  best[THREAD] = mine;
  places[THREAD] = place;
  BARRIER;
  for (int width = GROUP_THREADS / 2; width > 0; width /= 2) {
    if (THREAD < width && places[THREAD + width] >= 0) {
      const T_NUMBER a = best[THREAD], b = best[THREAD + width];
      const int better = smallest ? b < a : b > a;
      if (places[THREAD] < 0 || better || (a == b && places[THREAD + width] < places[THREAD])) {
        best[THREAD] = b;
        places[THREAD] = places[THREAD + width];
      }
    }
    BARRIER;
  }
  if (THREAD == 0) out[row] = (O)(places[0] < 0 ? 0 : places[0]);
}
)";

constexpr Family kArgmax = {"argmax", kText};

template <bool smallest>
void run(const KernelContext& c) {
  const Tensor &x = c.inputs[0], &out = c.outputs[0];
  if (x.elements() == 0) return;
  const Rows rows(x.shape(), c.attrs.none(0) ? 0 : c.attrs.integer(0));
  GpuDevice& device = device_of(c);
  device.launch(
      kernel_of(device, kArgmax, "argmax", {{"T", x.dtype()}, {"O", out.dtype()}}, kRowsText),
      rows.grid(), Array(x), Array(out), rows.size, rows.step, int32_t{smallest});
}

const RegisterGpuKernel argmax(op::argmax, {.name = "row", .run = run<false>});
const RegisterGpuKernel argmin(op::argmin, {.name = "row", .run = run<true>});

}  // namespace
}  // namespace millstream::gpu
