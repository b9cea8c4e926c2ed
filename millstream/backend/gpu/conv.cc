// Convolutions and their two gradients, directly: the reference where no library of the vendor's
// is. One thread makes one element of the output, of the image's gradient or of the filters'.
#include "millstream/ops/conv.h"

#include "millstream/backend/gpu/program.h"

namespace millstream::gpu {
namespace {

constexpr std::string_view kText = R"(
typedef struct {
  LONG input, window, output, stride, dilation, before, after;
} AXIS;

typedef struct {
  LONG batch, groups, in, out, channels_first;
  AXIS axis[3];
} SHAPE;

FUNCTION LONG pixels_in(SHAPE s) { return s.axis[0].input * s.axis[1].input * s.axis[2].input; }
FUNCTION LONG pixels_out(SHAPE s) {
  return s.axis[0].output * s.axis[1].output * s.axis[2].output;
}
FUNCTION LONG place(SHAPE s, LONG channels, LONG pixels, LONG n, LONG pixel, LONG channel) {
  return s.channels_first ? (n * channels + channel) * pixels + pixel
                          : (n * pixels + pixel) * channels + channel;
}
/* The pixel of the image under a tap of an output pixel, or -1. */
FUNCTION LONG pixel_under(SHAPE s, LONG output, LONG tap) {
  LONG at = 0, step = 1;
  for (int d = 2; d >= 0; --d) {
    const AXIS a = s.axis[d];
    const LONG x = output % a.output * a.stride - a.before + tap % a.window * a.dilation;
    if (x < 0 || x >= a.input) return -1;
    at += x * step;
    step *= a.input;
    output /= a.output;
    tap /= a.window;
  }
  return at;
}
/* The output pixel of which this tap is over a pixel of the image, or -1. */
FUNCTION LONG output_over(SHAPE s, LONG pixel, LONG tap) {
  LONG at = 0, step = 1;
  for (int d = 2; d >= 0; --d) {
    const AXIS a = s.axis[d];
    const LONG x = pixel % a.input + a.before - tap % a.window * a.dilation;
    if (x < 0 || x % a.stride != 0 || x / a.stride >= a.output) return -1;
    at += x / a.stride * step;
    step *= a.output;
    pixel /= a.input;
    tap /= a.window;
  }
  return at;
}

KERNEL forward(SHAPE s, ARRAY(const T, image), ARRAY(const T, filters), ARRAY(const T, bias),
               ARRAY(T, output), int has_bias, int relu, LONG count) {
  USE(const T, image);
  USE(const T, filters);
  USE(const T, bias);
  USE(T, output);
  const LONG in_group = s.in / s.groups, out_group = s.out / s.groups;
  const LONG inputs = pixels_in(s), outputs = pixels_out(s);
  const LONG taps = s.axis[0].window * s.axis[1].window * s.axis[2].window;
  for (LONG i = FIRST_ELEMENT; i < count; i += ELEMENT_STEP) {
    const LONG k = i % s.out, pixel = i / s.out % outputs, n = i / s.out / outputs;
    const LONG first = k / out_group * in_group;
    T_NUMBER sum = 0;
    if (has_bias) sum = T_LOAD(bias, k);
    for (LONG tap = 0; tap < taps; ++tap) {
      const LONG under = pixel_under(s, pixel, tap);
      if (under < 0) continue;
      for (LONG c = 0; c < in_group; ++c) {
        sum += (T_NUMBER)T_LOAD(image, place(s, s.in, inputs, n, under, first + c)) *
               (T_NUMBER)T_LOAD(filters, (tap * in_group + c) * s.out + k);
      }
    }
    if (relu && sum < 0) sum = 0;
    T_STORE(output, place(s, s.out, outputs, n, pixel, k), sum);
  }
}

KERNEL image_gradient(SHAPE s, ARRAY(const T, output), ARRAY(const T, filters), ARRAY(T, image),
                      LONG count) {
  USE(const T, output);
  USE(const T, filters);
  USE(T, image);
  const LONG in_group = s.in / s.groups, out_group = s.out / s.groups;
  const LONG inputs = pixels_in(s), outputs = pixels_out(s);
  const LONG taps = s.axis[0].window * s.axis[1].window * s.axis[2].window;
  for (LONG i = FIRST_ELEMENT; i < count; i += ELEMENT_STEP) {
    const LONG channel = i % s.in, pixel = i / s.in % inputs, n = i / s.in / inputs;
    const LONG first = channel / in_group * out_group, c = channel % in_group;
    T_NUMBER sum = 0;
    for (LONG tap = 0; tap < taps; ++tap) {
      const LONG over = output_over(s, pixel, tap);
      if (over < 0) continue;
      for (LONG k = first; k < first + out_group; ++k) {
        sum += (T_NUMBER)T_LOAD(output, place(s, s.out, outputs, n, over, k)) *
               (T_NUMBER)T_LOAD(filters, (tap * in_group + c) * s.out + k);
      }
    }
    T_STORE(image, place(s, s.in, inputs, n, pixel, channel), sum);
  }
}

/* One group of threads for each filter element: they share images and pixels. */
#define GROUP_THREADS 64
KERNEL filter_gradient(SHAPE s, ARRAY(const T, image), ARRAY(const T, output), ARRAY(T, filters)) {
  USE(const T, image);
  USE(const T, output);
  USE(T, filters);
  SHARED(T_NUMBER, sums, GROUP_THREADS);
  const LONG in_group = s.in / s.groups, out_group = s.out / s.groups;
  const LONG inputs = pixels_in(s), outputs = pixels_out(s);
  const LONG i = GROUP(0);
  const LONG k = i % s.out, c = i / s.out % in_group, tap = i / s.out / in_group;
  const LONG channel = k / out_group * in_group + c;
  T_NUMBER sum = 0;
  for (LONG p = THREAD; p < s.batch * outputs; p += GROUP_THREADS) {
    const LONG n = p / outputs, pixel = p % outputs, under = pixel_under(s, pixel, tap);
    if (under < 0) continue;
    sum += (T_NUMBER)T_LOAD(image, place(s, s.in, inputs, n, under, channel)) *
           (T_NUMBER)T_LOAD(output, place(s, s.out, outputs, n, pixel, k));
  }
  sums[THREAD] = sum;
  BARRIER;
  for (int width = GROUP_THREADS / 2; width > 0; width /= 2) {
    if (THREAD < width) sums[THREAD] += sums[THREAD + width];
    BARRIER;
  }
  if (THREAD == 0) T_STORE(filters, i, sums[0]);
}
)";

constexpr Family kConv = {"conv", kText};

// SHAPE of the text.
struct Numbers {
  int64_t batch, groups, in, out, channels_first;
  WindowAxis axis[kMostSpatialAxes];
};

Numbers numbers_of(const ConvShape& s) {
  Numbers numbers{s.batch, s.groups, s.in, s.out, s.channels_first, {}};
  std::copy(s.windows.begin(), s.windows.end(), numbers.axis);
  return numbers;
}

Function kernel(const KernelContext& c, const char* name) {
  return kernel_of(device_of(c), kConv, name, {{"T", c.outputs[0].dtype()}});
}

void run_forward(const KernelContext& c) {
  const Tensor& out = c.outputs[0];
  if (out.elements() == 0) return;
  const ConvShape shape(c.op, c.inputs[0].shape(), c.inputs[1].shape(), window_attrs(c.attrs, 0));
  const bool biased = c.inputs.size() == 3;
  device_of(c).launch(kernel(c, "forward"), grid_of(out.elements()), numbers_of(shape),
                      Array(c.inputs[0]), Array(c.inputs[1]),
                      biased ? Array(c.inputs[2]) : Array(nullptr), Array(out), int32_t{biased},
                      int32_t{biased && c.attrs.flag(4)}, out.elements());
}

void run_image_gradient(const KernelContext& c) {
  const Tensor& out = c.outputs[0];
  if (out.elements() == 0) return;
  const ConvShape shape(c.op, out.shape(), c.inputs[1].shape(), window_attrs(c.attrs, 1));
  device_of(c).launch(kernel(c, "image_gradient"), grid_of(out.elements()), numbers_of(shape),
                      Array(c.inputs[0]), Array(c.inputs[1]), Array(out), out.elements());
}

void run_filter_gradient(const KernelContext& c) {
  const Tensor& out = c.outputs[0];
  if (out.elements() == 0) return;
  const ConvShape shape(c.op, c.inputs[0].shape(), out.shape(), window_attrs(c.attrs, 1));
  const Grid grid{.x = out.elements()};
  device_of(c).launch(kernel(c, "filter_gradient"), grid, numbers_of(shape), Array(c.inputs[0]),
                      Array(c.inputs[1]), Array(out));
}

const RegisterGpuKernel forward(op::convolution, {.name = "direct", .run = run_forward});
const RegisterGpuKernel biased(op::conv_bias, {.name = "direct", .run = run_forward});
const RegisterGpuKernel image_gradient(op::conv_transpose,
                                       {.name = "direct", .run = run_image_gradient});
const RegisterGpuKernel filter_gradient(op::conv_filter_gradient,
                                        {.name = "direct", .run = run_filter_gradient});

}  // namespace
}  // namespace millstream::gpu
