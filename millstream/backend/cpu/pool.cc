// Pooling of NHWC images: the innermost loop runs over channels, which lie side by side.
#include "millstream/ops/pool.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "millstream/base/parallel.h"

namespace millstream::cpu {
namespace {

// Calls f(output pixel, first image pixel, rows, columns) for the windows of some of the images.
template <class F>
void for_each_window(const PoolWindows& w, int64_t first, int64_t last, F&& f) {
  for (int64_t n = first; n < last; ++n) {
    for (int64_t i = 0; i < w.height.outputs; ++i) {
      const int64_t top = w.height.begin(i), rows = w.height.end(i) - top;
      for (int64_t j = 0; j < w.width.outputs; ++j) {
        const int64_t left = w.width.begin(j), columns = w.width.end(j) - left;
        f((n * w.height.outputs + i) * w.width.outputs + j,
          (n * w.height.size + top) * w.width.size + left, rows, columns);
      }
    }
  }
}

// Images are shared out whole, so that no two threads write to one.
template <class F>
void for_images(const PoolWindows& w, F&& f) {
  const int64_t work = w.height.size * w.width.size * w.channels;
  parallel_for(w.batch, std::max<int64_t>(1, (1 << 16) / std::max<int64_t>(work, 1)), f);
}

// Arithmetic happens in float for the 16-bit types.
template <class T>
using Wide =
    std::conditional_t<std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>, float, T>;

template <class T>
void max_pool(const PoolWindows& w, const T* image, T* pooled) {
  const int64_t c = w.channels;
  for_images(w, [&](int64_t first, int64_t last) {
    for_each_window(w, first, last, [&](int64_t at, int64_t from, int64_t rows, int64_t columns) {
      T* out = pooled + at * c;
      std::copy_n(image + from * c, c, out);
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = i == 0 ? 1 : 0; j < columns; ++j) {
          const T* in = image + (from + i * w.width.size + j) * c;
          // The negated comparison lets NaN through.
          for (int64_t k = 0; k < c; ++k) out[k] = in[k] <= out[k] ? out[k] : in[k];
        }
      }
    });
  });
}

// Calls take(pooled channel, image channel) where an image element is its window's first maximum.
template <class T, class F>
void visit_maxima(const PoolWindows& w, int64_t first, int64_t last, const T* image,
                  const T* pooled, F&& take) {
  const int64_t c = w.channels;
  std::vector<uint8_t> open(c);
  for_each_window(w, first, last, [&](int64_t at, int64_t from, int64_t rows, int64_t columns) {
    std::fill(open.begin(), open.end(), 1);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        const int64_t pixel = (from + i * w.width.size + j) * c;
        for (int64_t k = 0; k < c; ++k) {
          const uint8_t hit = open[k] & (image[pixel + k] == pooled[at * c + k]);
          take(at * c + k, pixel + k, hit);
          open[k] ^= hit;
        }
      }
    }
  });
}

template <class T>
void average(const PoolWindows& w, const T* image, T* pooled) {
  const int64_t c = w.channels;
  for_images(w, [&](int64_t first, int64_t last) {
    std::vector<Wide<T>> sum(c);
    for_each_window(w, first, last, [&](int64_t at, int64_t from, int64_t rows, int64_t columns) {
      std::fill(sum.begin(), sum.end(), Wide<T>(0));
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < columns; ++j) {
          const T* in = image + (from + i * w.width.size + j) * c;
          for (int64_t k = 0; k < c; ++k) sum[k] += static_cast<Wide<T>>(in[k]);
        }
      }
      const auto count = static_cast<Wide<T>>(rows * columns);
      for (int64_t k = 0; k < c; ++k) pooled[at * c + k] = T(sum[k] / count);
    });
  });
}

