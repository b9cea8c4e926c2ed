// one_hot; and what a tensor's sizes are, which the host knows.
#include "millstream/ops/sequence.h"

#include "millstream/backend/gpu/program.h"

namespace millstream::gpu {
namespace {

constexpr std::string_view kText = R"(
KERNEL one_hot(ARRAY(const I, indices), ARRAY(const T, on), ARRAY(const T, off), ARRAY(T, to),
               LONG depth, LONG inner, LONG n) {
  USE(const I, indices);
  USE(const T, on);
  USE(const T, off);
  USE(T, to);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    const LONG place = i / inner % depth, from = i / inner / depth * inner + i % inner;
    to[i] = (LONG)indices[from] == place ? on[0] : off[0];
  }
}
)";

constexpr Family kOneHot = {"one_hot", kText};

void run_one_hot(const KernelContext& c) {
  const Tensor& to = c.outputs[0];
  if (to.elements() == 0) return;
  const int axis = normalize_axis(c.attrs.integer(1), to.rank());
  int64_t inner = 1;
  for (int i = axis + 1; i < to.rank(); ++i) inner *= to.dim(i);
  GpuDevice& device = device_of(c);
  device.launch(kernel_of(device, kOneHot, "one_hot",
                          {{"T", bits_of(to.dtype())}, {"I", c.inputs[0].dtype()}}),
                grid_of(to.elements()), Array(c.inputs[0]), Array(c.inputs[1]), Array(c.inputs[2]),
                Array(to), to.dim(axis), inner, to.elements());
}

// Small integers that are known without looking at the device stay on the host.
template <class Count>
void give_counts(const KernelContext& c, const Count& count) {
  const Shape& shape = c.outputs[0].shape();
  const Tensor counts = Tensor::empty(c.outputs[0].dtype(), shape, host_device());
  dispatch(counts.dtype(), [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_integral_v<T>) {
      T* to = reinterpret_cast<T*>(counts.node()->data);
      for (int64_t i = 0; i < counts.elements(); ++i) to[i] = static_cast<T>(count(int(i)));
    }
  });
  c.outputs[0] = counts;
}

void run_shape(const KernelContext& c) {
  give_counts(c, [&](int axis) { return c.inputs[0].dim(axis); });
}
void run_size(const KernelContext& c) {
  give_counts(c, [&](int) { return c.inputs[0].elements(); });
}
void run_rank(const KernelContext& c) {
  give_counts(c, [&](int) { return c.inputs[0].rank(); });
}

const RegisterGpuKernel one_hot(op::one_hot_of, {.name = "compare", .run = run_one_hot});
const RegisterGpuKernel shape(op::shape, {.name = "sizes", .run = run_shape});
const RegisterGpuKernel size(op::size, {.name = "sizes", .run = run_size});
const RegisterGpuKernel rank(op::rank, {.name = "sizes", .run = run_rank});

}  // namespace
}  // namespace millstream::gpu
