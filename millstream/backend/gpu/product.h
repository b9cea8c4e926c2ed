#pragma once
// A call of matmul or dense as the kernels of GPUs take it, each in its own way.
#include "millstream/backend/gpu/program.h"

namespace millstream::gpu {

struct Product {
  // The elements of a batch of matrices, in steps of elements.
  struct Operand {
    Tensor x;
    int64_t row, column;
    Strides batch;
  };

  int64_t m, n, k;
  Nest batch;         // the loops over the batch
  int64_t count = 1;  // matrices in it
  Operand a, b;
  Tensor bias;  // one number per column; undefined: none
  bool relu = false;
  Tensor out;  // row-major
};

Product product_of(const KernelContext& c);

}  // namespace millstream::gpu
