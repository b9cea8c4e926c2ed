// The elementwise kernels in double.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "millstream/backend/cpu/elementwise_f64.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "millstream/backend/cpu/kernels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace millstream::HWY_NAMESPACE {
cpu::KernelTable<double> double_table() { return make_table<double>(); }
}  // namespace millstream::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millstream {
HWY_EXPORT(double_table);

template <>
cpu::KernelTable<double> cpu::choose_kernel_table<double>() {
  return HWY_DYNAMIC_DISPATCH(double_table)();
}
template <>
const cpu::KernelTable<double>& cpu::kernel_table<double>() {
  static const KernelTable<double> table = choose_kernel_table<double>();
  return table;
}

}  // namespace millstream
#endif
