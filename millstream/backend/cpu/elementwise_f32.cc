// The elementwise kernels in float.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "millstream/backend/cpu/elementwise_f32.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "millstream/backend/cpu/kernels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace millstream::HWY_NAMESPACE {
cpu::KernelTable<float> float_table() { return make_table<float>(); }
}  // namespace millstream::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millstream {
HWY_EXPORT(float_table);

template <>
cpu::KernelTable<float> cpu::choose_kernel_table<float>() {
  return HWY_DYNAMIC_DISPATCH(float_table)();
}
template <>
const cpu::KernelTable<float>& cpu::kernel_table<float>() {
  static const KernelTable<float> table = choose_kernel_table<float>();
  return table;
}

}  // namespace millstream
#endif
