// identity, fill, concat, stack, slices, pad, tile and roll: what moves elements.
#include "millstream/backend/gpu/copy.h"

#include "millstream/backend/gpu/map.h"
#include "millstream/ops/array.h"
#include "millstream/ops/join.h"
#include "millstream/ops/slice.h"

namespace millstream::gpu {
namespace {

constexpr Family kMoves = {"moves", R"(
KERNEL fill(ARRAY(T, to), LONG n, SCALAR(T, value)) {
  USE(T, to);
  USE_SCALAR(T, value);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) to[i] = value;
}

KERNEL copy(NEST nest, ARRAY(const T, from), STRIDES from_steps, ARRAY(T, to), STRIDES to_steps,
            LONG n) {
  USE(const T, from);
  USE(T, to);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    LONG rest = i, from_at = 0, to_at = 0;
    for (int d = (int)nest.rank - 1; d > 0; --d) {
      const LONG quotient = rest / nest.size[d], index = rest - quotient * nest.size[d];
      rest = quotient;
      from_at += index * from_steps.by[d];
      to_at += index * to_steps.by[d];
    }
    to[to_at + rest * to_steps.by[0]] = from[from_at + rest * from_steps.by[0]];
  }
}

#define CONSTANT 0
#define REFLECT 1
#define SYMMETRIC 2
#define WRAP 3

/* Place i - before of an axis of the input, or -1. */
FUNCTION LONG source_of(LONG place, LONG size, int mode) {
  if (mode == WRAP) {
    place %= size;
    return place < 0 ? place + size : place;
  }
  if (place >= 0 && place < size) return place;
  if (mode == CONSTANT) return -1;
  const LONG edge = mode == SYMMETRIC ? 1 : 0;
  return place < 0 ? -place - edge : 2 * size - 2 + edge - place;
}

KERNEL remap(NEST nest, STRIDES sizes, STRIDES steps, STRIDES before, int mode,
             ARRAY(const T, from), ARRAY(T, to), SCALAR(T, value), LONG n) {
  USE(const T, from);
  USE(T, to);
  USE_SCALAR(T, value);
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    LONG rest = i, at = 0;
    int inside = 1;
    for (int d = (int)nest.rank - 1; d >= 0; --d) {
      const LONG quotient = rest / nest.size[d], index = rest - quotient * nest.size[d];
      const LONG source = source_of(index - before.by[d], sizes.by[d], mode);
      rest = quotient;
      inside = inside && source >= 0;
      at += source * steps.by[d];
    }
    to[i] = inside ? from[at] : value;
  }
}
)"};

enum RemapMode : int32_t { kConstant, kReflect, kSymmetric, kWrap };

Function moves(GpuDevice& device, const char* name, DType dtype) {
  return kernel_of(device, kMoves, name, {{"T", bits_of(dtype)}}, kScalarText);
}

void* offset(const Tensor& x, int64_t elements) {
  return x.node()->data + elements * static_cast<int64_t>(size_of(x.dtype()));
}

void run_identity(const KernelContext& c) {
  const Tensor &from = c.inputs[0], &to = c.outputs[0];
  copy_strided(device_of(c), from.shape().dims(), from.dtype(), from.data(), from.strides(),
               to.node()->data, to.strides());
}

void run_fill(const KernelContext& c) { fill(device_of(c), c.outputs[0], c.inputs[0]); }

// Copies one input into the result, from place `at` of the result's `axis` on.
void put(const KernelContext& c, const Tensor& from, const Dims& sizes, const Dims& strides,
         int axis, int64_t at) {
  const Tensor& to = c.outputs[0];
  copy_strided(device_of(c), sizes, to.dtype(), from.data(), strides,
               offset(to, at * to.strides()[axis]), to.strides());
}

void run_concat(const KernelContext& c) {
  const int axis = normalize_axis(c.attrs.integer(0), c.outputs[0].rank());
  int64_t at = 0;
  for (const Tensor& from : c.inputs) {
    put(c, from, from.shape().dims(), from.strides(), axis, at);
    at += from.dim(axis);
  }
}

void run_stack(const KernelContext& c) {
  const int axis = normalize_axis(c.attrs.integer(0), c.outputs[0].rank());
  int64_t at = 0;
  for (const Tensor& from : c.inputs) {
    Dims sizes = from.shape().dims(), strides = from.strides();
    sizes.insert(axis, 1);
    strides.insert(axis, 0);
    put(c, from, sizes, strides, axis, at++);
  }
}

void run_strided_slice_grad(const KernelContext& c) {
  const Tensor& to = c.outputs[0];
  clear(device_of(c), to);
  const SliceLayout part = slice_layout(c.attrs, 1, to.shape(), to.strides());
  copy_strided(device_of(c), part.shape.dims(), to.dtype(), c.inputs[0].data(),
               c.inputs[0].strides(), offset(to, part.offset), part.strides);
}

