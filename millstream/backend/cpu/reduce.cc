#include "millstream/ops/reduce.h"

#include <vector>

#include "millstream/ops/axes.h"

namespace millstream::cpu {
namespace {

template <class T>
using Accumulator =
    std::conditional_t<std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>, float, T>;

template <class T>
void sum(const Tensor& x, AxisSet axes, T* out, int64_t outputs) {
  Dims strides(x.rank(), 0);  // of the output, by axes of the input
  for (int64_t i = x.rank() - 1, stride = 1; i >= 0; --i) {
    if (axes.has(static_cast<int>(i))) continue;
    strides[static_cast<int>(i)] = stride;
    stride *= x.dim(static_cast<int>(i));
  }
  std::vector<Accumulator<T>> totals(static_cast<size_t>(outputs));
  Dims index(x.rank(), 0);
  const T* from = x.data<T>();
  for (int64_t n = x.elements(), i = 0; i < n; ++i) {
    int64_t at = 0;
    for (int axis = 0; axis < x.rank(); ++axis) at += index[axis] * strides[axis];
    totals[static_cast<size_t>(at)] += Accumulator<T>(from[i]);
    for (int axis = x.rank() - 1; axis >= 0 && ++index[axis] == x.dim(axis); --axis)
      index[axis] = 0;
  }
  for (int64_t i = 0; i < outputs; ++i) out[i] = T(totals[static_cast<size_t>(i)]);
}

void run_sum(const KernelContext& c) {
  dispatch(c.inputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    if constexpr (!std::is_same_v<T, bool>) {
      sum<T>(c.inputs[0], AxisSet::parse(c.attrs[0], c.inputs[0].rank()), c.out<T>(),
             c.outputs[0].elements());
    }
  });
}

const RegisterKernel reduce_sum(op::reduce_sum, Backend::cpu, {.name = "fold", .run = run_sum});

}  // namespace
}  // namespace millstream::cpu
