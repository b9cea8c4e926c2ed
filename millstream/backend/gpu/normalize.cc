// Normalization: rows by one kernel, the rest as compositions of maps and folds on the device,
// computed in float32 for the half types.
#include "millstream/ops/normalize.h"

#include "millstream/backend/gpu/rows.h"
#include "millstream/ops/array.h"
#include "millstream/ops/elementwise.h"
#include "millstream/ops/matmul.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/views.h"

namespace millstream::gpu {
namespace {

constexpr std::string_view kText = R"(
KERNEL normalize_row(ARRAY(const T, x), ARRAY(const T, gamma), ARRAY(const T, beta), ARRAY(T, y),
                     ROWS, T_NUMBER epsilon) {
  USE(const T, x);
  USE(const T, gamma);
  USE(const T, beta);
  USE(T, y);
  SHARED(T_NUMBER, all, GROUP_THREADS);
  ROW(row, base);
  T_NUMBER sum = 0, squares = 0;
  EACH(i) sum += T_LOAD(x, base + i);
  const T_NUMBER mean = group_sum(all, sum) / size;
  EACH(i) {
    const T_NUMBER distance = T_LOAD(x, base + i) - mean;
    squares += distance * distance;
  }
  const T_NUMBER scale = 1 / sqrt(group_sum(all, squares) / size + epsilon);
  EACH(i) {
    const T_NUMBER normal = (T_LOAD(x, base + i) - mean) * scale;
    T_STORE(y, base + i, normal * T_LOAD(gamma, i) + T_LOAD(beta, i));
  }
}
)";

constexpr Family kNormalize = {"normalize", kText};

void run_rows(const KernelContext& c) {
  const Tensor& x = c.inputs[0];
  if (x.elements() == 0) return;
  const Rows rows(x.shape(), -1);
  Arguments arguments(Array(x), Array(c.inputs[1]), Array(c.inputs[2]), Array(c.outputs[0]),
                      rows.size, rows.step);
  if (x.dtype() == float64) {
    arguments.add(c.attrs.number(0));
  } else {
    arguments.add(static_cast<float>(c.attrs.number(0)));
  }
  GpuDevice& device = device_of(c);
  device.launch(kernel_of(device, kNormalize, "normalize_row", {{"T", x.dtype()}}, kRowsText),
                rows.grid(), arguments);
}

// --- compositions --------------------------------------------------------------------------------

// Runs f(inputs), of which half types are float32, and takes what it returns as the outputs.
template <class F>
void compose(const KernelContext& c, const F& f) {
  Observer::paused([&] {
    Tensors inputs;
    for (const Tensor& x : c.inputs) {
      inputs.push_back(is_half(x.dtype()) ? cast(x, float32) : x);
    }
    const Tensors results = f(inputs);
    for (size_t i = 0; i < results.size(); ++i) {
      c.outputs[i] = contiguous(cast(results[i], c.outputs[i].dtype()));
    }
    return 0;
  });
}

Ints leading_axes(const Tensor& x) {
  Ints axes;
  for (int i = 0; i + 1 < x.rank(); ++i) axes.push_back(i);
  return axes;
}

// What flows to x, gamma and beta, with h = (x - mean) r: see ops/normalize.cc.
Tensors gradients(const Tensor& x, const Tensor& gamma, const Tensor& g, const Tensor& mean,
                  const Tensor& r, const ReduceOptions& along) {
  const Tensor h = (x - mean) * r, a = g * gamma;
  const Tensor dx = r * (a - reduce_mean(a, along) - h * reduce_mean(a * h, along));
  const Ints axes = leading_axes(x);
  return {dx, reduce_sum(g * h, {.axis = axes}), reduce_sum(g, {.axis = axes})};
}

void run_rows_gradient(const KernelContext& c) {
  compose(c, [&](const Tensors& in) {
    const ReduceOptions along = {.axis = Ints{-1}, .keepdims = true};
    const auto [mean, variance] = mean_and_variance(in[0], along);
    return gradients(in[0], in[1], in[2], mean, rsqrt(variance + c.attrs.number(0)), along);
  });
}

void run_columns(const KernelContext& c) {
  compose(c, [&](const Tensors& in) {
    const Tensor scale = rsqrt(in[4] + c.attrs.number(0)) * in[1];
    return Tensors{(in[0] - in[3]) * scale + in[2]};
  });
}

void run_columns_gradient(const KernelContext& c) {
  compose(c, [&](const Tensors& in) {
    const ReduceOptions along = {.axis = leading_axes(in[0]), .keepdims = true};
    return gradients(in[0], in[1], in[2], in[3], rsqrt(in[4] + c.attrs.number(0)), along);
  });
}

// By the distances from a first mean, whose own mean tells how far that was off.
void run_moments(const KernelContext& c) {
  compose(c, [&](const Tensors& in) {
    const auto average = [&](const Tensor& x) {
      return call(op::reduce_mean, {x}, {c.attrs[0], true});
    };
    const Tensor rough = average(in[0]), distance = in[0] - rough, off = average(distance);
    const Shape& shape = c.outputs[0].shape();
    return Tensors{reshape(rough + off, shape),
                   reshape(average(square(distance)) - square(off), shape)};
  });
}

void run_relu_bias_gradient(const KernelContext& c) {
  compose(c, [&](const Tensors& in) {
    const Tensor gradient = where(in[1] > 0.0f, in[0], 0.0f);
    return Tensors{gradient, reduce_sum(gradient, {.axis = leading_axes(in[0])})};
  });
}

const RegisterGpuKernel rows_(op::normalize_rows, {.name = "row", .run = run_rows});
const RegisterGpuKernel rows_gradient_(op::normalize_rows_gradient,
                                       {.name = "composed", .run = run_rows_gradient});
const RegisterGpuKernel columns_(op::normalize_columns, {.name = "composed", .run = run_columns});
const RegisterGpuKernel columns_gradient_(op::normalize_columns_gradient,
                                          {.name = "composed", .run = run_columns_gradient});
const RegisterGpuKernel moments_(op::mean_and_variance, {.name = "composed", .run = run_moments});
const RegisterGpuKernel relu_(op::relu_bias_gradient,
                              {.name = "composed", .run = run_relu_bias_gradient});

}  // namespace
}  // namespace millstream::gpu
