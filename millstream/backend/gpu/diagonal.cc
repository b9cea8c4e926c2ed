// Diagonals of matrices: each thread makes one element.
#include "millstream/ops/diagonal.h"

#include "millstream/backend/gpu/copy.h"

namespace millstream::gpu {
namespace {

constexpr Family kDiagonals = {"diagonal", R"(
typedef struct {
  LONG rows, columns, low, high, length, right_above, right_below;
} BAND;

FUNCTION LONG padding(BAND b, LONG k) {
  const LONG below = b.rows + (k < 0 ? k : 0), above = b.columns - (k > 0 ? k : 0);
  const int right = k >= 0 ? (int)b.right_above : (int)b.right_below;
  return right ? b.length - (below < above ? below : above) : 0;
}

/* Diagonals over what is in the matrices. */
KERNEL put(ARRAY(const T, from), ARRAY(T, to), BAND b, LONG n) {
  USE(const T, from);
  USE(T, to);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    const LONG column = i % b.columns, row = i / b.columns % b.rows;
    const LONG matrix = i / b.columns / b.rows;
    const LONG k = column - row;
    if (k < b.low || k > b.high) continue;
    const LONG line = matrix * (b.high - b.low + 1) + b.high - k;
    to[i] = from[line * b.length + padding(b, k) + (k >= 0 ? row : column)];
  }
}

KERNEL part(ARRAY(const T, from), ARRAY(T, to), BAND b, SCALAR(T, filler), LONG n) {
  USE(const T, from);
  USE(T, to);
  USE_SCALAR(T, filler);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    const LONG diagonals = b.high - b.low + 1, line = i / b.length;
    const LONG k = b.high - line % diagonals, at = i % b.length - padding(b, k);
    const LONG row = k >= 0 ? at : at - k, column = k >= 0 ? at + k : at;
    const int inside = at >= 0 && row < b.rows && column < b.columns;
    to[i] = inside ? from[(line / diagonals * b.rows + row) * b.columns + column] : filler;
  }
}

KERNEL eye(ARRAY(T, to), LONG rows, LONG columns, SCALAR(T, one), LONG n) {
  USE(T, to);
  USE_SCALAR(T, one);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    to[i] = i % columns == i / columns % rows ? one : 0;
  }
}

KERNEL keep_band(ARRAY(const T, from), ARRAY(T, to), LONG rows, LONG columns, LONG lower,
                 LONG upper, LONG n) {
  USE(const T, from);
  USE(T, to);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    const LONG k = i % columns - i / columns % rows;
    const int kept = (lower < 0 || k >= -lower) && (upper < 0 || k <= upper);
    to[i] = kept ? from[i] : 0;
  }
}
)"};

// BAND of the text.
struct Numbers {
  int64_t rows, columns, low, high, length, right_above, right_below;
};

Numbers numbers_of(const Band& band, const Shape& matrices) {
  const int64_t rows = matrices[-2], columns = matrices[-1];
  return {rows,
          columns,
          band.low,
          band.high,
          band.length(rows, columns),
          band.right_above,
          band.right_below};
}

void launch(const KernelContext& c, const char* name, const Arguments& arguments) {
  const Tensor& to = c.outputs[0];
  GpuDevice& device = device_of(c);
  device.launch(kernel_of(device, kDiagonals, name, {{"T", bits_of(to.dtype())}}, kScalarText),
                grid_of(to.elements()), arguments);
}

void run_diag_part(const KernelContext& c) {
  const Tensor& to = c.outputs[0];
  if (to.elements() == 0) return;
  const Band band(c.attrs.ints(0), c.attrs.text(1));
  Arguments arguments(Array(c.inputs[0]), Array(to), numbers_of(band, c.inputs[0].shape()));
  add_scalar(arguments, c.inputs[1]);
  arguments.add(to.elements());
  launch(c, "part", arguments);
}

void put(const KernelContext& c, const Band& band, const Tensor& diagonals) {
  const Tensor& to = c.outputs[0];
  if (to.elements() == 0) return;
  launch(c, "put",
         Arguments(Array(diagonals), Array(to), numbers_of(band, to.shape()), to.elements()));
}

void run_diag(const KernelContext& c) {
  fill(device_of(c), c.outputs[0], c.inputs[1]);
  put(c, Band(c.attrs.ints(0), c.attrs.text(3)), c.inputs[0]);
}

void run_set_diag(const KernelContext& c) {
  const Tensor &from = c.inputs[0], &to = c.outputs[0];
  copy_strided(device_of(c), from.shape().dims(), from.dtype(), from.data(), from.strides(),
               to.node()->data, to.strides());
  put(c, Band(c.attrs.ints(0), c.attrs.text(1)), c.inputs[1]);
}

void run_eye(const KernelContext& c) {
  const Tensor& to = c.outputs[0];
  if (to.elements() == 0) return;
  Arguments arguments(Array(to), to.shape()[-2], to.shape()[-1]);
  add_scalar(arguments, Tensor::scalar(1, to.dtype()));
  arguments.add(to.elements());
  launch(c, "eye", arguments);
}

void run_band_part(const KernelContext& c) {
  const Tensor& to = c.outputs[0];
  if (to.elements() == 0) return;
  launch(c, "keep_band",
         Arguments(Array(c.inputs[0]), Array(to), to.shape()[-2], to.shape()[-1],
                   c.attrs.integer(0), c.attrs.integer(1), to.elements()));
}

const RegisterGpuKernel diag(op::diag, {.name = "loop", .run = run_diag});
const RegisterGpuKernel diag_part(op::diag_part, {.name = "loop", .run = run_diag_part});
const RegisterGpuKernel set_diag(op::set_diag, {.name = "loop", .run = run_set_diag});
const RegisterGpuKernel eye(op::eye, {.name = "loop", .run = run_eye});
const RegisterGpuKernel band_part(op::band_part, {.name = "loop", .run = run_band_part});

}  // namespace
}  // namespace millstream::gpu
