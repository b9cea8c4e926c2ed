// Runs any elementwise op by interpreting its expression in double precision.
#include "millstream/expr/expr.h"
#include "millstream/ops/map.h"
#include "millstream/ops/map_info.h"

namespace millstream::cpu {
namespace {

double load(const Tensor& x, int64_t offset) {
  return dispatch(x.dtype(), [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>) {
      return static_cast<double>(static_cast<float>(x.data<T>()[offset]));
    } else {
      return static_cast<double>(x.data<T>()[offset]);
    }
  });
}

int64_t offset_of(const Tensor& x, const Shape& shape, int64_t position) {
  int64_t offset = 0;
  for (int i = 1; i <= shape.rank(); ++i) {
    const int64_t index = position % shape[-i];
    position /= shape[-i];
    if (i <= x.rank() && x.shape()[-i] != 1) offset += index * x.strides()[x.rank() - i];
  }
  return offset;
}

void run(const KernelContext& c) {
  const Tensor& out = c.outputs[0];
  std::vector<double> values(c.inputs.size());
  for (int64_t i = 0; i < out.elements(); ++i) {
    for (size_t k = 0; k < values.size(); ++k) {
      values[k] = load(c.inputs[k], offset_of(c.inputs[k], out.shape(), i));
    }
    const double result = evaluate(c.op.map->body, values);
    dispatch(out.dtype(), [&]<class T>(std::type_identity<T>) {
      if constexpr (std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>) {
        c.out<T>()[i] = T(static_cast<float>(result));
      } else {
        c.out<T>()[i] = static_cast<T>(result);
      }
    });
  }
}

const RegisterMapKernel kernel(Backend::cpu, {.name = "reference", .run = run});

}  // namespace
}  // namespace millstream::cpu
