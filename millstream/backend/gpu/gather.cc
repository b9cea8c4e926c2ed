// Gathers and scatters. First the offset of each slice is computed from the indices; one that is
// out of range is -1: it reads as 0, is not written, and is an error when the host next waits. Each
// thread scatters into its own part of the result, update by update, so that sums do not depend on
// chance.
#include "millstream/ops/gather.h"

#include <fmt/format.h>

#include "millstream/backend/gpu/copy.h"

namespace millstream::gpu {
namespace {

constexpr std::string_view kOffsetsText = R"(
/* Blocks of `count` slices and of `size * inner` elements; `outer` of them share indices. */
KERNEL of_axis(ARRAY(const L, indices), ARRAY(LONG, offsets), LONG outer, LONG count, LONG size,
               LONG inner, ARRAY(int, complaint), int number, LONG n) {
  USE(int, complaint);
  USE(const L, indices);
  USE(LONG, offsets);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    const LONG block = i / count, index = indices[block / outer * count + i % count];
    const int wrong = index < 0 || index >= size;
    if (wrong) complaint[0] = number;
    offsets[i] = wrong ? -1 : (block * size + index) * inner;
  }
}

/* Entries of `depth` indices, one for each axis of the nest. */
KERNEL of_entries(ARRAY(const L, indices), ARRAY(LONG, offsets), NEST sizes, STRIDES steps,
                  LONG per_batch, LONG batch_step, ARRAY(int, complaint), int number, LONG n) {
  USE(int, complaint);
  USE(const L, indices);
  USE(LONG, offsets);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    LONG at = i / per_batch * batch_step;
    for (int d = 0; d < (int)sizes.rank; ++d) {
      const LONG index = indices[i * sizes.rank + d];
      if (index < 0 || index >= sizes.size[d]) at = -1;
      if (at >= 0) at += index * steps.by[d];
    }
    if (at < 0) complaint[0] = number;
    offsets[i] = at;
  }
}
)";

constexpr std::string_view kTakeText = R"(
KERNEL take(ARRAY(const T, from), ARRAY(const LONG, offsets), ARRAY(T, to), LONG inner, LONG n) {
  USE(const T, from);
  USE(const LONG, offsets);
  USE(T, to);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    const LONG slice = i / inner, offset = offsets[slice];
    to[i] = offset < 0 ? 0 : from[offset + i - slice * inner];
  }
}
)";

constexpr std::string_view kScatterText = R"(
#define ASSIGN 0
#define ADD 1
#define SUBTRACT 2
#define LARGER 3
#define SMALLER 4

FUNCTION T_NUMBER combined(int how, T_NUMBER value, T_NUMBER update) {
  if (how == ADD) return value + update;
  if (how == SUBTRACT) return value - update;
  if (how == LARGER) return value < update ? update : value;
  if (how == SMALLER) return update < value ? update : value;
  return update;
}

KERNEL scatter(ARRAY(const LONG, offsets), ARRAY(const T, updates), ARRAY(T, to), LONG inner,
               LONG count, LONG places, LONG shares, int how) {
  USE(const LONG, offsets);
  USE(const T, updates);
  USE(T, to);
  for (LONG i = FIRST_ELEMENT; i < inner * shares; i += ELEMENT_STEP) {
    const LONG share = i / inner, column = i - share * inner;
    const LONG begin = places * share / shares * inner, end = places * (share + 1) / shares * inner;
    for (LONG k = 0; k < count; ++k) {
      const LONG at = offsets[k];
      if (at < begin || at >= end) continue;
      const T_NUMBER update = T_LOAD(updates, k * inner + column);
      const T_NUMBER value = T_LOAD(to, at + column);
      T_STORE(to, at + column, combined(how, value, update));
    }
  }
}
)";

constexpr Family kOffsets = {"offsets", kOffsetsText}, kTake = {"take", kTakeText},
                 kScatter = {"scatter", kScatterText};
constexpr int64_t kScatterThreads = 1 << 12;

enum class How : int32_t { assign, add, subtract, larger, smaller };

// Where slices of `inner` elements lie in a larger tensor.
struct Slices {
  Tensor offsets;  // int64, on the device
  int64_t inner = 1;
};

Tensor make_offsets(const KernelContext& c, int64_t count) {
  return Tensor::empty(int64, Shape{count}, c.device);
}

// Along one axis, as gather takes its attributes.
Slices along_axis(const KernelContext& c, const Shape& params, const Tensor& indices) {
  const int64_t given = c.attrs.integer(2);
  const auto batch_axes = static_cast<int>(given < 0 ? given + indices.rank() : given);
  const int axis = c.attrs.none(1) ? batch_axes : normalize_axis(c.attrs.integer(1), params.rank());
  int64_t blocks = 1, outer = 1, inner = 1, count = 1;
  for (int i = 0; i < axis; ++i) blocks *= params[i];
  for (int i = batch_axes; i < axis; ++i) outer *= params[i];
  for (int i = axis + 1; i < params.rank(); ++i) inner *= params[i];
  for (int i = batch_axes; i < indices.rank(); ++i) count *= indices.dim(i);
  const Slices slices{make_offsets(c, blocks * count), inner};
  GpuDevice& device = device_of(c);
  if (blocks * count > 0) {
    const auto [complaint, number] =
        device.complaint(c.op, fmt::format("an index is not in [0, {})", params[axis]));
    device.launch(kernel_of(device, kOffsets, "of_axis", {{"L", indices.dtype()}}),
                  grid_of(blocks * count), Array(indices), Array(slices.offsets), outer, count,
                  params[axis], inner, complaint, number, blocks * count);
  }
  return slices;
}

