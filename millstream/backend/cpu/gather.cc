#include "millstream/ops/gather.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>

#include "millstream/backend/cpu/copy.h"
#include "millstream/backend/cpu/indices.h"
#include "millstream/base/parallel.h"

namespace millstream::cpu {

GatherPlan::GatherPlan(const Shape& params, const Shape& indices, const Attrs& attrs) {
  const int64_t given = attrs.integer(2);
  const auto batch_axes = static_cast<int>(given < 0 ? given + indices.rank() : given);
  const int axis = attrs.none(1) ? batch_axes : normalize_axis(attrs.integer(1), params.rank());
  for (int i = 0; i < batch_axes; ++i) batch *= params[i];
  for (int i = batch_axes; i < axis; ++i) outer *= params[i];
  size = params[axis];
  for (int i = axis + 1; i < params.rank(); ++i) inner *= params[i];
  for (int i = batch_axes; i < indices.rank(); ++i) count *= indices[i];
}

namespace {

constexpr int64_t kGrain = 1 << 15;  // elements

// "[1,0]": the position of element i of a tensor.
std::string position(const Shape& shape, int64_t i) {
  Dims at(shape.rank(), 0);
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    at[axis] = i % shape[axis];
    i /= shape[axis];
  }
  return at.empty() ? "" : fmt::format("[{}]", fmt::join(at.begin(), at.end(), ","));
}

// Copies n slices of `inner` elements; slice i comes from element from(i).
template <class T, class From>
void copy_slices(int64_t n, int64_t inner, const T* source, T* to, const From& from) {
  parallel_for(n, std::max<int64_t>(1, kGrain / std::max<int64_t>(inner, 1)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) {
                   const T* slice = source + from(i);
                   if (inner == 1) {
                     to[i] = *slice;
                   } else {
                     std::memcpy(to + i * inner, slice, static_cast<size_t>(inner) * sizeof(T));
                   }
                 }
               });
}

void run_gather(const KernelContext& c) {
  const Tensor& indices = c.inputs[1];
  const GatherPlan plan(c.inputs[0].shape(), indices.shape(), c.attrs);
  check_range(indices, plan.size);
  if (c.outputs[0].elements() == 0) return;
  dispatch_bytes(size_of(c.inputs[0].dtype()), [&]<class T>(T) {
    with_indices(indices, [&](const auto* index) {
      const int64_t plane = plan.outer * plan.count;
      copy_slices(plan.slices(), plan.inner, c.in<T>(0), c.out<T>(), [&](int64_t i) {
        const int64_t block = i / plan.count;
        const int64_t batch = plan.batch == 1 ? 0 : i / plane;
        return (block * plan.size + index[batch * plan.count + i % plan.count]) * plan.inner;
      });
    });
  });
}

void run_gather_nd(const KernelContext& c) {
  const Shape& params = c.inputs[0].shape();
  const std::vector<int64_t> offsets = nd_offsets(c.inputs[1], params, c.attrs.integer(0));
  if (c.outputs[0].elements() == 0) return;
  const int64_t inner = nd_slice(c.inputs[1], params, c.attrs.integer(0));
  dispatch_bytes(size_of(c.inputs[0].dtype()), [&]<class T>(T) {
    copy_slices(static_cast<int64_t>(offsets.size()), inner, c.in<T>(0), c.out<T>(),
                [&](int64_t i) { return offsets[static_cast<size_t>(i)]; });
  });
}

template <class T>
bool is_set(T value) {
  if constexpr (std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>) {
    return static_cast<float>(value) != 0;
  } else {
    return value != T(0);
  }
}

void run_argwhere(const KernelContext& c) {
  const Tensor& x = c.inputs[0];
  dispatch(x.dtype(), [&]<class T>(std::type_identity<T>) {
    const T* values = x.data<T>();
    int64_t count = 0;
    for (int64_t i = 0; i < x.elements(); ++i) count += is_set(values[i]);
    c.outputs[0] = Tensor::empty(int64, Shape{count, x.rank()}, c.device);
    auto* to = c.out<int64_t>();
    Dims at(x.rank(), 0);
    for (int64_t i = 0; i < x.elements(); ++i) {
      if (is_set(values[i])) to = std::copy(at.begin(), at.end(), to);
      for (int axis = x.rank() - 1; axis >= 0 && ++at[axis] == x.dim(axis); --axis) at[axis] = 0;
    }
  });
}

const RegisterKernel gather(op::gather, Backend::cpu, {.name = "copy", .run = run_gather});
const RegisterKernel gather_nd(op::gather_nd, Backend::cpu, {.name = "copy", .run = run_gather_nd});
const RegisterKernel argwhere(op::argwhere, Backend::cpu, {.name = "scan", .run = run_argwhere});

}  // namespace

void check_range(const Tensor& indices, int64_t size) {
  with_indices(indices, [&](const auto* index) {
    for (int64_t i = 0; i < indices.elements(); ++i) {
      if (index[i] >= 0 && index[i] < size) continue;
      throw InvalidArgument(fmt::format("indices{} = {} is not in [0, {})",
                                        position(indices.shape(), i), index[i], size));
    }
  });
}

int64_t nd_slice(const Tensor& indices, const Shape& params, int64_t batch_dims) {
  const auto batch = static_cast<int>(batch_dims < 0 ? batch_dims + indices.rank() : batch_dims);
  int64_t inner = 1;
  for (int i = batch + static_cast<int>(indices.shape()[-1]); i < params.rank(); ++i) {
    inner *= params[i];
  }
  return inner;
}

std::vector<int64_t> nd_offsets(const Tensor& indices, const Shape& params, int64_t batch_dims) {
  const auto batch = static_cast<int>(batch_dims < 0 ? batch_dims + indices.rank() : batch_dims);
  const int64_t depth = indices.shape()[-1];
  int64_t entries = 1, batches = 1;
  for (int i = 0; i < indices.rank() - 1; ++i) entries *= indices.dim(i);
  for (int i = 0; i < batch; ++i) batches *= indices.dim(i);
  const int64_t per_batch = batches == 0 ? 0 : entries / batches;
  const Dims strides = contiguous_strides(params);
  const int64_t batch_stride = batch == 0 ? 0 : strides[batch - 1];
  std::vector<int64_t> offsets(static_cast<size_t>(entries));
  with_indices(indices, [&](const auto* index) {
    for (int64_t i = 0; i < entries; ++i, index += depth) {
      int64_t offset = batch == 0 ? 0 : i / per_batch * batch_stride;
      for (int k = 0; k < depth; ++k) {
        if (index[k] < 0 || index[k] >= params[batch + k]) {
          throw InvalidArgument(
              fmt::format("indices{} = [{}] does not index into param shape {}",
                          position(Shape(std::span<const int64_t>(indices.shape().dims())
                                             .first(static_cast<size_t>(indices.rank() - 1))),
                                   i),
                          fmt::join(index, index + depth, ", "), params.to_string()));
        }
        offset += index[k] * strides[batch + k];
      }
      offsets[static_cast<size_t>(i)] = offset;
    }
  });
  return offsets;
}

}  // namespace millstream::cpu
