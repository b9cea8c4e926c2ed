#include "millstream/ops/conv.h"

#include <gtest/gtest.h>

#include "millstream/ops/array.h"
#include "millstream/ops/elementwise.h"
#include "millstream/ops/matmul.h"
#include "millstream/ops/views.h"
#include "ops/numeric_gradient.h"

namespace millstream {
namespace {

using testing::expect_gradients;
using testing::random_tensor;

struct Case {
  Shape image, filters;  // channels last
  Ints strides = {1};
  Padding padding = "SAME";
  Ints dilations = {1};
};

std::string describe(const Case& c) {
  std::string text = c.image.to_string() + " * " + c.filters.to_string() + " strides";
  for (const int64_t stride : c.strides) text += " " + std::to_string(stride);
  for (const int64_t dilation : c.dilations) text += " dilated " + std::to_string(dilation);
  return text;
}

const Case kCases[] = {
    {{2, 5, 6, 3}, {3, 3, 3, 4}},
    {{2, 5, 6, 3}, {3, 3, 3, 4}, {1}, "VALID"},
    {{2, 7, 6, 3}, {3, 2, 3, 4}, {2, 1}},
    {{2, 7, 8, 3}, {2, 3, 3, 4}, {1, 2, 3, 1}, "VALID"},
    {{1, 9, 8, 2}, {3, 3, 2, 5}, {1}, "SAME", {2}},
    {{1, 9, 8, 2}, {3, 3, 2, 5}, {1}, "VALID", {1, 2, 3, 1}},
    {{1, 5, 5, 2}, {3, 3, 2, 3}, {2}, Ints{0, 0, 1, 2, 0, 3, 0, 0}},
    {{2, 5, 5, 6}, {3, 3, 2, 9}},                 // three groups
    {{2, 5, 5, 4}, {3, 3, 1, 8}, {2}},            // depthwise
    {{3, 6, 6, 1}, {3, 3, 1, 16}, {1}, "VALID"},  // one channel
    {{2, 4, 4, 16}, {1, 1, 16, 32}},
    {{2, 2, 2, 3}, {3, 3, 3, 2}},  // windows larger than the image
    {{2, 9, 3}, {3, 3, 5}, {2}},   // one spatial axis
    {{2, 9, 4}, {4, 2, 6}, {1}, "VALID", {2}},
    {{1, 4, 5, 6, 2}, {2, 3, 3, 2, 4}, {1, 2, 1}},  // three
    {{2, 3, 4, 4, 2}, {3, 3, 2, 4}},                // two axes of batch
};

Ints channels_first_order(int rank, int batch_axes) {
  Ints order;
  for (int i = 0; i < batch_axes; ++i) order.push_back(i);
  order.push_back(rank - 1);
  for (int i = batch_axes; i + 1 < rank; ++i) order.push_back(i);
  return order;
}

// Everything that a convolution does, written out once more over pixels.
struct Naive {
  ConvShape s;
  std::vector<double> x, f;

