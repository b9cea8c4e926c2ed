// concat, stack, and the adjoint of slicing: blocks copied into a larger tensor.
#include <cstring>

#include "millstream/backend/cpu/copy.h"
#include "millstream/ops/join.h"
#include "millstream/ops/slice.h"

namespace millstream::cpu {
namespace {

// Copies one input into the result, from place `at` of the result's `axis` on.
void put(const Tensor& from, const Dims& sizes, const Dims& strides, const Tensor& to, int axis,
         int64_t at) {
  const size_t bytes = size_of(to.dtype());
  copy_strided(sizes, bytes, from.data(), strides,
               to.node()->data + at * to.strides()[axis] * static_cast<int64_t>(bytes),
               to.strides());
}

void run_concat(const KernelContext& c) {
  const Tensor& to = c.outputs[0];
  const int axis = normalize_axis(c.attrs.integer(0), to.rank());
  int64_t at = 0;
  for (const Tensor& from : c.inputs) {
    put(from, from.shape().dims(), from.strides(), to, axis, at);
    at += from.dim(axis);
  }
}

void run_stack(const KernelContext& c) {
  const Tensor& to = c.outputs[0];
  const int axis = normalize_axis(c.attrs.integer(0), to.rank());
  int64_t at = 0;
  for (const Tensor& from : c.inputs) {
    Dims sizes = from.shape().dims(), strides = from.strides();
    sizes.insert(axis, 1);
    strides.insert(axis, 0);
    put(from, sizes, strides, to, axis, at++);
  }
}

void run_strided_slice_grad(const KernelContext& c) {
  const Tensor& to = c.outputs[0];
  std::memset(to.node()->data, 0, to.bytes());
  const SliceLayout part = slice_layout(c.attrs, 1, to.shape(), to.strides());
  const size_t bytes = size_of(to.dtype());
  copy_strided(part.shape.dims(), bytes, c.inputs[0].data(), c.inputs[0].strides(),
               to.node()->data + part.offset * static_cast<int64_t>(bytes), part.strides);
}

const RegisterKernel concat(op::concat, Backend::cpu, {.name = "copy", .run = run_concat});
const RegisterKernel stack(op::stack, Backend::cpu, {.name = "copy", .run = run_stack});
const RegisterKernel slice_grad(op::strided_slice_grad, Backend::cpu,
                                {.name = "copy", .run = run_strided_slice_grad});

}  // namespace
}  // namespace millstream::cpu