void remap(const KernelContext& c, const Dims& before, RemapMode mode, const Tensor& value) {
  const Tensor &from = c.inputs[0], &to = c.outputs[0];
  if (to.elements() == 0) return;
  Nest nest{.rank = to.rank()};
  Strides sizes, steps, shifts;
  for (int d = 0; d < to.rank(); ++d) {
    nest.size[d] = to.dim(d);
    sizes.by[d] = from.dim(d);
    steps.by[d] = from.strides()[d];
    shifts.by[d] = before[d];
  }
  Arguments arguments(nest, sizes, steps, shifts, static_cast<int32_t>(mode), Array(from),
                      Array(to));
  add_scalar(arguments, value);
  arguments.add(to.elements());
  GpuDevice& device = device_of(c);
  device.launch(moves(device, "remap", to.dtype()), grid_of(to.elements()), arguments);
}

void run_pad(const KernelContext& c) {
  const PadMode mode = pad_mode(c.attrs.text(1));
  Dims before(c.outputs[0].rank(), 0);
  for (int d = 0; d < before.size(); ++d) before[d] = c.attrs.ints(0)[static_cast<size_t>(2 * d)];
  remap(c, before,
        mode == PadMode::constant  ? kConstant
        : mode == PadMode::reflect ? kReflect
                                   : kSymmetric,
        c.inputs[1]);
}

void run_tile(const KernelContext& c) {
  remap(c, Dims(c.outputs[0].rank(), 0), kWrap, Tensor::scalar(0, c.inputs[0].dtype()));
}

void run_roll(const KernelContext& c) {
  const Tensor& from = c.inputs[0];
  if (from.elements() == 0) return;
  Dims shifts(from.rank(), 0);
  const Ints &shift = c.attrs.ints(0), &axes = c.attrs.ints(1);
  for (size_t i = 0; i < shift.size(); ++i) {
    const int axis = normalize_axis(axes[i], from.rank());
    shifts[axis] = (shifts[axis] + shift[i] % from.dim(axis)) % from.dim(axis);
  }
  remap(c, shifts, kWrap, Tensor::scalar(0, from.dtype()));
}

const RegisterGpuKernel identity(op::identity, {.name = "copy", .run = run_identity});
const RegisterGpuKernel fill_(op::fill, {.name = "fill", .run = run_fill});
const RegisterGpuKernel concat(op::concat, {.name = "copy", .run = run_concat});
const RegisterGpuKernel stack(op::stack, {.name = "copy", .run = run_stack});
const RegisterGpuKernel slice_grad(op::strided_slice_grad,
                                   {.name = "copy", .run = run_strided_slice_grad});
const RegisterGpuKernel pad(op::pad, {.name = "remap", .run = run_pad});
const RegisterGpuKernel tile(op::tile, {.name = "remap", .run = run_tile});
const RegisterGpuKernel roll(op::roll, {.name = "remap", .run = run_roll});

}  // namespace

const std::string_view kScalarText = R"(
#define SCALAR(T, name) ARRAY(const T, name##_array), LONG name##_given, T name##_value
#define USE_SCALAR(T, name) USE(const T, name##_array); \
  const T name = name##_given ? name##_array[0] : name##_value
)";

void copy_strided(GpuDevice& device, const Dims& sizes, DType dtype, const void* from,
                  const Dims& from_strides, void* to, const Dims& to_strides) {
  const Dims strides[] = {from_strides, to_strides};
  const Loops loops(sizes, strides);
  if (loops.elements == 0) return;
  device.launch(moves(device, "copy", dtype), grid_of(loops.elements), loops.nest, Array(from),
                loops.strides[0], Array(to), loops.strides[1], loops.elements);
}

void fill(GpuDevice& device, const Tensor& to, const Tensor& value) {
  if (to.elements() == 0) return;
  Arguments arguments(Array(to), to.elements());
  add_scalar(arguments, value);
  device.launch(moves(device, "fill", to.dtype()), grid_of(to.elements()), arguments);
}

void clear(GpuDevice& device, const Tensor& to) { fill(device, to, Tensor::scalar(0, to.dtype())); }

void add_scalar(Arguments& arguments, const Tensor& scalar) {
  const bool given = !by_value(scalar);
  constexpr uint64_t zero = 0;
  arguments.add(given ? Array(scalar) : Array(nullptr));
  arguments.add(int64_t{given});
  arguments.append(given ? static_cast<const void*>(&zero) : scalar.data(),
                   size_of(scalar.dtype()));
}

}  // namespace millstream::gpu