  // The sum for one output element; `at` is its spatial position, `o` its channel.
  double element(int64_t n, const std::array<int64_t, 3>& at, int64_t o) const {
    const int64_t in_group = s.in / s.groups, group = o / (s.out / s.groups);
    double sum = 0;
    std::array<int64_t, 3> tap{};
    for (tap[0] = 0; tap[0] < s.windows[0].window; ++tap[0]) {
      for (tap[1] = 0; tap[1] < s.windows[1].window; ++tap[1]) {
        for (tap[2] = 0; tap[2] < s.windows[2].window; ++tap[2]) {
          int64_t pixel = n, filter = 0;
          bool inside = true;
          for (size_t i = 0; i < 3; ++i) {
            const WindowAxis& w = s.windows[i];
            const int64_t from = at[i] * w.stride - w.before + tap[i] * w.dilation;
            inside = inside && from >= 0 && from < w.input;
            pixel = pixel * w.input + from;
            filter = filter * w.window + tap[i];
          }
          for (int64_t g = 0; inside && g < in_group; ++g) {
            sum += x[pixel * s.in + group * in_group + g] * f[(filter * in_group + g) * s.out + o];
          }
        }
      }
    }
    return sum;
  }
};

Tensor naive(const Case& c, const Tensor& image, const Tensor& filters) {
  const Attrs attrs{c.strides, std::visit([](const auto& p) { return Attr(p); }, c.padding), Attr(),
                    c.dilations};
  const ConvShape s(op::convolution, image.shape(), filters.shape(), window_attrs(attrs, 0));
  const Naive all{s, image.to_vector<double>(), filters.to_vector<double>()};
  const auto& [d, h, w] = s.windows;
  std::vector<double> y;
  for (int64_t i = 0; i < s.batch * d.output * h.output * w.output * s.out; ++i) {
    int64_t rest = i / s.out;
    std::array<int64_t, 3> at{};
    for (size_t axis = 3; axis-- > 0; rest /= s.windows[axis].output) {
      at[axis] = rest % s.windows[axis].output;
    }
    y.push_back(all.element(rest, at, i % s.out));
  }
  Dims sizes(std::span<const int64_t>(image.shape().dims())
                 .first(static_cast<size_t>(image.rank() - s.spatial - 1)));
  for (int i = 0; i < s.spatial; ++i) sizes.push_back(s.windows[i].output);
  sizes.push_back(s.out);
  return Tensor::from_host(float64, Shape(sizes), y.data(), current_device());
}

Tensor convolve(const Case& c, const Tensor& image, const Tensor& filters, bool channels_first) {
  static const char* const kFirst[] = {"NCW", "NCHW", "NCDHW"};
  const int spatial = filters.rank() - 2;
  ConvOptions options{.dilations = c.dilations};
  if (!channels_first) {
    return spatial == 1   ? conv1d(image, filters, c.strides, c.padding, options)
           : spatial == 2 ? conv2d(image, filters, c.strides, c.padding, options)
                          : conv3d(image, filters, c.strides, c.padding, options);
  }
  options.data_format = kFirst[spatial - 1];
  const int batch_axes = image.rank() - spatial - 1;
  const Ints order = channels_first_order(image.rank(), batch_axes);
  const auto reordered = [&](Ints values) {
    if (values.size() == static_cast<size_t>(spatial) + 2) {
      values.insert(values.begin() + 1, values.back());
      values.pop_back();
    }
    return values;
  };
  options.dilations = reordered(c.dilations);
  Padding padding = c.padding;
  if (auto* pairs = std::get_if<Ints>(&padding)) {
    std::rotate(pairs->begin() + 2, pairs->end() - 2, pairs->end());
  }
  const Tensor turned = transpose(image, order);
  const Tensor y = spatial == 1   ? conv1d(turned, filters, reordered(c.strides), padding, options)
                   : spatial == 2 ? conv2d(turned, filters, reordered(c.strides), padding, options)
                                  : conv3d(turned, filters, reordered(c.strides), padding, options);
  Ints back(order.size());
  for (size_t i = 0; i < order.size(); ++i)
    back[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  return transpose(y, back);
}

TEST(Conv, EqualsNaiveLoops) {
  for (const Case& c : kCases) {
    for (const DType dtype : {float32, float64, bfloat16, float16, int32}) {
      for (const bool channels_first : {false, true}) {
        SCOPED_TRACE(describe(c) + " " + std::string(name_of(dtype)) +
                     (channels_first ? " channels first" : ""));
        const Tensor image = random_tensor(c.image, 1, dtype),
                     filters = random_tensor(c.filters, 2, dtype);
        const Tensor expected = naive(c, image, filters);
        const Tensor y = convolve(c, image, filters, channels_first);
        ASSERT_EQ(y.shape(), expected.shape());
        ASSERT_EQ(y.dtype(), dtype);
        const auto got = y.to_vector<double>(), wanted = expected.to_vector<double>();
        const double tolerance = is_integer(dtype)  ? 0
                                 : dtype == float64 ? 1e-12
                                 : dtype == float32 ? 1e-5
                                 : dtype == float16 ? 1e-2
                                                    : 1e-1;
        for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], wanted[i], tolerance) << i;
      }
    }
  }
}

TEST(Conv, HasGradientsOfSecondOrder) {
  for (const Case& c : kCases) {
    if (c.image.elements() > 150) continue;
    SCOPED_TRACE(describe(c));
    expect_gradients([&](const Tensors& x) { return convolve(c, x[0], x[1], false); },
                     {random_tensor(c.image, 1), random_tensor(c.filters, 2)}, true);
    if (HasFatalFailure()) return;
  }
}

// What oneDNN computes in float32 equals what our loops compute in float64.
TEST(Conv, GradientsAgreeBetweenTypes) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(describe(c));
    const Tensor image = random_tensor(c.image, 1), filters = random_tensor(c.filters, 2);
    const Tensor g = random_tensor(naive(c, image, filters).shape(), 3);
    const auto both = [&](DType dtype) {
      const Attr padding = std::visit([](const auto& p) { return Attr(p); }, c.padding);
      const Attrs by_image{to_ints(c.image), c.strides, padding, Attr(), c.dilations};
      const Attrs by_filters{to_ints(c.filters), c.strides, padding, Attr(), c.dilations};
      return Tensors{
          call(op::conv_transpose, {cast(g, dtype), cast(filters, dtype)}, by_image),
          call(op::conv_filter_gradient, {cast(image, dtype), cast(g, dtype)}, by_filters)};
    };
    const Tensors exact = both(float64);
    for (const DType dtype : {float32, bfloat16}) {
      const Tensors rounded = both(dtype);
      for (size_t i = 0; i < 2; ++i) {
        const auto wanted = exact[i].to_vector<double>(), got = rounded[i].to_vector<double>();
        for (size_t k = 0; k < got.size(); ++k) {
          ASSERT_NEAR(got[k], wanted[k],
                      (dtype == float32 ? 2e-5 : 0.1) * (1 + std::abs(wanted[k])));
        }
      }
    }
  }
}

