// Products of matrices by tiles in shared memory: the reference where no library of the vendor's
// is.
#include "millstream/ops/matmul.h"

#include "millstream/backend/gpu/program.h"

namespace millstream::gpu {
namespace {

// 64 threads compute a tile of 32 x 32, each 4 x 4 of it. A is what is multiplied, T the result.
constexpr std::string_view kText = R"(
#define TILE 32
#define DEPTH 16
#define SIDE 8
#define EACH4 4

KERNEL matmul(NEST batch, LONG count, ARRAY(const A, a), STRIDES a_steps, LONG a_row, LONG a_column,
              ARRAY(const A, b), STRIDES b_steps, LONG b_row, LONG b_column, ARRAY(T, c), LONG m,
              LONG n, LONG k, ARRAY(const A, bias), LONG bias_step, int has_bias, int relu) {
  USE(const A, a);
  USE(const A, b);
  USE(const A, bias);
  USE(T, c);
  SHARED(T_NUMBER, left, TILE * DEPTH);
  SHARED(T_NUMBER, right, TILE * DEPTH);
  const LONG tiles = (n + TILE - 1) / TILE;
  const LONG first_row = GROUP(0) / tiles * TILE, first_column = GROUP(0) % tiles * TILE;
  const int row = THREAD / SIDE, column = THREAD % SIDE;
  const LONG matrix = GROUP(2) * GROUPS(1) + GROUP(1);
  if (matrix >= count) return;
  LONG rest = matrix, a_at = 0, b_at = 0;
  for (int d = (int)batch.rank - 1; d >= 0; --d) {
    const LONG index = rest % batch.size[d];
    rest /= batch.size[d];
    a_at += index * a_steps.by[d];
    b_at += index * b_steps.by[d];
  }
  T_NUMBER sums[EACH4][EACH4];
  for (int i = 0; i < EACH4; ++i) {
    for (int j = 0; j < EACH4; ++j) sums[i][j] = 0;
  }
  for (LONG depth = 0; depth < k; depth += DEPTH) {
    for (int e = THREAD; e < TILE * DEPTH; e += SIDE * SIDE) {
      const LONG i = first_row + e % TILE, j = first_column + e % TILE, p = depth + e / TILE;
      left[e] = 0;
      right[e] = 0;
      if (i < m && p < k) left[e] = (T_NUMBER)A_LOAD(a, a_at + i * a_row + p * a_column);
      if (j < n && p < k) right[e] = (T_NUMBER)A_LOAD(b, b_at + p * b_row + j * b_column);
    }
    BARRIER;
    for (int p = 0; p < DEPTH; ++p) {
      for (int i = 0; i < EACH4; ++i) {
        const T_NUMBER x = left[p * TILE + row + i * SIDE];
        for (int j = 0; j < EACH4; ++j) sums[i][j] += x * right[p * TILE + column + j * SIDE];
      }
    }
    BARRIER;
  }
  for (int i = 0; i < EACH4; ++i) {
    const LONG to_row = first_row + row + i * SIDE;
    for (int j = 0; j < EACH4; ++j) {
      const LONG to_column = first_column + column + j * SIDE;
      if (to_row < m && to_column < n) {
        T_NUMBER result = sums[i][j];
        if (has_bias) result += (T_NUMBER)A_LOAD(bias, to_column * bias_step);
        if (relu && result < 0) result = 0;
        T_STORE(c, (matrix * m + to_row) * n + to_column, result);
      }
    }
  }
}
)";

constexpr Family kMatmul = {"matmul", kText};
constexpr int64_t kTile = 32;

// A batch of matrices: where the elements lie, in steps of elements.
struct Matrices {
  Matrices(const Tensor& x, bool transposed, int batch_rank) : data(x), batch(batch_rank, 0) {
    const int r = x.rank() - 2, added = batch_rank - r;
    row = x.strides()[transposed ? r + 1 : r];
    column = x.strides()[transposed ? r : r + 1];
    for (int i = 0; i < r; ++i) {
      if (x.dim(i) != 1) batch[i + added] = x.strides()[i];
    }
  }
  Array data;
  int64_t row, column;
  Dims batch;
};

struct Operands {
  const Tensor &a, &b;
  bool transpose_a, transpose_b;
  Tensor bias;  // undefined: none
  bool relu;
};

// `shape` is that of out as a batch of matrices.
void multiply(const KernelContext& c, const Operands& o, const Shape& shape) {
  const Tensor& out = c.outputs[0];
  if (out.elements() == 0) return;
  const int batch_rank = shape.rank() - 2;
  const Matrices a(o.a, o.transpose_a, batch_rank), b(o.b, o.transpose_b, batch_rank);
  const Dims strides[] = {a.batch, b.batch};
  const Loops loops(std::span<const int64_t>(shape.dims()).first(static_cast<size_t>(batch_rank)),
                    strides);
  const int64_t m = shape[batch_rank], n = shape[batch_rank + 1];
  const int64_t k = o.a.dim(o.a.rank() - (o.transpose_a ? 2 : 1));
  constexpr int64_t kMostBatch = 65535;  // CUDA's limit
  const int64_t batch = std::min(loops.elements, kMostBatch);
  const Grid grid{.x = ((m + kTile - 1) / kTile) * ((n + kTile - 1) / kTile),
                  .y = batch,
                  .z = (loops.elements + batch - 1) / batch};
  const bool biased = o.bias.defined();
  GpuDevice& device = device_of(c);
  device.launch(kernel_of(device, kMatmul, "matmul", {{"A", o.a.dtype()}, {"T", out.dtype()}}),
                grid, loops.nest, loops.elements, a.data, loops.strides[0], a.row, a.column, b.data,
                loops.strides[1], b.row, b.column, Array(out), m, n, k,
                biased ? Array(o.bias) : Array(nullptr), biased ? o.bias.strides()[0] : int64_t{0},
                int32_t{biased}, int32_t{o.relu});
}

void run_matmul(const KernelContext& c) {
  multiply(c,
           {c.inputs[0], c.inputs[1], c.attrs.flag(0) || c.attrs.flag(2),
            c.attrs.flag(1) || c.attrs.flag(3), Tensor(), false},
           c.outputs[0].shape());
}

// A tensor of rank 1 as one row.
Tensor with_rows(const Tensor& x) {
  if (x.rank() >= 2) return x;
  return x.view(Shape{1, x.dim(0)}, Dims{x.dim(0) * x.strides()[0], x.strides()[0]});
}

void run_dense(const KernelContext& c) {
  const Shape& out = c.outputs[0].shape();
  const Tensor x = with_rows(c.inputs[0]);
  multiply(c, {x, c.inputs[1], false, false, c.inputs[2], c.attrs.flag(0)},
           out.rank() == 1 ? Shape{1, out[0]} : out);
}

const RegisterGpuKernel matmul(op::matmul, {.name = "tiled", .run = run_matmul});
const RegisterGpuKernel dense(op::dense, {.name = "tiled", .run = run_dense});

}  // namespace
}  // namespace millstream::gpu
