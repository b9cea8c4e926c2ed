#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "millstream/backend/cpu/bias.cc"
#include "millstream/backend/cpu/bias.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "millstream/backend/cpu/row_sums.h"
#include "millstream/ops/matmul.h"

HWY_BEFORE_NAMESPACE();
namespace millstream::cpu::HWY_NAMESPACE {
namespace {

// Plain loops, of which the compiler makes SIMD code for each target.
template <class T>
void add_bias_to(T* HWY_RESTRICT y, int64_t rows, int64_t columns, const T* HWY_RESTRICT bias,
                 bool relu) {
  for (int64_t i = 0; i < rows; ++i, y += columns) {
    if (bias != nullptr) {
      for (int64_t j = 0; j < columns; ++j) y[j] = T(y[j] + bias[j]);
    }
    if (relu) {
      for (int64_t j = 0; j < columns; ++j) y[j] = y[j] < T(0) ? T(0) : y[j];
    }
  }
}

// out = g where y > 0, else 0; adds up its rows in `sums`.
template <class T, class Sum>
void masked_rows(const T* HWY_RESTRICT g, const T* HWY_RESTRICT y, int64_t rows, int64_t columns,
                 T* HWY_RESTRICT out, Sum* HWY_RESTRICT sums) {
  for (int64_t i = 0; i < rows; ++i, g += columns, y += columns, out += columns) {
    for (int64_t j = 0; j < columns; ++j) {
      const T value = y[j] > T(0) ? g[j] : T(0);
      out[j] = value;
      sums[j] += static_cast<Sum>(value);
    }
  }
}

}  // namespace

void add_bias_f32(float* y, int64_t rows, int64_t columns, const float* bias, bool relu) {
  add_bias_to(y, rows, columns, bias, relu);
}
void add_bias_f64(double* y, int64_t rows, int64_t columns, const double* bias, bool relu) {
  add_bias_to(y, rows, columns, bias, relu);
}
void masked_rows_f32(const float* g, const float* y, int64_t rows, int64_t columns, float* out,
                     float* sums) {
  masked_rows(g, y, rows, columns, out, sums);
}
void masked_rows_f64(const double* g, const double* y, int64_t rows, int64_t columns, double* out,
                     double* sums) {
  masked_rows(g, y, rows, columns, out, sums);
}
void masked_rows_bf16(const bfloat16_t* g, const bfloat16_t* y, int64_t rows, int64_t columns,
                      bfloat16_t* out, float* sums) {
  masked_rows(g, y, rows, columns, out, sums);
}
void masked_rows_f16(const float16_t* g, const float16_t* y, int64_t rows, int64_t columns,
                     float16_t* out, float* sums) {
  masked_rows(g, y, rows, columns, out, sums);
}

}  // namespace millstream::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millstream::cpu {
namespace {

HWY_EXPORT(add_bias_f32);
HWY_EXPORT(add_bias_f64);
HWY_EXPORT(masked_rows_f32);
HWY_EXPORT(masked_rows_f64);
HWY_EXPORT(masked_rows_bf16);
HWY_EXPORT(masked_rows_f16);

template <class T, class Sum, class Rows>
void masked(const KernelContext& c, const Rows& masked_rows) {
  const int64_t columns = c.outputs[1].elements();
  const int64_t rows = columns == 0 ? 0 : c.outputs[0].elements() / columns;
  const auto sums =
      sum_rows<Sum>(rows, columns, columns, [&](int64_t first, int64_t last, Sum* to) {
        const int64_t at = first * columns;
        masked_rows(c.in<T>(0) + at, c.in<T>(1) + at, last - first, columns, c.out<T>(0) + at, to);
      });
  for (int64_t j = 0; j < columns; ++j) c.out<T>(1)[j] = T(sums[j]);
}

void run_relu_bias_gradient(const KernelContext& c) {
  switch (c.outputs[0].dtype()) {
    case float32: return masked<float, float>(c, HWY_DYNAMIC_DISPATCH(masked_rows_f32));
    case float64: return masked<double, double>(c, HWY_DYNAMIC_DISPATCH(masked_rows_f64));
    case bfloat16: return masked<bfloat16_t, float>(c, HWY_DYNAMIC_DISPATCH(masked_rows_bf16));
    default: return masked<float16_t, float>(c, HWY_DYNAMIC_DISPATCH(masked_rows_f16));
  }
}

const RegisterKernel relu_bias_gradient(op::relu_bias_gradient, Backend::cpu,
                                        {.name = "one pass", .run = run_relu_bias_gradient});

}  // namespace

void add_bias(DType dtype, void* y, int64_t rows, int64_t columns, const void* bias, bool relu) {
  if (bias == nullptr && !relu) return;
  if (dtype == float32) {
    HWY_DYNAMIC_DISPATCH(add_bias_f32)
    (static_cast<float*>(y), rows, columns, static_cast<const float*>(bias), relu);
  } else {
    HWY_DYNAMIC_DISPATCH(add_bias_f64)
    (static_cast<double*>(y), rows, columns, static_cast<const double*>(bias), relu);
  }
}

}  // namespace millstream::cpu
#endif
