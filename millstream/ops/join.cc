#include "millstream/ops/join.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "millstream/ops/array.h"
#include "millstream/ops/gather.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/slice.h"
#include "millstream/ops/views.h"

namespace millstream {
namespace {

// --- concat and stack ----------------------------------------------------------------------------

void check_same_dtype(const InferContext& c) {
  if (c.inputs.empty()) {
    throw InvalidArgument(fmt::format("{} of an empty list of tensors", c.op.name()));
  }
  for (const Spec& input : c.inputs) {
    if (input.dtype == c.inputs[0].dtype) continue;
    throw InvalidArgument({.message = fmt::format("{} of tensors of dtypes {} and {}", c.op.name(),
                                                  name_of(c.inputs[0].dtype), name_of(input.dtype)),
                           .hint = "cast them to one dtype"});
  }
}

// What is known of a size of which two tensors tell.
int64_t join_sizes(int64_t a, int64_t b) { return a == kUnknown ? b : a; }

// Whether both can be of one tensor, the size of one axis left aside.
bool compatible_but(int axis, const Shape& a, const Shape& b) {
  if (!b.has_rank()) return true;
  if (a.rank() != b.rank()) return false;
  Dims sizes = b.dims();
  sizes[axis] = a[axis];
  return compatible(a, Shape(sizes));
}

Specs infer_concat(const InferContext& c) {
  check_same_dtype(c);
  const Spec* first = nullptr;  // of known rank
  for (const Spec& input : c.inputs) {
    if (first == nullptr && input.shape.has_rank()) first = &input;
  }
  if (first == nullptr) return {c.inputs[0]};
  if (first->shape.rank() == 0) {
    throw InvalidArgument(
        {.message = "Can't concatenate scalars", .hint = "use stack, which makes an axis"});
  }
  const int axis = normalize_axis(c.attrs.integer(0), first->shape.rank());
  Dims sizes = first->shape.dims();
  int64_t total = 0;
  for (const Spec& input : c.inputs) {
    if (!compatible_but(axis, Shape(sizes), input.shape)) {
      throw InvalidArgument(
          {.message = fmt::format("ConcatOp : Dimensions of inputs should match: shape[0] = {} vs. "
                                  "shape[{}] = {}",
                                  first->shape.to_string(), &input - c.inputs.data(),
                                  input.shape.to_string()),
           .hint = fmt::format("all sizes but that of axis {} must be equal", axis)});
    }
    const bool counted = input.shape.has_rank() && input.shape[axis] != kUnknown;
    total = counted && total != kUnknown ? total + input.shape[axis] : kUnknown;
    for (int i = 0; i < input.shape.rank(); ++i) sizes[i] = join_sizes(sizes[i], input.shape[i]);
  }
  sizes[axis] = total;
  return {{first->dtype, Shape(sizes)}};
}

Tensors gradient_concat(const GradientContext& c) {
  const int axis = normalize_axis(c.attrs.integer(0), c.output_specs[0].shape.rank());
  Ints sizes;
  for (const Spec& input : c.input_specs) sizes.push_back(input.shape[axis]);
  return split(c.grads[0], sizes, axis);
}

Specs infer_stack(const InferContext& c) {
  check_same_dtype(c);
  Shape shape = Shape::unknown();
  for (const Spec& input : c.inputs) {
    if (!compatible(shape, input.shape)) {
      throw InvalidArgument(
          {.message =
               fmt::format("Shapes of all inputs must match: values[0].shape = {} != "
                           "values[{}].shape = {}",
                           shape.to_string(), &input - c.inputs.data(), input.shape.to_string()),
           .hint = "concat joins tensors of different sizes along an axis"});
    }
    if (!shape.has_rank()) {
      shape = input.shape;
    } else if (input.shape.has_rank()) {
      Dims sizes = shape.dims();
      for (int i = 0; i < sizes.size(); ++i) sizes[i] = join_sizes(sizes[i], input.shape[i]);
      shape = Shape(sizes);
    }
  }
  if (!shape.has_rank()) return {{c.inputs[0].dtype, shape}};
  Dims sizes = shape.dims();
  sizes.insert(normalize_axis(c.attrs.integer(0), shape.rank() + 1),
               static_cast<int64_t>(c.inputs.size()));
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

Tensors gradient_stack(const GradientContext& c) { return unstack(c.grads[0], c.attrs.integer(0)); }

// --- tile and repeat -----------------------------------------------------------------------------

Specs infer_tile(const InferContext& c) {
  const Ints& multiples = c.attrs.ints(0);
  const Shape& from = c.inputs[0].shape;
  const auto rank = static_cast<int>(multiples.size());
  if (from.has_rank() && from.rank() != rank) {
    throw InvalidArgument(
        fmt::format("Expected multiples argument to be a vector of length {} but got length {}",
                    from.rank(), rank));
  }
  Dims sizes(rank, kUnknown);
  for (int i = 0; i < rank; ++i) {
    const int64_t multiple = multiples[static_cast<size_t>(i)];
    if (multiple < 0) {
      throw InvalidArgument(fmt::format("Expected multiples[{}] >= 0, but got {}", i, multiple));
    }
    const int64_t size = from.has_rank() ? from[i] : kUnknown;
    if (size != kUnknown && __builtin_mul_overflow(size, multiple, &sizes[i])) {
      throw InvalidArgument(fmt::format("an axis of {} times {} elements", multiple, size));
    }
  }
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

// Axis by axis: the copies become an axis of their own, over which they are summed.
Tensors gradient_tile(const GradientContext& c) {
  const Ints& multiples = c.attrs.ints(0);
  const Shape& shape = c.input_specs[0].shape;
  Tensor grad = c.grads[0];
  for (int i = 0; i < shape.rank(); ++i) {
    const int64_t multiple = multiples[static_cast<size_t>(i)];
    if (multiple == 1) continue;
    int64_t outer = 1, inner = shape[i];
    Dims sizes = grad.shape().dims();
    for (int j = 0; j < i; ++j) outer *= sizes[j];
    for (int j = i + 1; j < sizes.size(); ++j) inner *= sizes[j];
    sizes[i] = shape[i];
    grad = reduce_sum(reshape(grad, {outer, multiple, inner}), {.axis = Ints{1}});
    grad = reshape(grad, Shape(sizes));
  }
  return {grad};
}

// One number for all elements, or one for each.
Ints repeat_counts(const Ints& repeats, int64_t size) {
  for (const int64_t count : repeats) {
    if (count < 0)
      throw InvalidArgument(fmt::format("elements cannot be repeated {} times", count));
  }
  if (size != kUnknown && repeats.size() == 1) return Ints(static_cast<size_t>(size), repeats[0]);
  if (size != kUnknown && static_cast<int64_t>(repeats.size()) != size) {
    throw InvalidArgument(
        fmt::format("{} numbers of repeats for {} elements", repeats.size(), size));
  }
  return repeats;
}

int64_t checked_sum(const Ints& counts) {
  int64_t sum = 0;
  for (const int64_t count : counts) {
    if (__builtin_add_overflow(sum, count, &sum)) {
      throw InvalidArgument("the repeats add up to more than 2^63");
    }
  }
  return sum;
}

Specs infer_repeat(const InferContext& c) {
  const Shape& from = c.inputs[0].shape;
  const Ints& repeats = c.attrs.ints(0);
  const bool flat = c.attrs.none(1);
  if (!flat && !from.has_rank()) return {c.inputs[0]};
  const int axis = flat ? 0 : normalize_axis(c.attrs.integer(1), from.rank());
  Dims sizes = flat ? Dims{from.elements()} : from.dims();
  const Ints counts = repeat_counts(repeats, sizes[axis]);
  const bool known = sizes[axis] != kUnknown || counts.size() != 1;
  sizes[axis] = known ? checked_sum(counts) : kUnknown;
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

Tensors compose_repeat(std::span<const Tensor> x, const Attrs& attrs) {
  const bool flat = attrs.none(1);
  const Tensor source = flat ? reshape(x[0], {-1}) : x[0];
  const int axis = flat ? 0 : normalize_axis(attrs.integer(1), source.rank());
  const Ints counts = repeat_counts(attrs.ints(0), source.dim(axis));
  // From the pool, which refuses what the machine cannot hold.
  const Tensor positions = Tensor::empty(int64, Shape{checked_sum(counts)}, host_device());
  auto* to = reinterpret_cast<int64_t*>(positions.node()->data);
  for (size_t i = 0; i < counts.size(); ++i) {
    to = std::fill_n(to, counts[i], static_cast<int64_t>(i));
  }
  return {gather(source, positions, {.axis = axis})};
}

// --- pad -----------------------------------------------------------------------------------------

void check_padding(PadMode mode, int64_t before, int64_t after, int64_t size) {
  if (before < 0 || after < 0) {
    throw InvalidArgument(fmt::format("Paddings must be non-negative: {} {}", before, after));
  }
  if (size == kUnknown || mode == PadMode::constant) return;
  const int64_t most = mode == PadMode::reflect ? size - 1 : size;
  if (before > most || after > most) {
    throw InvalidArgument(fmt::format(
        "paddings must be {} the dimension size: {}, {} for a dimension of {}",
        mode == PadMode::reflect ? "less than" : "no greater than", before, after, size));
  }
}

Specs infer_pad(const InferContext& c) {
  const Ints& paddings = c.attrs.ints(0);
  const PadMode mode = pad_mode(c.attrs.text(1));
  const Shape& from = c.inputs[0].shape;
  const auto rank = static_cast<int>(paddings.size() / 2);
  if (paddings.size() % 2 != 0 || (from.has_rank() && from.rank() != rank)) {
    throw InvalidArgument({.message = fmt::format("{} paddings for a tensor of shape {}",
                                                  paddings.size(), from.to_string()),
                           .hint = "each axis takes two: before and after"});
  }
  if (c.inputs[1].shape.rank() != 0) throw InvalidArgument("constant_values must be a scalar");
  if (c.inputs[1].dtype != c.inputs[0].dtype) {
    throw InvalidArgument(fmt::format("constant_values of dtype {} for a tensor of dtype {}",
                                      name_of(c.inputs[1].dtype), name_of(c.inputs[0].dtype)));
  }
  Dims sizes(rank, kUnknown);
  for (int i = 0; i < rank; ++i) {
    const int64_t before = paddings[static_cast<size_t>(2 * i)];
    const int64_t after = paddings[static_cast<size_t>(2 * i + 1)];
    const int64_t size = from.has_rank() ? from[i] : kUnknown;
    check_padding(mode, before, after, size);
    if (size == kUnknown) continue;
    if (__builtin_add_overflow(before, after, &sizes[i]) ||
        __builtin_add_overflow(sizes[i], size, &sizes[i])) {
      throw InvalidArgument(fmt::format("paddings of {} and {}", before, after));
    }
  }
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

Tensor part_of(const Tensor& x, int axis, int64_t begin, int64_t size) {
  Ints begins(static_cast<size_t>(x.rank()), 0), sizes(static_cast<size_t>(x.rank()), -1);
  begins[static_cast<size_t>(axis)] = begin;
  sizes[static_cast<size_t>(axis)] = size;
  return slice(x, begins, sizes);
}

// The mirrored edges go back, reversed, to where they came from.
Tensor fold_mirror(const Tensor& grad, int axis, int64_t before, int64_t after, int64_t size,
                   int64_t gap) {
  Tensor sum = part_of(grad, axis, before, size);
  const auto add_edge = [&](int64_t begin, int64_t length, int64_t to) {
    if (length == 0) return;
    Paddings place(static_cast<size_t>(grad.rank()), {0, 0});
    place[static_cast<size_t>(axis)] = {to, size - length - to};
    sum = sum + pad(reverse(part_of(grad, axis, begin, length), {axis}), place);
  };
  add_edge(0, before, gap);
  add_edge(before + size, after, size - after - gap);
  return sum;
}

Tensors gradient_pad(const GradientContext& c) {
  const Ints& paddings = c.attrs.ints(0);
  const PadMode mode = pad_mode(c.attrs.text(1));
  const Shape& shape = c.input_specs[0].shape;
  Tensor grad = c.grads[0];
  for (int i = 0; i < shape.rank(); ++i) {
    const int64_t before = paddings[static_cast<size_t>(2 * i)];
    const int64_t after = paddings[static_cast<size_t>(2 * i + 1)];
    grad = mode == PadMode::constant
               ? part_of(grad, i, before, shape[i])
               : fold_mirror(grad, i, before, after, shape[i], mode == PadMode::reflect ? 1 : 0);
  }
  return {grad, Tensor()};
}

// --- roll ----------------------------------------------------------------------------------------

Specs infer_roll(const InferContext& c) {
  const Ints &shift = c.attrs.ints(0), &axis = c.attrs.ints(1);
  if (shift.size() != axis.size()) {
    throw InvalidArgument(fmt::format("shift and axis must have the same size, not {} and {}",
                                      shift.size(), axis.size()));
  }
  if (c.inputs[0].shape.has_rank()) {
    if (c.inputs[0].shape.rank() == 0) throw InvalidArgument("input must be 1-D or higher");
    for (const int64_t value : axis) normalize_axis(value, c.inputs[0].shape.rank());
  }
  return {c.inputs[0]};
}

Tensors gradient_roll(const GradientContext& c) {
  Ints back = c.attrs.ints(0);
  const Ints& axis = c.attrs.ints(1);
  for (size_t i = 0; i < back.size(); ++i) {
    const int64_t size = c.grads[0].shape()[static_cast<int>(axis[i])];
    back[i] = -(back[i] % std::max<int64_t>(size, 1));
  }
  return {roll(c.grads[0], back, axis)};
}

}  // namespace

PadMode pad_mode(const std::string& text) {
  std::string upper = text;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (upper == "CONSTANT") return PadMode::constant;
  if (upper == "REFLECT") return PadMode::reflect;
  if (upper == "SYMMETRIC") return PadMode::symmetric;
  throw InvalidArgument({.message = fmt::format("Unknown padding mode: {}", text),
                         .hint = "use CONSTANT, REFLECT or SYMMETRIC"});
}

constinit Op op::concat = {.names = "concat",
                           .parameters = "values: tensors, axis: int",
                           .doc = "The tensors one after the other along an axis.",
                           .infer = infer_concat,
                           .gradient = gradient_concat,
                           .saves = Saves::nothing,
                           .strided = true};
constinit Op op::stack = {.names = "stack",
                          .parameters = "values: tensors, axis: int = 0",
                          .doc = "The tensors along a new axis.",
                          .infer = infer_stack,
                          .gradient = gradient_stack,
                          .saves = Saves::nothing,
                          .strided = true};
constinit Op op::tile = {.names = "tile",
                         .parameters = "input: tensor, multiples: ints",
                         .doc = "The whole input repeated along each axis.",
                         .infer = infer_tile,
                         .gradient = gradient_tile,
                         .saves = Saves::nothing};
constinit Op op::repeat = {
    .names = "repeat",
    .parameters = "input: tensor, repeats: ints, axis: int? = None",
    .doc = "Each element along an axis repeated; without an axis, of the whole tensor.",
    .infer = infer_repeat,
    .compose = compose_repeat};
constinit Op op::pad = {.names = "pad",
                        .parameters =
                            "tensor: tensor, paddings: ints, mode: str = 'CONSTANT', "
                            "constant_values: tensor = 0",
                        .doc =
                            "The tensor with a border: of a constant, or mirrored without "
                            "('REFLECT') or with ('SYMMETRIC') its edge.",
                        .infer = infer_pad,
                        .gradient = gradient_pad,
                        .saves = Saves::nothing,
                        .host_scalars = true};
constinit Op op::roll = {.names = "roll",
                         .parameters = "input: tensor, shift: ints, axis: ints",
                         .doc =
                             "The elements moved along axes; what leaves at one end comes in at "
                             "the other.",
                         .infer = infer_roll,
                         .gradient = gradient_roll,
                         .saves = Saves::nothing};

static const RegisterOps family({&op::concat, &op::stack, &op::tile, &op::repeat, &op::pad,
                                 &op::roll});

Tensor concat(std::span<const Tensor> values, int64_t axis) {
  return call(op::concat, values, {axis});
}

Tensor stack(std::span<const Tensor> values, int64_t axis) {
  return call(op::stack, values, {axis});
}

Tensor tile(const Tensor& input, const Ints& multiples) {
  return call(op::tile, {input}, {multiples});
}

Tensor repeat(const Tensor& input, const Ints& repeats, std::optional<int64_t> axis) {
  return call(op::repeat, {input}, {repeats, axis ? Attr(*axis) : Attr()});
}

Tensor pad(const Tensor& tensor, const Paddings& paddings, const PadOptions& options) {
  Ints flat;
  for (const auto& [before, after] : paddings) flat.insert(flat.end(), {before, after});
  return call(op::pad, {tensor, cast(options.constant_values, tensor.dtype())},
              {flat, options.mode});
}

Tensor roll(const Tensor& input, const Ints& shift, const Ints& axis) {
  return call(op::roll, {input}, {shift, axis});
}

}  // namespace millstream