TEST(Conv, DepthwiseHasFiltersForEachChannel) {
  const Tensor x = random_tensor(Shape{2, 6, 5, 3}, 1), f = random_tensor(Shape{3, 2, 3, 2}, 2);
  const Tensor y = depthwise_conv2d(x, f, {1, 1, 1, 1}, "SAME");
  EXPECT_EQ(y.shape(), (Shape{2, 6, 5, 6}));
  const Case c{x.shape(), {3, 2, 1, 6}};
  EXPECT_EQ(y.to_vector<double>(),
            convolve(c, x, reshape(f, c.filters), false).to_vector<double>());
  expect_gradients([](const Tensors& in) { return depthwise_conv2d(in[0], in[1], {2}, "VALID"); },
                   {random_tensor(Shape{1, 5, 4, 2}, 3), random_tensor(Shape{2, 2, 2, 2}, 4)});
  EXPECT_THROW(depthwise_conv2d(x, zeros({3, 3, 2, 2}, float64), {1}, "SAME"), InvalidArgument);
}

TEST(Conv, TransposeIsTheAdjoint) {
  expect_gradients(
      [](const Tensors& x) {
        return conv2d_transpose(x[0], x[1], Shape{1, 6, 5, 2}, {2});
      },
      {random_tensor(Shape{1, 3, 3, 3}, 1), random_tensor(Shape{3, 3, 2, 3}, 2)}, true);
  EXPECT_THROW(conv2d_transpose(zeros({1, 3, 3, 3}), zeros({3, 3, 2, 3}), Shape{1, 7, 5, 2}, {2}),
               InvalidArgument);
}

TEST(Conv, FusedEqualsItsParts) {
  for (const Case& c : kCases) {
    if (c.filters.rank() != 4) continue;
    for (const char* activation : {"", "relu", "tanh"}) {
      SCOPED_TRACE(describe(c) + activation);
      const Tensor bias = random_tensor(Shape{c.filters[-1]}, 3);
      const auto fused = [&](const Tensors& x) {
        return fused_conv2d(x[0], x[1], x[2], c.strides, c.padding,
                            {.dilations = c.dilations, .activation = activation});
      };
      const Tensors in{random_tensor(c.image, 1), random_tensor(c.filters, 2), bias};
      const Tensor parts =
          apply_activation(activation, bias_add(convolve(c, in[0], in[1], false), bias));
      const auto wanted = parts.to_vector<double>();
      const Tensors floats{cast(in[0], float32), cast(in[1], float32), cast(bias, float32)};
      for (const auto& got : {fused(in).to_vector<double>(), fused(floats).to_vector<double>()}) {
        for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], wanted[i], 1e-5);
      }
      if (c.image.elements() < 60) expect_gradients(fused, in, true);
    }
  }
}

TEST(Conv, TakesEmptyBatches) {
  for (const DType dtype : {float32, float64}) {
    const Tensor x = zeros({0, 4, 4, 3}, dtype), f = ones({3, 3, 3, 2}, dtype);
    EXPECT_EQ(conv2d(x, f, {1}, "SAME").shape(), (Shape{0, 4, 4, 2}));
    EXPECT_EQ(conv2d(zeros({2, 0, 4, 3}, dtype), f, {1}, "SAME").shape(), (Shape{2, 0, 4, 2}));
    const Tensor by_filters =
        call(op::conv_filter_gradient, {x, zeros({0, 4, 4, 2}, dtype)},
             {Ints{3, 3, 3, 2}, Ints{1}, std::string("SAME"), Attr(), Attr()});
    EXPECT_EQ(by_filters.to_vector<float>(), std::vector<float>(54, 0));
  }
}

