#include "millstream/backend/cpu/copy.h"

#include <algorithm>

#include "millstream/backend/cpu/convert.h"
#include "millstream/base/parallel.h"
#include "millstream/ops/array.h"

namespace millstream::cpu {
namespace {

// A strided tensor as runs of its last axis, with neighbouring axes merged where they allow it.
struct Runs {
  Dims sizes, strides;
  explicit Runs(const Tensor& x) {
    for (int i = 0; i < x.rank(); ++i) {
      if (x.dim(i) == 1) continue;
      if (!sizes.empty() && strides.back() == x.dim(i) * x.strides()[i]) {
        sizes[sizes.size() - 1] *= x.dim(i);
        strides[strides.size() - 1] = x.strides()[i];
      } else {
        sizes.push_back(x.dim(i));
        strides.push_back(x.strides()[i]);
      }
    }
    if (sizes.empty()) {
      sizes.push_back(1);
      strides.push_back(1);
    }
  }
  int64_t length() const { return sizes.back(); }
  int64_t step() const { return strides.back(); }
  int64_t offset(int64_t run) const {
    int64_t at = 0;
    for (int i = sizes.size() - 2; i >= 0; --i) {
      at += run % sizes[i] * strides[i];
      run /= sizes[i];
    }
    return at;
  }
};

constexpr int64_t kGrain = 1 << 16;  // elements

void run_copy(const KernelContext& c) {
  copy_elements(c.inputs[0], c.outputs[0].dtype(), c.out<std::byte>());
}

void run_fill(const KernelContext& c) {
  dispatch(c.inputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    const T value = *c.in<T>(0);
    T* to = c.out<T>();
    parallel_for(c.outputs[0].elements(), kGrain,
                 [&](int64_t begin, int64_t end) { std::fill(to + begin, to + end, value); });
  });
}

const RegisterKernel identity(op::identity, Backend::cpu, {.name = "copy", .run = run_copy});
const RegisterKernel cast(op::cast, Backend::cpu, {.name = "convert", .run = run_copy});
const RegisterKernel fill(op::fill, Backend::cpu, {.name = "fill", .run = run_fill});

}  // namespace

void copy_elements(const Tensor& from, DType dtype, void* to) {
  const int64_t elements = from.elements();
  if (elements == 0) return;
  const Runs runs(from);
  const int64_t length = runs.length(), step = runs.step();
  const ConvertFn convert = converter(from.dtype(), dtype);
  const auto source = [&](int64_t at) {
    return from.data<std::byte>() + at * int64_t(size_of(from.dtype()));
  };
  const auto target = [&](int64_t at) {
    return static_cast<std::byte*>(to) + at * int64_t(size_of(dtype));
  };
  if (runs.sizes.size() == 1) {
    parallel_for(length, kGrain, [&](int64_t begin, int64_t end) {
      convert(source(begin * step), step, target(begin), end - begin);
    });
    return;
  }
  parallel_for(elements / length, std::max<int64_t>(1, kGrain / length),
               [&](int64_t begin, int64_t end) {
                 for (int64_t run = begin; run < end; ++run) {
                   convert(source(runs.offset(run)), step, target(run * length), length);
                 }
               });
}

}  // namespace millstream::cpu
