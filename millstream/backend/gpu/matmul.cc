// Products of matrices by tiles in shared memory: the reference where no library of the vendor's
// is.
#include "millstream/ops/matmul.h"

#include "millstream/backend/gpu/product.h"

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

void run(const KernelContext& c) {
  if (c.outputs[0].elements() == 0) return;
  const Product p = product_of(c);
  constexpr int64_t kMostBatch = 65535;  // CUDA's limit
  const int64_t batch = std::min(p.count, kMostBatch);
  const Grid grid{.x = ((p.m + kTile - 1) / kTile) * ((p.n + kTile - 1) / kTile),
                  .y = batch,
                  .z = (p.count + batch - 1) / batch};
  const bool biased = p.bias.defined();
  GpuDevice& device = device_of(c);
  device.launch(kernel_of(device, kMatmul, "matmul", {{"A", p.a.x.dtype()}, {"T", p.out.dtype()}}),
                grid, p.batch, p.count, Array(p.a.x), p.a.batch, p.a.row, p.a.column, Array(p.b.x),
                p.b.batch, p.b.row, p.b.column, Array(p.out), p.m, p.n, p.k,
                biased ? Array(p.bias) : Array(nullptr), biased ? p.bias.strides()[0] : int64_t{0},
                int32_t{biased}, int32_t{p.relu});
}

const RegisterGpuKernel matmul(op::matmul, {.name = "tiled", .run = run});
const RegisterGpuKernel dense(op::dense, {.name = "tiled", .run = run});

}  // namespace
}  // namespace millstream::gpu
