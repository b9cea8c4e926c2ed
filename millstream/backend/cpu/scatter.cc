// Scatters: slices of updates combined into a result. The result is cut among threads, and each
// takes the updates of its part in order, so it does not depend on their number.
#include <cstring>

#include "millstream/backend/cpu/indices.h"
#include "millstream/base/parallel.h"
#include "millstream/ops/gather.h"

namespace millstream::cpu {
namespace {

constexpr int64_t kGrain = 1 << 15;  // elements

template <class T>
using Wide =
    std::conditional_t<std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>, float, T>;

struct Assign {
  template <class T>
  static T combine(T, T update) {
    return update;
  }
};
struct Add {
  template <class T>
  static T combine(T value, T update) {
    return static_cast<T>(value + update);
  }
};
struct Subtract {
  template <class T>
  static T combine(T value, T update) {
    return static_cast<T>(value - update);
  }
};
struct Max {
  template <class T>
  static T combine(T value, T update) {
    return value < update ? update : value;
  }
};
struct Min {
  template <class T>
  static T combine(T value, T update) {
    return update < value ? update : value;
  }
};

template <class How, class T>
void combine_slice(const T* update, int64_t n, T* to) {
  using W = Wide<T>;
  for (int64_t i = 0; i < n; ++i) {
    to[i] = T(How::template combine<W>(static_cast<W>(to[i]), static_cast<W>(update[i])));
  }
}

// Combines update i, of `inner` elements, into `to` at offsets[i]. `total` elements are in `to`.
template <class How, class T>
void scatter(const std::vector<int64_t>& offsets, int64_t inner, const T* updates, T* to,
             int64_t total) {
  const auto count = static_cast<int64_t>(offsets.size());
  if (count * inner == 0) return;
  const int64_t places = total / inner;
  const int64_t shares = std::max<int64_t>(1, count * inner / kGrain);
  parallel_for(places, std::max<int64_t>(1, places / shares), [&](int64_t begin, int64_t end) {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t offset = offsets[static_cast<size_t>(i)];
      if (offset >= begin * inner && offset < end * inner) {
        combine_slice<How>(updates + i * inner, inner, to + offset);
      }
    }
  });
}

void run_gather_grad(const KernelContext& c) {
  const Tensor &indices = c.inputs[1], &to = c.outputs[0];
  const GatherPlan plan(to.shape(), indices.shape(), c.attrs);
  check_range(indices, plan.size);
  std::memset(to.node()->data, 0, to.bytes());
  if (to.elements() == 0) return;
  std::vector<int64_t> offsets(static_cast<size_t>(plan.slices()));
  with_indices(indices, [&](const auto* index) {
    for (int64_t i = 0; i < plan.slices(); ++i) {
      const int64_t block = i / plan.count;
      const int64_t place = index[block / plan.outer * plan.count + i % plan.count];
      offsets[static_cast<size_t>(i)] = (block * plan.size + place) * plan.inner;
    }
  });
  dispatch(to.dtype(), [&]<class T>(std::type_identity<T>) {
    scatter<Add>(offsets, plan.inner, c.in<T>(0), c.out<T>(), to.elements());
  });
}

template <class How>
void scatter_into(const KernelContext& c, const Tensor& indices, const Tensor& updates,
                  int64_t batch_dims) {
  const Tensor& to = c.outputs[0];
  const std::vector<int64_t> offsets = nd_offsets(indices, to.shape(), batch_dims);
  const int64_t inner = nd_slice(indices, to.shape(), batch_dims);
  dispatch(to.dtype(), [&]<class T>(std::type_identity<T>) {
    scatter<How>(offsets, inner, updates.data<T>(), c.out<T>(), to.elements());
  });
}

void run_scatter_nd(const KernelContext& c) {
  std::memset(c.out<std::byte>(), 0, c.outputs[0].bytes());
  scatter_into<Add>(c, c.inputs[0], c.inputs[1], 0);
}

void run_gather_nd_grad(const KernelContext& c) {
  std::memset(c.out<std::byte>(), 0, c.outputs[0].bytes());
  scatter_into<Add>(c, c.inputs[0], c.inputs[1], c.attrs.integer(1));
}

template <class How>
void run_tensor_scatter(const KernelContext& c) {
  std::memcpy(c.out<std::byte>(), c.inputs[0].data(), c.inputs[0].bytes());
  scatter_into<How>(c, c.inputs[1], c.inputs[2], 0);
}

constexpr auto kCpu = Backend::cpu;
const RegisterKernel gather_grad(op::gather_grad, kCpu, {.name = "add", .run = run_gather_grad});
const RegisterKernel scatter_nd(op::scatter_nd, kCpu, {.name = "add", .run = run_scatter_nd});
const RegisterKernel gather_nd_grad(op::gather_nd_grad, kCpu,
                                    {.name = "add", .run = run_gather_nd_grad});
const RegisterKernel update(op::tensor_scatter_nd_update, kCpu,
                            {.name = "scatter", .run = run_tensor_scatter<Assign>});
const RegisterKernel add(op::tensor_scatter_nd_add, kCpu,
                         {.name = "scatter", .run = run_tensor_scatter<Add>});
const RegisterKernel sub(op::tensor_scatter_nd_sub, kCpu,
                         {.name = "scatter", .run = run_tensor_scatter<Subtract>});
const RegisterKernel max(op::tensor_scatter_nd_max, kCpu,
                         {.name = "scatter", .run = run_tensor_scatter<Max>});
const RegisterKernel min(op::tensor_scatter_nd_min, kCpu,
                         {.name = "scatter", .run = run_tensor_scatter<Min>});

}  // namespace
}  // namespace millstream::cpu
