#pragma once
// Pooling over windows of images.
//
//   Tensor y = max_pool2d(x, {2, 2}, {2, 2}, "VALID");      // x: [batch, height, width, channels]
//
// `ksize` and `strides` hold one size for both axes, two sizes, or one per dimension of the input
// (1 for batch and channels). `padding` is "VALID", or "SAME": as little as makes the output
// ceil(size / stride) long. Errors: InvalidArgument for an input that is not of rank 4, for sizes
// below 1, and for a window larger than the padded image.
#include <string>

#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op max_pool2d, avg_pool2d;
}

struct PoolOptions {
  std::string data_format = "NHWC";  // or "NCHW"
};

// The largest element of each window; the gradient goes to the first of equal ones.
Tensor max_pool2d(const Tensor& input, const Ints& ksize, const Ints& strides,
                  const std::string& padding, const PoolOptions& options = {});
// The mean of each window, of those elements that lie in the image.
Tensor avg_pool2d(const Tensor& input, const Ints& ksize, const Ints& strides,
                  const std::string& padding, const PoolOptions& options = {});

// The windows of one pooling call over [batch, height, width, channels].
struct PoolWindows {
  struct Axis {
    int64_t size, window, stride, pad, outputs;
    // The elements of the image that window `i` covers.
    int64_t begin(int64_t i) const { return std::max<int64_t>(0, i * stride - pad); }
    int64_t end(int64_t i) const { return std::min(size, i * stride - pad + window); }
  };
  int64_t batch, channels;
  Axis height, width;

  // From the attributes of the kernel ops (window, stride and padding before, per axis).
  PoolWindows(const Shape& image, const Shape& pooled, const Attrs& attrs);
};

namespace op {
// What the above are made of, on NHWC only. `place` spreads a gradient of the pooled image to the
// elements that were the maxima, and `pick` reads another image at those places.
extern Op max_pool, max_pool_place, max_pool_pick, avg_pool, avg_pool_spread;
}  // namespace op

}  // namespace millstream