template <class T>
void spread(const PoolWindows& w, const T* pooled, T* image) {
  const int64_t c = w.channels, pixels = w.height.size * w.width.size;
  for_images(w, [&](int64_t first, int64_t last) {
    std::vector<Wide<T>> sum(pixels * c);
    for (int64_t n = first; n < last; ++n) {
      std::fill(sum.begin(), sum.end(), Wide<T>(0));
      for_each_window(w, n, n + 1, [&](int64_t at, int64_t from, int64_t rows, int64_t columns) {
        const auto share = Wide<T>(1) / static_cast<Wide<T>>(rows * columns);
        for (int64_t i = 0; i < rows; ++i) {
          for (int64_t j = 0; j < columns; ++j) {
            Wide<T>* to = sum.data() + (from - n * pixels + i * w.width.size + j) * c;
            for (int64_t k = 0; k < c; ++k) {
              to[k] += static_cast<Wide<T>>(pooled[at * c + k]) * share;
            }
          }
        }
      });
      for (int64_t k = 0; k < pixels * c; ++k) image[n * pixels * c + k] = T(sum[k]);
    }
  });
}

// Runs f on the C++ type of a dtype that has an order and arithmetic.
template <class F>
void dispatch_number(DType dtype, F&& f) {
  dispatch(dtype, [&]<class T>(std::type_identity<T> type) {
    if constexpr (std::is_same_v<T, bool>) {
      throw InvalidArgument("pooling does not take bool images");
    } else {
      f(type);
    }
  });
}

void run_max_pool(const KernelContext& c) {
  const PoolWindows w(c.inputs[0].shape(), c.outputs[0].shape(), c.attrs);
  dispatch_number(c.inputs[0].dtype(),
                  [&]<class T>(std::type_identity<T>) { max_pool(w, c.in<T>(0), c.out<T>()); });
}

void run_place(const KernelContext& c) {
  const PoolWindows w(c.inputs[0].shape(), c.inputs[1].shape(), c.attrs);
  dispatch_number(c.inputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    const T* values = c.in<T>(2);
    T* out = c.out<T>();
    const int64_t image = w.height.size * w.width.size * w.channels;
    for_images(w, [&](int64_t first, int64_t last) {
      std::fill(out + first * image, out + last * image, T(0));
      visit_maxima(w, first, last, c.in<T>(0), c.in<T>(1),
                   [&](int64_t from, int64_t to, uint8_t hit) {
                     using V = Wide<T>;
                     const V value = hit ? static_cast<V>(values[from]) : V(0);
                     out[to] = T(static_cast<V>(out[to]) + value);
                   });
    });
  });
}

void run_pick(const KernelContext& c) {
  const PoolWindows w(c.inputs[0].shape(), c.inputs[1].shape(), c.attrs);
  dispatch_number(c.inputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    const T* values = c.in<T>(2);
    T* out = c.out<T>();
    const int64_t pooled = w.height.outputs * w.width.outputs * w.channels;
    for_images(w, [&](int64_t first, int64_t last) {
      std::fill(out + first * pooled, out + last * pooled, T(0));
      visit_maxima(
          w, first, last, c.in<T>(0), c.in<T>(1),
          [&](int64_t to, int64_t from, uint8_t hit) { out[to] = hit ? values[from] : out[to]; });
    });
  });
}

void run_average(const KernelContext& c) {
  const PoolWindows w(c.inputs[0].shape(), c.outputs[0].shape(), c.attrs);
  dispatch_number(c.inputs[0].dtype(),
                  [&]<class T>(std::type_identity<T>) { average(w, c.in<T>(0), c.out<T>()); });
}

void run_spread(const KernelContext& c) {
  const PoolWindows w(c.outputs[0].shape(), c.inputs[0].shape(), c.attrs);
  dispatch_number(c.inputs[0].dtype(),
                  [&]<class T>(std::type_identity<T>) { spread(w, c.in<T>(0), c.out<T>()); });
}

const RegisterKernel maximum(op::max_pool, Backend::cpu, {.name = "windows", .run = run_max_pool});
const RegisterKernel place(op::max_pool_place, Backend::cpu, {.name = "windows", .run = run_place});
const RegisterKernel pick(op::max_pool_pick, Backend::cpu, {.name = "windows", .run = run_pick});
const RegisterKernel mean(op::avg_pool, Backend::cpu, {.name = "windows", .run = run_average});
const RegisterKernel spreading(op::avg_pool_spread, Backend::cpu,
                               {.name = "windows", .run = run_spread});

}  // namespace
}  // namespace millstream::cpu