TEST(Conv, RefusesWhatDoesNotFit) {
  const Tensor x = zeros({2, 4, 4, 3}), f = zeros({3, 3, 3, 2});
  struct Row {
    std::function<void()> call;
    const char* message;
  };
  const Row rows[] = {
      {[&] {
         conv2d(x, zeros({3, 3, 2, 2}), {1}, "SAME");
       },
       "input depth must be evenly divisible by filter depth: 3 vs 2"},
      {[&] {
         conv2d(zeros({2, 4, 4, 4}), zeros({3, 3, 2, 3}), {1}, "SAME");
       },
       "output depth must be evenly divisible by number of groups: 3 vs 2"},
      {[&] {
         conv2d(zeros({2, 3, 3}), f, {1}, "SAME");
       },
       "must be 4-dimensional"},
      {[&] {
         conv2d(x, zeros({3, 3, 3}), {1}, "SAME");
       },
       "filter must be 4-dimensional"},
      {[&] { conv2d(x, f, {0}, "SAME"); }, "Stride must be > 0, but got 0"},
      {[&] {
         conv2d(x, f, {1, 1, 1}, "SAME");
       },
       "strides should be of length 1, 2 or 4"},
      {[&] { conv2d(x, f, {1}, "SAME", {.dilations = Ints{0}}); },
       "Dilated rates should be larger"},
      {[&] { conv2d(x, f, {1}, "FOO"); }, "Value for attr 'padding' of \"FOO\""},
      {[&] { conv2d(x, f, {1}, "SAME", {.data_format = "FOO"}); }, "Value for attr 'data_format'"},
      {[&] {
         conv2d(x, f, {1}, Ints{0, 0, -1, 0, 0, 0, 0, 0});
       },
       "nonnegative"},
      {[&] {
         conv2d(x, f, {1}, Ints{1, 0, 0, 0, 0, 0, 0, 0});
       },
       "batch or depth"},
      {[&] {
         conv2d(zeros({2, 2, 2, 3}), f, {1}, "VALID");
       },
       "output size would be negative"},
      {[&] {
         conv2d(x, zeros({0, 3, 3, 2}), {1}, "SAME");
       },
       "must not have zero elements"},
      {[&] { conv2d(x, cast(f, float64), {1}, "SAME"); }, "expected to be a float32 tensor"},
  };
  for (const Row& row : rows) {
    try {
      row.call();
      ADD_FAILURE() << "no error: " << row.message;
    } catch (const InvalidArgument& error) {
      EXPECT_NE(std::string(error.what()).find(row.message), std::string::npos) << error.what();
    }
  }
}

TEST(Conv, RefusesOtherBiasesAndStrides) {
  const Tensor x = zeros({2, 4, 4, 3}), f = zeros({3, 3, 3, 2});
  EXPECT_THROW(conv2d(x, f, {2, 1, 1, 1}, "SAME"), Unimplemented);
  EXPECT_THROW(fused_conv2d(x, f, zeros({3}), {1}, "SAME"), InvalidArgument);
  EXPECT_THROW(bias_add(x, zeros({2})), InvalidArgument);
  EXPECT_THROW(bias_add(zeros({3}), zeros({3})), InvalidArgument);
}

TEST(Conv, InfersFromPartlyKnownShapes) {
  const auto shape = [](const Shape& image, const Shape& filters) {
    return infer(op::conv2d, Specs{{float32, image}, {float32, filters}},
                 {Ints{2}, std::string("SAME"), std::string("NHWC"), Attr()})[0]
        .shape;
  };
  EXPECT_EQ(shape({kUnknown, 28, kUnknown, 3}, {3, 3, 3, 8}), (Shape{kUnknown, 14, kUnknown, 8}));
  EXPECT_EQ(shape({2, 28, 28, kUnknown}, Shape::unknown()), (Shape{2, 14, 14, kUnknown}));
  EXPECT_EQ(shape(Shape::unknown(), {3, 3, 3, 8}), Shape::unknown());
}

TEST(BiasAdd, AddsPerChannel) {
  const Tensor x = random_tensor(Shape{2, 3, 4, 5}, 1), b = random_tensor(Shape{3}, 2);
  const Tensor y = bias_add(x, b, "NCHW");
  EXPECT_EQ(y.to_vector<double>(), add(x, reshape(b, Shape{1, 3, 1, 1})).to_vector<double>());
  expect_gradients([](const Tensors& in) { return bias_add(in[0], in[1]); },
                   {random_tensor(Shape{3, 4}, 1), random_tensor(Shape{4}, 2)});
}

}  // namespace
}  // namespace millstream
