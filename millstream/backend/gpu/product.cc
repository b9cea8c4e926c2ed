#include "millstream/backend/gpu/product.h"

#include "millstream/ops/matmul.h"

namespace millstream::gpu {
namespace {

Product::Operand operand(const Tensor& x, bool transposed) {
  const int r = x.rank() - 2;
  return {.x = x,
          .row = x.strides()[transposed ? r + 1 : r],
          .column = x.strides()[transposed ? r : r + 1]};
}

// Strides along the axes of a batch of `rank` axes that x's batch broadcasts to.
Dims batch_strides(const Tensor& x, int rank) {
  Dims strides(rank, 0);
  const int r = x.rank() - 2;
  for (int i = 0; i < r; ++i) {
    if (x.dim(i) != 1) strides[i + rank - r] = x.strides()[i];
  }
  return strides;
}

// `shape` is that of out as a batch of matrices.
Product product_of(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b,
                   const Shape& shape) {
  const int rank = shape.rank() - 2;
  const Dims strides[] = {batch_strides(a, rank), batch_strides(b, rank)};
  const Loops loops(std::span<const int64_t>(shape.dims()).first(static_cast<size_t>(rank)),
                    strides);
  Product p{.m = shape[rank],
            .n = shape[rank + 1],
            .k = a.dim(a.rank() - (transpose_a ? 2 : 1)),
            .batch = loops.nest,
            .count = loops.elements,
            .a = operand(a, transpose_a),
            .b = operand(b, transpose_b)};
  p.a.batch = loops.strides[0];
  p.b.batch = loops.strides[1];
  return p;
}

// A tensor of rank 1 as one row.
Tensor with_rows(const Tensor& x) {
  if (x.rank() >= 2) return x;
  return x.view(Shape{1, x.dim(0)}, Dims{x.dim(0) * x.strides()[0], x.strides()[0]});
}

}  // namespace

Product product_of(const KernelContext& c) {
  const Shape& shape = c.outputs[0].shape();
  Product p;
  if (&c.op == &op::dense) {
    p = product_of(with_rows(c.inputs[0]), c.inputs[1], false, false,
                   shape.rank() == 1 ? Shape{1, shape[0]} : shape);
    p.bias = c.inputs[2];
    p.relu = c.attrs.flag(0);
  } else {
    p = product_of(c.inputs[0], c.inputs[1], c.attrs.flag(0) || c.attrs.flag(2),
                   c.attrs.flag(1) || c.attrs.flag(3), shape);
  }
  p.out = c.outputs[0];
  return p;
}

}  // namespace millstream::gpu
