// Pooling of NHWC images. Each thread makes one element; what spreads over the image looks at the
// windows that cover its pixel, so that nothing is added up by chance.
#include "millstream/ops/pool.h"

#include "millstream/backend/gpu/program.h"

namespace millstream::gpu {
namespace {

constexpr std::string_view kText = R"(
#define MAXIMUM 0
#define PICK 1
#define MEAN 2

typedef struct {
  LONG size, window, stride, pad, outputs;
} AXIS;

FUNCTION LONG first_of(AXIS a, LONG i) {
  const LONG at = i * a.stride - a.pad;
  return at < 0 ? 0 : at;
}
FUNCTION LONG end_of(AXIS a, LONG i) {
  const LONG at = i * a.stride - a.pad + a.window;
  return at < a.size ? at : a.size;
}
/* The windows that cover a pixel: from the first on, while they begin at or before it. */
FUNCTION LONG first_window(AXIS a, LONG pixel) {
  const LONG at = pixel + a.pad - a.window + 1;
  return at <= 0 ? 0 : (at + a.stride - 1) / a.stride;
}
FUNCTION LONG end_window(AXIS a, LONG pixel) {
  const LONG last = (pixel + a.pad) / a.stride + 1;
  return last < a.outputs ? last : a.outputs;
}

/* Where the window (i, j) of an image has its first maximum, or a NaN; an element of the image. */
FUNCTION LONG place_of(GLOBAL const T* image, AXIS h, AXIS w, LONG channels, LONG n, LONG i, LONG j,
                       LONG k) {
  LONG best_at = -1;
  T_NUMBER best = 0;
  for (LONG y = first_of(h, i); y < end_of(h, i); ++y) {
    for (LONG x = first_of(w, j); x < end_of(w, j); ++x) {
      const LONG at = ((n * h.size + y) * w.size + x) * channels + k;
      const T_NUMBER value = T_LOAD(image, at);
      if (value != value) return at;
      if (best_at < 0 || value > best) {
        best_at = at;
        best = value;
      }
    }
  }
  return best_at;
}

KERNEL pool(ARRAY(const T, image), ARRAY(const T, values), ARRAY(T, out), AXIS h, AXIS w,
            LONG channels, int part, LONG count) {
  USE(const T, image);
  USE(const T, values);
  USE(T, out);
  for (LONG o = FIRST_ELEMENT; o < count; o += ELEMENT_STEP) {
    const LONG k = o % channels, j = o / channels % w.outputs;
    const LONG i = o / channels / w.outputs % h.outputs, n = o / channels / w.outputs / h.outputs;
    if (part == MEAN) {
      T_NUMBER sum = 0;
      for (LONG y = first_of(h, i); y < end_of(h, i); ++y) {
        for (LONG x = first_of(w, j); x < end_of(w, j); ++x) {
          sum += T_LOAD(image, ((n * h.size + y) * w.size + x) * channels + k);
        }
      }
      const LONG pixels = (end_of(h, i) - first_of(h, i)) * (end_of(w, j) - first_of(w, j));
      T_STORE(out, o, sum / (T_NUMBER)pixels);
    } else {
      const LONG at = place_of(image, h, w, channels, n, i, j, k);
      T_NUMBER result = T_LOAD(image, at);
      if (part == PICK) result = T_LOAD(values, at);
      T_STORE(out, o, result);
    }
  }
}

/* The adjoint: by place of the maximum, or shared equally where there is no image. */
KERNEL spread(ARRAY(const T, image), ARRAY(const T, values), ARRAY(T, out), AXIS h, AXIS w,
              LONG channels, int place, LONG count) {
  USE(const T, image);
  USE(const T, values);
  USE(T, out);
  for (LONG o = FIRST_ELEMENT; o < count; o += ELEMENT_STEP) {
    const LONG k = o % channels, x = o / channels % w.size;
    const LONG y = o / channels / w.size % h.size, n = o / channels / w.size / h.size;
    T_NUMBER sum = 0;
    for (LONG i = first_window(h, y); i < end_window(h, y); ++i) {
      for (LONG j = first_window(w, x); j < end_window(w, x); ++j) {
        const LONG from = ((n * h.outputs + i) * w.outputs + j) * channels + k;
        const T_NUMBER value = T_LOAD(values, from);
        if (place) {
          if (place_of(image, h, w, channels, n, i, j, k) == o) sum += value;
        } else {
          const LONG pixels = (end_of(h, i) - first_of(h, i)) * (end_of(w, j) - first_of(w, j));
          sum += value / (T_NUMBER)pixels;
        }
      }
    }
    T_STORE(out, o, sum);
  }
}
)";

constexpr Family kPool = {"pool", kText};

enum Part : int32_t { kMaximum, kPick, kMean };

void run(const KernelContext& c, const char* name, const Tensor& image, const Tensor& values,
         const PoolWindows& w, int32_t part) {
  const Tensor& out = c.outputs[0];
  if (out.elements() == 0) return;
  GpuDevice& device = device_of(c);
  const auto array = [](const Tensor& x) { return x.defined() ? Array(x) : Array(nullptr); };
  device.launch(kernel_of(device, kPool, name, {{"T", out.dtype()}}), grid_of(out.elements()),
                array(image), array(values), Array(out), w.height, w.width, w.channels, part,
                out.elements());
}

template <Part part>
void run_pool(const KernelContext& c) {
  const Tensor& image = c.inputs[0];
  const PoolWindows windows(image.shape(), c.outputs[0].shape(), c.attrs);
  run(c, "pool", image, part == kPick ? c.inputs[2] : Tensor(), windows, part);
}

void run_place(const KernelContext& c) {
  const Tensor& image = c.inputs[0];
  run(c, "spread", image, c.inputs[2], PoolWindows(image.shape(), c.inputs[1].shape(), c.attrs), 1);
}

void run_spread(const KernelContext& c) {
  run(c, "spread", Tensor(), c.inputs[0],
      PoolWindows(c.outputs[0].shape(), c.inputs[0].shape(), c.attrs), 0);
}

const RegisterGpuKernel maximum(op::max_pool, {.name = "windows", .run = run_pool<kMaximum>});
const RegisterGpuKernel pick(op::max_pool_pick, {.name = "windows", .run = run_pool<kPick>});
const RegisterGpuKernel mean(op::avg_pool, {.name = "windows", .run = run_pool<kMean>});
const RegisterGpuKernel place(op::max_pool_place, {.name = "windows", .run = run_place});
const RegisterGpuKernel spread(op::avg_pool_spread, {.name = "windows", .run = run_spread});

}  // namespace
}  // namespace millstream::gpu
