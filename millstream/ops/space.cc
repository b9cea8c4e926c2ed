#include "millstream/ops/space.h"

#include <fmt/format.h>

#include "millstream/ops/array.h"
#include "millstream/ops/gather.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/sequence.h"
#include "millstream/ops/views.h"

namespace millstream {
namespace {

// --- space and depth -----------------------------------------------------------------------------

bool channels_first(const Attrs& attrs) {
  if (attrs.text(1) == "NHWC" || attrs.text(1) == "NCHW") return attrs.text(1) == "NCHW";
  throw InvalidArgument(
      {.message = fmt::format("data_format is '{}'", attrs.text(1)), .hint = "use NHWC or NCHW"});
}

int64_t checked_block(const Attrs& attrs) {
  const int64_t block = attrs.integer(0);
  if (block >= 2 && block < (int64_t{1} << 20)) return block;
  throw InvalidArgument(fmt::format("Block size should be > 1, but was: {}", block));
}

void check_image(const Shape& shape) {
  if (shape.has_rank() && shape.rank() != 4) {
    throw InvalidArgument(fmt::format("Input rank should be: 4 instead of: {}", shape.rank()));
  }
}

int64_t divided(int64_t size, int64_t by, const char* what) {
  if (size == kUnknown) return size;
  if (size % by == 0) return size / by;
  throw InvalidArgument(fmt::format("{} {} should be divisible by: {}", what, size, by));
}

int64_t times(int64_t size, int64_t factor) { return size == kUnknown ? size : size * factor; }

Specs infer_space(const InferContext& c, bool to_depth) {
  const bool first = channels_first(c.attrs);
  const int64_t block = checked_block(c.attrs);
  const Shape& from = c.inputs[0].shape;
  check_image(from);
  Dims sizes = from.has_rank() ? from.dims() : Dims(4, kUnknown);
  const int channels = first ? 1 : 3, height = first ? 2 : 1;
  for (const int axis : {height, height + 1}) {
    sizes[axis] = to_depth ? divided(sizes[axis], block, "image size") : times(sizes[axis], block);
  }
  sizes[channels] = to_depth ? times(sizes[channels], block * block)
                             : divided(sizes[channels], block * block, "depth");
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

Specs infer_space_to_depth(const InferContext& c) { return infer_space(c, true); }
Specs infer_depth_to_space(const InferContext& c) { return infer_space(c, false); }

Specs infer_call(const Op& op, const Tensor& x, const Attrs& attrs) {
  const Spec spec{x.dtype(), x.shape()};
  return infer(op, std::span(&spec, 1), attrs);
}

Tensors compose_space_to_depth(std::span<const Tensor> x, const Attrs& attrs) {
  const Shape to = infer_call(op::space_to_depth, x[0], attrs)[0].shape;
  const int64_t b = attrs.integer(0), n = to[0];
  if (channels_first(attrs)) {
    const Tensor blocks = reshape(x[0], {n, x[0].dim(1), to[2], b, to[3], b});
    return {reshape(transpose(blocks, Ints{0, 3, 5, 1, 2, 4}), to)};
  }
  const Tensor blocks = reshape(x[0], {n, to[1], b, to[2], b, x[0].dim(3)});
  return {reshape(transpose(blocks, Ints{0, 1, 3, 2, 4, 5}), to)};
}

Tensors compose_depth_to_space(std::span<const Tensor> x, const Attrs& attrs) {
  const Shape to = infer_call(op::depth_to_space, x[0], attrs)[0].shape;
  const int64_t b = attrs.integer(0), n = to[0];
  if (channels_first(attrs)) {
    const Tensor blocks = reshape(x[0], {n, b, b, to[1], x[0].dim(2), x[0].dim(3)});
    return {reshape(transpose(blocks, Ints{0, 3, 4, 1, 5, 2}), to)};
  }
  const Tensor blocks = reshape(x[0], {n, x[0].dim(1), x[0].dim(2), b, b, to[3]});
  return {reshape(transpose(blocks, Ints{0, 1, 3, 2, 4, 5}), to)};
}

// --- reverse_sequence ----------------------------------------------------------------------------

struct SequenceAxes {
  int sequence, batch;
  SequenceAxes(const Attrs& attrs, int rank)
      : sequence(normalize_axis(attrs.none(0) ? 1 : attrs.integer(0), rank)),
        batch(normalize_axis(attrs.none(1) ? 0 : attrs.integer(1), rank)) {
    if (sequence == batch) {
      throw InvalidArgument(fmt::format("batch_dim == seq_dim == {}", sequence));
    }
  }
};

Specs infer_reverse_sequence(const InferContext& c) {
  const Shape &from = c.inputs[0].shape, &lengths = c.inputs[1].shape;
  if (c.inputs[1].dtype != int32 && c.inputs[1].dtype != int64) {
    throw InvalidArgument(fmt::format("lengths of dtype {}", name_of(c.inputs[1].dtype)));
  }
  if (lengths.has_rank() && lengths.rank() != 1) {
    throw InvalidArgument("seq_lengths must be 1-dim");
  }
  if (!from.has_rank()) return {c.inputs[0]};
  const SequenceAxes axes(c.attrs, from.rank());
  if (lengths.has_rank() && !compatible(lengths, Shape{from[axes.batch]})) {
    throw InvalidArgument(fmt::format("Length of seq_lengths != input.dims({}), ({} vs. {})",
                                      axes.batch, lengths[0], from[axes.batch]));
  }
  return {c.inputs[0]};
}

void check_lengths(const Tensor& lengths, int64_t most) {
  for (const int64_t length : lengths.to_vector<int64_t>()) {
    if (length >= 0 && length <= most) continue;
    throw InvalidArgument(
        fmt::format("seq_lengths has {}, and the axis has {} places", length, most));
  }
}

// Gathers place length - 1 - i for i before the length, and i after it.
Tensors compose_reverse_sequence(std::span<const Tensor> x, const Attrs& attrs) {
  const Spec specs[] = {{x[0].dtype(), x[0].shape()}, {x[1].dtype(), x[1].shape()}};
  infer(op::reverse_sequence, specs, attrs);
  const SequenceAxes axes(attrs, x[0].rank());
  check_lengths(x[1], x[0].dim(axes.sequence));
  const Tensor places = range(Tensor::scalar(x[0].dim(axes.sequence), int64));
  const Tensor lengths = expand_dims(cast(x[1], int64), -1);
  const Tensor one = Tensor::scalar(1, int64);
  const Tensor from = where(places < lengths, lengths - one - places, places + zeros_like(lengths));
  Ints perm{axes.batch, axes.sequence};
  for (int i = 0; i < x[0].rank(); ++i) {
    if (i != axes.batch && i != axes.sequence) perm.push_back(i);
  }
  Ints back(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) back[static_cast<size_t>(perm[i])] = int64_t(i);
  const Tensor moved = transpose(x[0], perm);
  return {transpose(gather(moved, from, {.axis = 1, .batch_dims = 1}), back)};
}

}  // namespace

constinit Op op::space_to_depth = {
    .names = "nn.space_to_depth",
    .parameters = "input: tensor, block_size: int, data_format: str = 'NHWC'",
    .doc = "Blocks of pixels as channels.",
    .infer = infer_space_to_depth,
    .compose = compose_space_to_depth};
constinit Op op::depth_to_space = {
    .names = "nn.depth_to_space",
    .parameters = "input: tensor, block_size: int, data_format: str = 'NHWC'",
    .doc = "Channels as blocks of pixels.",
    .infer = infer_depth_to_space,
    .compose = compose_depth_to_space};
constinit Op op::reverse_sequence = {
    .names = "reverse_sequence",
    .parameters =
        "input: tensor, seq_lengths: index, seq_axis: int? = None, batch_axis: int? = "
        "None",
    .doc = "The first seq_lengths[i] places along seq_axis reversed in entry i of batch_axis.",
    .infer = infer_reverse_sequence,
    .compose = compose_reverse_sequence};

static const RegisterOps family({&op::space_to_depth, &op::depth_to_space, &op::reverse_sequence});

Tensor space_to_depth(const Tensor& input, int64_t block_size, const std::string& data_format) {
  return call(op::space_to_depth, {input}, {block_size, data_format});
}

Tensor depth_to_space(const Tensor& input, int64_t block_size, const std::string& data_format) {
  return call(op::depth_to_space, {input}, {block_size, data_format});
}

Tensor reverse_sequence(const Tensor& input, const Tensor& seq_lengths,
                        const ReverseSequenceOptions& o) {
  return call(op::reverse_sequence, {input, seq_lengths}, {o.seq_axis, o.batch_axis});
}

}  // namespace millstream
