#pragma once
// Convolutions as plain loops, for any type: the innermost runs over output channels, which lie
// side by side in the filters.
#include <algorithm>
#include <vector>

#include "millstream/base/parallel.h"
#include "millstream/ops/conv.h"

namespace millstream::cpu {

// The steps through an image, in elements.
struct ImageSteps {
  int64_t batch, pixel, channel;
  ImageSteps(const ConvShape& s, int64_t channels, int64_t pixels)
      : batch(channels * pixels),
        pixel(s.channels_first ? 1 : channels),
        channel(s.channels_first ? pixels : 1) {}
};

inline int64_t pixels_in(const ConvShape& s) {
  return s.windows[0].input * s.windows[1].input * s.windows[2].input;
}
inline int64_t pixels_out(const ConvShape& s) {
  return s.windows[0].output * s.windows[1].output * s.windows[2].output;
}
inline int64_t taps(const ConvShape& s) {
  return s.windows[0].window * s.windows[1].window * s.windows[2].window;
}

// Calls f(output pixel, tap, input pixel) for every tap of one output pixel that lies in the image.
template <class F>
void visit_taps(const ConvShape& s, int64_t output, const F& f) {
  const auto& w = s.windows;
  int64_t at[kMostSpatialAxes];
  for (int i = kMostSpatialAxes - 1, rest = static_cast<int>(output); i >= 0; --i) {
    at[i] = rest % w[i].output * w[i].stride - w[i].before;
    rest /= static_cast<int>(w[i].output);
  }
  const auto inside = [&](int axis, int64_t i) { return i >= 0 && i < w[axis].input; };
  for (int64_t a = 0; a < w[0].window; ++a) {
    const int64_t x = at[0] + a * w[0].dilation;
    if (!inside(0, x)) continue;
    for (int64_t b = 0; b < w[1].window; ++b) {
      const int64_t y = at[1] + b * w[1].dilation;
      if (!inside(1, y)) continue;
      for (int64_t c = 0; c < w[2].window; ++c) {
        const int64_t z = at[2] + c * w[2].dilation;
        if (!inside(2, z)) continue;
        f(output, (a * w[1].window + b) * w[2].window + c, (x * w[1].input + y) * w[2].input + z);
      }
    }
  }
}

template <class T>
void convolve_loops(const ConvShape& s, const T* image, const T* filters, const T* bias, bool relu,
                    T* output) {
  const int64_t in_group = s.in / s.groups, out_group = s.out / s.groups, pixels = pixels_out(s);
  const ImageSteps from(s, s.in, pixels_in(s)), to(s, s.out, pixels);
  parallel_for(s.batch * pixels, 64, [&](int64_t begin, int64_t end) {
    std::vector<T> sums(static_cast<size_t>(s.out));
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / pixels;
      if (bias != nullptr) {
        std::copy_n(bias, s.out, sums.data());
      } else {
        std::fill(sums.begin(), sums.end(), T(0));
      }
      visit_taps(s, i % pixels, [&](int64_t, int64_t tap, int64_t pixel) {
        const T* x = image + n * from.batch + pixel * from.pixel;
        for (int64_t channel = 0; channel < s.in; ++channel) {
          const int64_t group = channel / in_group * out_group;
          const T* f = filters + (tap * in_group + channel % in_group) * s.out + group;
          const T value = x[channel * from.channel];
          T* sum = sums.data() + group;
          for (int64_t k = 0; k < out_group; ++k) sum[k] = T(sum[k] + value * f[k]);
        }
      });
      T* y = output + n * to.batch + i % pixels * to.pixel;
      for (int64_t k = 0; k < s.out; ++k) {
        y[k * to.channel] = relu && sums[k] < T(0) ? T(0) : sums[k];
      }
    }
  });
}

template <class T>
void image_gradient_loops(const ConvShape& s, const T* output, const T* filters, T* image) {
  const int64_t in_group = s.in / s.groups, out_group = s.out / s.groups, pixels = pixels_out(s);
  const ImageSteps to(s, s.in, pixels_in(s)), from(s, s.out, pixels);
  parallel_for(s.batch, 1, [&](int64_t begin, int64_t end) {
    std::fill(image + begin * to.batch, image + end * to.batch, T(0));
    for (int64_t i = begin * pixels; i < end * pixels; ++i) {
      const int64_t n = i / pixels;
      visit_taps(s, i % pixels, [&](int64_t at, int64_t tap, int64_t pixel) {
        const T* g = output + n * from.batch + at * from.pixel;
        for (int64_t channel = 0; channel < s.in; ++channel) {
          const int64_t group = channel / in_group * out_group;
          const T* f = filters + (tap * in_group + channel % in_group) * s.out + group;
          T sum = 0;
          for (int64_t k = 0; k < out_group; ++k) {
            sum = T(sum + g[(group + k) * from.channel] * f[k]);
          }
          T& x = image[n * to.batch + pixel * to.pixel + channel * to.channel];
          x = T(x + sum);
        }
      });
    }
  });
}

template <class T>
void filter_gradient_loops(const ConvShape& s, const T* image, const T* output, T* filters) {
  const int64_t in_group = s.in / s.groups, out_group = s.out / s.groups, pixels = pixels_out(s);
  const ImageSteps x_steps(s, s.in, pixels_in(s)), g_steps(s, s.out, pixels);
  std::fill_n(filters, taps(s) * in_group * s.out, T(0));
  // Threads share the input channels of a group, so that no two write to one filter.
  parallel_for(in_group, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = 0; i < s.batch * pixels; ++i) {
      const int64_t n = i / pixels;
      visit_taps(s, i % pixels, [&](int64_t at, int64_t tap, int64_t pixel) {
        const T* x = image + n * x_steps.batch + pixel * x_steps.pixel;
        const T* g = output + n * g_steps.batch + at * g_steps.pixel;
        for (int64_t channel = 0; channel < s.in; ++channel) {
          if (channel % in_group < begin || channel % in_group >= end) continue;
          const int64_t group = channel / in_group * out_group;
          T* f = filters + (tap * in_group + channel % in_group) * s.out + group;
          const T value = x[channel * x_steps.channel];
          for (int64_t k = 0; k < out_group; ++k) {
            f[k] = T(f[k] + value * g[(group + k) * g_steps.channel]);
          }
        }
      });
    }
  });
}

}  // namespace millstream::cpu
