#include "millstream/backend/cpu/copy.h"

#include <cmath>
#include <cstring>

#include "millstream/base/parallel.h"
#include "millstream/ops/array.h"

namespace millstream::cpu {
namespace {

template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<From, float16_t> || std::is_same_v<From, bfloat16_t>) {
    return convert<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, float16_t> || std::is_same_v<To, bfloat16_t>) {
    return To(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From(0);
  } else {
    return static_cast<To>(value);
  }
}

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

template <class To, class From>
void copy_run(const void* source, int64_t step, int64_t n, void* target) {
  const auto* from = static_cast<const From*>(source);
  auto* to = static_cast<To*>(target);
  if (step == 1) {
    if constexpr (std::is_same_v<To, From>) {
      std::memcpy(to, from, static_cast<size_t>(n) * sizeof(To));
    } else {
      for (int64_t i = 0; i < n; ++i) to[i] = convert<To>(from[i]);
    }
  } else {
    for (int64_t i = 0; i < n; ++i) to[i] = convert<To>(from[i * step]);
  }
}

// One function per pair of dtypes and no more: everything around it is compiled once.
using CopyRun = void (*)(const void* source, int64_t step, int64_t n, void* target);

CopyRun copy_run_of(DType from, DType to) {
  return dispatch(from, [&]<class From>(std::type_identity<From>) {
    return dispatch(to,
                    []<class To>(std::type_identity<To>) -> CopyRun { return copy_run<To, From>; });
  });
}

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

void copy_elements(const Tensor& x, DType dtype, void* to) {
  if (x.elements() == 0) return;
  const CopyRun copy = copy_run_of(x.dtype(), dtype);
  const auto* source = x.data<std::byte>();
  auto* target = static_cast<std::byte*>(to);
  const auto from_bytes = static_cast<int64_t>(size_of(x.dtype()));
  const auto to_bytes = static_cast<int64_t>(size_of(dtype));
  const Runs runs(x);
  const int64_t length = runs.length(), step = runs.step();
  if (runs.sizes.size() == 1) {
    parallel_for(length, kGrain, [&](int64_t begin, int64_t end) {
      copy(source + begin * step * from_bytes, step, end - begin, target + begin * to_bytes);
    });
    return;
  }
  parallel_for(x.elements() / length, std::max<int64_t>(1, kGrain / length),
               [&](int64_t begin, int64_t end) {
                 for (int64_t run = begin; run < end; ++run) {
                   copy(source + runs.offset(run) * from_bytes, step, length,
                        target + run * length * to_bytes);
                 }
               });
}

}  // namespace millstream::cpu