// By entries of the last axis of the indices, as gather_nd takes them.
Slices by_entries(const KernelContext& c, const Shape& params, const Tensor& indices,
                  int64_t batch_dims) {
  const auto batch = static_cast<int>(batch_dims < 0 ? batch_dims + indices.rank() : batch_dims);
  const auto depth = static_cast<int>(indices.shape()[-1]);
  int64_t entries = 1, batches = 1, inner = 1;
  for (int i = 0; i < indices.rank() - 1; ++i) entries *= indices.dim(i);
  for (int i = 0; i < batch; ++i) batches *= indices.dim(i);
  for (int i = batch + depth; i < params.rank(); ++i) inner *= params[i];
  const Dims strides = contiguous_strides(params);
  Nest sizes{.rank = depth};
  Strides steps;
  for (int d = 0; d < depth; ++d) {
    sizes.size[d] = params[batch + d];
    steps.by[d] = strides[batch + d];
  }
  const Slices slices{make_offsets(c, entries), inner};
  GpuDevice& device = device_of(c);
  if (entries > 0) {
    const auto [complaint, number] = device.complaint(
        c.op, fmt::format("indices do not index into param shape {}", params.to_string()));
    device.launch(kernel_of(device, kOffsets, "of_entries", {{"L", indices.dtype()}}),
                  grid_of(entries), Array(indices), Array(slices.offsets), sizes, steps,
                  entries / batches, batch == 0 ? int64_t{0} : strides[batch - 1], complaint,
                  number, entries);
  }
  return slices;
}

void take(const KernelContext& c, const Slices& slices) {
  const Tensor& to = c.outputs[0];
  if (to.elements() == 0) return;
  GpuDevice& device = device_of(c);
  device.launch(kernel_of(device, kTake, "take", {{"T", bits_of(to.dtype())}}),
                grid_of(to.elements()), Array(c.inputs[0]), Array(slices.offsets), Array(to),
                slices.inner, to.elements());
}

void scatter(const KernelContext& c, const Slices& slices, const Tensor& updates, How how) {
  const Tensor& to = c.outputs[0];
  if (updates.elements() == 0 || to.elements() == 0) return;
  const int64_t places = to.elements() / slices.inner;
  const int64_t shares =
      std::clamp<int64_t>(kScatterThreads / slices.inner, 1, std::max<int64_t>(places, 1));
  GpuDevice& device = device_of(c);
  device.launch(kernel_of(device, kScatter, "scatter", {{"T", to.dtype()}}),
                grid_of(slices.inner * shares), Array(slices.offsets), Array(updates), Array(to),
                slices.inner, slices.offsets.elements(), places, shares, static_cast<int32_t>(how));
}

void run_gather(const KernelContext& c) {
  take(c, along_axis(c, c.inputs[0].shape(), c.inputs[1]));
}

void run_gather_nd(const KernelContext& c) {
  take(c, by_entries(c, c.inputs[0].shape(), c.inputs[1], c.attrs.integer(0)));
}

void run_gather_grad(const KernelContext& c) {
  clear(device_of(c), c.outputs[0]);
  scatter(c, along_axis(c, c.outputs[0].shape(), c.inputs[1]), c.inputs[0], How::add);
}

void run_scatter_nd(const KernelContext& c) {
  clear(device_of(c), c.outputs[0]);
  scatter(c, by_entries(c, c.outputs[0].shape(), c.inputs[0], 0), c.inputs[1], How::add);
}

void run_gather_nd_grad(const KernelContext& c) {
  clear(device_of(c), c.outputs[0]);
  scatter(c, by_entries(c, c.outputs[0].shape(), c.inputs[0], c.attrs.integer(1)), c.inputs[1],
          How::add);
}

template <How how>
void run_tensor_scatter(const KernelContext& c) {
  const Tensor &from = c.inputs[0], &to = c.outputs[0];
  copy_strided(device_of(c), from.shape().dims(), from.dtype(), from.data(), from.strides(),
               to.node()->data, to.strides());
  scatter(c, by_entries(c, to.shape(), c.inputs[1], 0), c.inputs[2], how);
}

const RegisterGpuKernel gather(op::gather, {.name = "take", .run = run_gather});
const RegisterGpuKernel gather_nd(op::gather_nd, {.name = "take", .run = run_gather_nd});
const RegisterGpuKernel gather_grad(op::gather_grad, {.name = "scatter", .run = run_gather_grad});
const RegisterGpuKernel scatter_nd(op::scatter_nd, {.name = "scatter", .run = run_scatter_nd});
const RegisterGpuKernel gather_nd_grad(op::gather_nd_grad,
                                       {.name = "scatter", .run = run_gather_nd_grad});
const RegisterGpuKernel update(op::tensor_scatter_nd_update,
                               {.name = "scatter", .run = run_tensor_scatter<How::assign>});
const RegisterGpuKernel add(op::tensor_scatter_nd_add,
                            {.name = "scatter", .run = run_tensor_scatter<How::add>});
const RegisterGpuKernel sub(op::tensor_scatter_nd_sub,
                            {.name = "scatter", .run = run_tensor_scatter<How::subtract>});
const RegisterGpuKernel max(op::tensor_scatter_nd_max,
                            {.name = "scatter", .run = run_tensor_scatter<How::larger>});
const RegisterGpuKernel min(op::tensor_scatter_nd_min,
                            {.name = "scatter", .run = run_tensor_scatter<How::smaller>});

}  // namespace
}  // namespace millstream::gpu
