#include "millstream/ops/gather.h"

#include <fmt/format.h>

#include <algorithm>

#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/views.h"

namespace millstream {
namespace {

void check_indices(const Spec& indices) {
  if (indices.dtype == int32 || indices.dtype == int64) return;
  throw InvalidArgument({.message = fmt::format("indices of dtype {}", name_of(indices.dtype)),
                         .hint = "indices are int32 or int64"});
}

// A part [begin, end) of the sizes of a ranked shape.
std::span<const int64_t> part(const Shape& shape, int begin, int end) {
  return std::span<const int64_t>(shape.dims()).subspan(begin, end - begin);
}

Shape join(std::initializer_list<std::span<const int64_t>> parts) {
  Dims sizes;
  for (const auto& sizes_of_part : parts) {
    for (const int64_t size : sizes_of_part) sizes.push_back(size);
  }
  return Shape(sizes);
}

int batch_axes(int64_t batch_dims, const Shape& indices) {
  if (batch_dims < -indices.rank() || batch_dims > indices.rank()) {
    throw InvalidArgument(fmt::format("Expected batch_dims in the range [{}, {}], but got {}",
                                      -indices.rank(), indices.rank(), batch_dims));
  }
  return static_cast<int>(batch_dims < 0 ? batch_dims + indices.rank() : batch_dims);
}

void check_batch(const Shape& params, const Shape& indices, int batch) {
  if (batch > params.rank()) {
    throw InvalidArgument(fmt::format("batch_dims ({}) must be at most the rank of params ({})",
                                      batch, params.rank()));
  }
  for (int i = 0; i < batch; ++i) {
    if (params[i] == indices[i] || params[i] == kUnknown || indices[i] == kUnknown) continue;
    throw InvalidArgument(
        fmt::format("params.shape[{}]: {} should be equal to indices.shape[{}]: "
                    "{}",
                    i, params[i], i, indices[i]));
  }
}

// --- gather --------------------------------------------------------------------------------------

// Attributes: validate_indices, axis, batch_dims.
struct GatherAxes {
  int axis, batch;
  GatherAxes(const Attrs& attrs, const Shape& params, const Shape& indices)
      : batch(batch_axes(attrs.integer(2), indices)) {
    check_batch(params, indices, batch);
    if (params.rank() == 0) {
      throw InvalidArgument("params must have at least one axis, and is a scalar");
    }
    axis = attrs.none(1) ? batch : normalize_axis(attrs.integer(1), params.rank());
    if (axis >= params.rank()) normalize_axis(axis, params.rank());
    if (batch > axis) {
      throw InvalidArgument(
          fmt::format("batch_dims ({}) must be less than or equal to axis ({})", batch, axis));
    }
  }
};

Specs infer_gather(const InferContext& c) {
  check_indices(c.inputs[1]);
  const Shape &params = c.inputs[0].shape, &indices = c.inputs[1].shape;
  if (!params.has_rank() || !indices.has_rank()) return {{c.inputs[0].dtype, Shape::unknown()}};
  const GatherAxes axes(c.attrs, params, indices);
  return {{c.inputs[0].dtype,
           join({part(params, 0, axes.axis), part(indices, axes.batch, indices.rank()),
                 part(params, axes.axis + 1, params.rank())})}};
}

Tensors gradient_gather(const GradientContext& c) {
  const Attrs attrs = {c.attrs[0], c.attrs[1], c.attrs[2], to_ints(c.input_specs[0].shape)};
  return {call(op::gather_grad, {c.grads[0], c.inputs[1]}, attrs), Tensor()};
}

Specs infer_gather_grad(const InferContext& c) {
  const Spec params{c.inputs[0].dtype, to_shape(c.attrs.ints(3))};
  const Spec forward[] = {params, c.inputs[1]};
  const Attrs attrs = {c.attrs[0], c.attrs[1], c.attrs[2]};
  const Shape expected = infer_gather({op::gather, forward, attrs})[0].shape;
  if (!compatible(expected, c.inputs[0].shape)) {
    throw InvalidArgument(fmt::format("a gradient of shape {} for a gather of shape {}",
                                      c.inputs[0].shape.to_string(), expected.to_string()));
  }
  return {params};
}

Tensors gradient_gather_grad(const GradientContext& c) {
  return {call(op::gather, {c.grads[0], c.inputs[1]}, {c.attrs[0], c.attrs[1], c.attrs[2]}),
          Tensor()};
}

// --- gather_nd and scatter_nd --------------------------------------------------------------------

// How many axes of params the entries of the last axis of `indices` name.
int index_depth(const Shape& params, const Shape& indices, int batch) {
  const int64_t depth = indices[-1];
  if (depth > params.rank() - batch) {
    throw InvalidArgument(
        {.message = fmt::format("index innermost dimension length must be <= params rank; saw: {} "
                                "vs. {}",
                                depth, params.rank() - batch),
         .hint =
             "each entry along the last axis of indices is a position along one axis of params"});
  }
  return static_cast<int>(depth);
}

// The shape of gather_nd(params, indices), which is that of the updates of a scatter as well.
Shape gathered_shape(const Shape& params, const Shape& indices, int64_t batch_dims) {
  if (!params.has_rank() || !indices.has_rank()) return Shape::unknown();
  if (indices.rank() == 0) throw InvalidArgument("indices must be at least a vector");
  const int batch = batch_axes(batch_dims, indices);
  if (batch >= indices.rank()) {
    throw InvalidArgument(
        fmt::format("batch_dims ({}) must be less than rank(indices) ({})", batch, indices.rank()));
  }
  check_batch(params, indices, batch);
  if (indices[-1] == kUnknown) return Shape::unknown();
  const int depth = index_depth(params, indices, batch);
  return join({part(indices, 0, indices.rank() - 1), part(params, batch + depth, params.rank())});
}

Specs infer_gather_nd(const InferContext& c) {
  check_indices(c.inputs[1]);
  return {{c.inputs[0].dtype,
           gathered_shape(c.inputs[0].shape, c.inputs[1].shape, c.attrs.integer(0))}};
}

void check_updates(const Shape& params, const Spec& indices, const Spec& updates,
                   int64_t batch_dims) {
  check_indices(indices);
  const Shape expected = gathered_shape(params, indices.shape, batch_dims);
  if (compatible(expected, updates.shape)) return;
  throw InvalidArgument(
      {.message =
           fmt::format("Dimensions of updates {} do not fit indices {} and the shape {}",
                       updates.shape.to_string(), indices.shape.to_string(), params.to_string()),
       .hint = fmt::format("updates must have the shape {}", expected.to_string())});
}

Specs infer_scatter_nd(const InferContext& c) {
  const Shape shape = to_shape(c.attrs.ints(0));
  check_updates(shape, c.inputs[0], c.inputs[1], 0);
  return {{c.inputs[1].dtype, shape}};
}

Tensors gradient_scatter_nd(const GradientContext& c) {
  return {Tensor(), gather_nd(c.grads[0], c.inputs[0])};
}

Specs infer_gather_nd_grad(const InferContext& c) {
  const Shape shape = to_shape(c.attrs.ints(0));
  check_updates(shape, c.inputs[0], c.inputs[1], c.attrs.integer(1));
  return {{c.inputs[1].dtype, shape}};
}

Tensors gradient_gather_nd(const GradientContext& c) {
  return {call(op::gather_nd_grad, {c.inputs[1], c.grads[0]},
               {to_ints(c.input_specs[0].shape), c.attrs.integer(0)}),
          Tensor()};
}

Tensors gradient_gather_nd_grad(const GradientContext& c) {
  return {Tensor(), gather_nd(c.grads[0], c.inputs[0], c.attrs.integer(1))};
}

// --- tensor_scatter_nd_* -------------------------------------------------------------------------

Specs infer_tensor_scatter(const InferContext& c) {
  if (c.inputs[0].dtype != c.inputs[2].dtype) {
    throw InvalidArgument(
        {.message = fmt::format("updates of dtype {} for a tensor of dtype {}",
                                name_of(c.inputs[2].dtype), name_of(c.inputs[0].dtype)),
         .hint = "cast the updates"});
  }
  check_updates(c.inputs[0].shape, c.inputs[1], c.inputs[2], 0);
  return {c.inputs[0]};
}

Tensors gradient_update(const GradientContext& c) {
  const Tensor none = zeros(c.input_specs[2].shape, c.input_specs[2].dtype);
  return {tensor_scatter_nd_update(c.grads[0], c.inputs[1], none), Tensor(),
          gather_nd(c.grads[0], c.inputs[1])};
}

Tensors gradient_add(const GradientContext& c) {
  return {c.grads[0], Tensor(), gather_nd(c.grads[0], c.inputs[1])};
}

Tensors gradient_sub(const GradientContext& c) {
  return {c.grads[0], Tensor(), -gather_nd(c.grads[0], c.inputs[1])};
}

// Those that are the extreme share the gradient.
Tensors gradient_extreme(const GradientContext& c) {
  const Tensor &x = c.inputs[0], &indices = c.inputs[1], &updates = c.inputs[2];
  const Tensor of_x = cast(x == c.outputs[0], x.dtype());
  const Tensor of_updates = cast(updates == gather_nd(c.outputs[0], indices), x.dtype());
  const Tensor share = c.grads[0] / (of_x + scatter_nd(indices, of_updates, x.shape()));
  return {share * of_x, Tensor(), gather_nd(share, indices) * of_updates};
}

// --- compositions --------------------------------------------------------------------------------

Specs infer_embedding_lookup(const InferContext& c) {
  const Attrs attrs = {Attr(), Attr(), int64_t{0}};
  return infer_gather({op::gather, c.inputs, attrs});
}

Tensors compose_embedding_lookup(std::span<const Tensor> x, const Attrs& attrs) {
  const Tensor rows = gather(x[0], x[1]);
  if (attrs.none(0)) return {rows};
  Ints axes;
  for (int i = x[1].rank(); i < rows.rank(); ++i) axes.push_back(i);
  const Tensor longest = Tensor::scalar(attrs.number(0), rows.dtype());
  const Tensor length = sqrt(reduce_sum(rows * rows, {.axis = axes, .keepdims = true}));
  return {rows * longest / maximum(length, longest)};
}

int mask_axis(const Attrs& attrs, const Shape& tensor, const Shape& mask) {
  const int axis = attrs.none(0) ? 0 : normalize_axis(attrs.integer(0), tensor.rank());
  if (mask.rank() == 0) throw InvalidArgument("mask cannot be scalar");
  const bool fits = axis + mask.rank() <= tensor.rank() &&
                    compatible(Shape(part(tensor, axis, axis + mask.rank())), mask);
  if (!fits) {
    throw InvalidArgument(
        fmt::format("Shapes {} and {} are incompatible: a mask has the sizes of "
                    "the axes from {} on",
                    tensor.to_string(), mask.to_string(), axis));
  }
  return axis;
}

void check_mask(DType dtype) {
  if (dtype == boolean) return;
  throw InvalidArgument({.message = fmt::format("a mask of dtype {}", name_of(dtype)),
                         .hint = "a mask is bool: compare with something"});
}

Specs infer_boolean_mask(const InferContext& c) {
  check_mask(c.inputs[1].dtype);
  const Shape &tensor = c.inputs[0].shape, &mask = c.inputs[1].shape;
  if (!tensor.has_rank() || !mask.has_rank()) return {{c.inputs[0].dtype, Shape::unknown()}};
  const int axis = mask_axis(c.attrs, tensor, mask);
  const int64_t unknown[] = {kUnknown};
  return {{c.inputs[0].dtype, join({part(tensor, 0, axis), unknown,
                                    part(tensor, axis + mask.rank(), tensor.rank())})}};
}

Tensors compose_boolean_mask(std::span<const Tensor> x, const Attrs& attrs) {
  check_mask(x[1].dtype());
  const Shape &tensor = x[0].shape(), &mask = x[1].shape();
  const int axis = mask_axis(attrs, tensor, mask);
  const int64_t places[] = {mask.elements()};
  const Shape flat =
      join({part(tensor, 0, axis), places, part(tensor, axis + mask.rank(), tensor.rank())});
  const Tensor positions = reshape(argwhere(reshape(x[1], {-1})), {-1});
  return {gather(reshape(x[0], flat), positions, {.axis = axis})};
}

Specs infer_argwhere(const InferContext& c) {
  const Shape& from = c.inputs[0].shape;
  return {{int64, Shape{kUnknown, from.has_rank() ? from.rank() : kUnknown}}};
}

}  // namespace

constinit Op op::gather = {
    .names = "gather",
    .parameters =
        "params: tensor, indices: index, validate_indices: bool? = None, axis: int? = "
        "None, batch_dims: int = 0",
    .doc = "Slices of params along an axis, at the positions that indices names.",
    .infer = infer_gather,
    .gradient = gradient_gather,
    .saves = Saves::inputs};
constinit Op op::gather_grad = {
    .names = "internal.gather_grad",
    .parameters =
        "dy: tensor, indices: index, validate_indices: bool? = None, axis: int? = None, "
        "batch_dims: int = 0, shape: ints",
    .doc = "The adjoint of gather: zeros of the given shape, with the slices of dy added in.",
    .infer = infer_gather_grad,
    .gradient = gradient_gather_grad,
    .saves = Saves::inputs};
constinit Op op::gather_nd = {
    .names = "gather_nd",
    .parameters = "params: tensor, indices: index, batch_dims: int = 0",
    .doc = "Slices of params at the positions that the last axis of indices spells out.",
    .infer = infer_gather_nd,
    .gradient = gradient_gather_nd,
    .saves = Saves::inputs};
constinit Op op::scatter_nd = {
    .names = "scatter_nd",
    .parameters = "indices: index, updates: tensor, shape: ints",
    .doc = "Zeros of the given shape, with updates added at the positions that indices spells out.",
    .infer = infer_scatter_nd,
    .gradient = gradient_scatter_nd,
    .saves = Saves::inputs};
constinit Op op::gather_nd_grad = {
    .names = "internal.gather_nd_grad",
    .parameters = "indices: index, dy: tensor, shape: ints, batch_dims: int = 0",
    .doc = "The adjoint of gather_nd: scatter_nd with leading axes that all share.",
    .infer = infer_gather_nd_grad,
    .gradient = gradient_gather_nd_grad,
    .saves = Saves::inputs};
constinit Op op::tensor_scatter_nd_update = {
    .names = "tensor_scatter_nd_update",
    .parameters = "tensor: tensor, indices: index, updates: tensor",
    .doc = "The tensor with updates at the positions that indices spells out.",
    .infer = infer_tensor_scatter,
    .gradient = gradient_update,
    .saves = Saves::inputs};
constinit Op op::tensor_scatter_nd_add = {
    .names = "tensor_scatter_nd_add",
    .parameters = "tensor: tensor, indices: index, updates: tensor",
    .doc = "The tensor with updates added at the positions that indices spells out.",
    .infer = infer_tensor_scatter,
    .gradient = gradient_add,
    .saves = Saves::inputs};
constinit Op op::tensor_scatter_nd_sub = {
    .names = "tensor_scatter_nd_sub",
    .parameters = "tensor: tensor, indices: index, updates: tensor",
    .doc = "The tensor with updates subtracted at the positions that indices spells out.",
    .infer = infer_tensor_scatter,
    .gradient = gradient_sub,
    .saves = Saves::inputs};
constinit Op op::tensor_scatter_nd_max = {
    .names = "tensor_scatter_nd_max",
    .parameters = "tensor: tensor, indices: index, updates: tensor",
    .doc = "The tensor with the larger of it and the updates at the positions of indices.",
    .infer = infer_tensor_scatter,
    .gradient = gradient_extreme};
constinit Op op::tensor_scatter_nd_min = {
    .names = "tensor_scatter_nd_min",
    .parameters = "tensor: tensor, indices: index, updates: tensor",
    .doc = "The tensor with the smaller of it and the updates at the positions of indices.",
    .infer = infer_tensor_scatter,
    .gradient = gradient_extreme};
constinit Op op::embedding_lookup = {
    .names = "nn.embedding_lookup",
    .parameters = "params: tensor, ids: index, max_norm: float? = None",
    .doc = "Rows of params; those longer than max_norm are scaled to that length.",
    .infer = infer_embedding_lookup,
    .compose = compose_embedding_lookup};
constinit Op op::boolean_mask = {.names = "boolean_mask",
                                 .parameters = "tensor: tensor, mask: index, axis: int? = None",
                                 .doc = "The places of the tensor at which the mask is true.",
                                 .infer = infer_boolean_mask,
                                 .compose = compose_boolean_mask};
constinit Op op::argwhere = {
    .names = "raw_ops.Where",
    .parameters = "condition: tensor",
    .doc = "Positions of the elements that are not zero: int64[count, rank].",
    .infer = infer_argwhere,
    .makes_outputs = true};

static const RegisterOps family({&op::gather, &op::gather_grad, &op::gather_nd, &op::scatter_nd,
                                 &op::gather_nd_grad, &op::tensor_scatter_nd_update,
                                 &op::tensor_scatter_nd_add, &op::tensor_scatter_nd_sub,
                                 &op::tensor_scatter_nd_max, &op::tensor_scatter_nd_min,
                                 &op::embedding_lookup, &op::boolean_mask, &op::argwhere});

Tensor gather(const Tensor& params, const Tensor& indices, const GatherOptions& options) {
  return call(op::gather, {params, indices},
              {Attr(), options.axis ? Attr(*options.axis) : Attr(), options.batch_dims});
}

Tensor gather_nd(const Tensor& params, const Tensor& indices, int64_t batch_dims) {
  return call(op::gather_nd, {params, indices}, {batch_dims});
}

Tensor scatter_nd(const Tensor& indices, const Tensor& updates, const Shape& shape) {
  return call(op::scatter_nd, {indices, updates}, {to_ints(shape)});
}

Tensor tensor_scatter_nd_update(const Tensor& tensor, const Tensor& indices,
                                const Tensor& updates) {
  return call(op::tensor_scatter_nd_update, {tensor, indices, updates});
}

Tensor tensor_scatter_nd_add(const Tensor& tensor, const Tensor& indices, const Tensor& updates) {
  return call(op::tensor_scatter_nd_add, {tensor, indices, updates});
}

Tensor tensor_scatter_nd_sub(const Tensor& tensor, const Tensor& indices, const Tensor& updates) {
  return call(op::tensor_scatter_nd_sub, {tensor, indices, updates});
}

Tensor tensor_scatter_nd_max(const Tensor& tensor, const Tensor& indices, const Tensor& updates) {
  return call(op::tensor_scatter_nd_max, {tensor, indices, updates});
}

Tensor tensor_scatter_nd_min(const Tensor& tensor, const Tensor& indices, const Tensor& updates) {
  return call(op::tensor_scatter_nd_min, {tensor, indices, updates});
}

Tensor embedding_lookup(const Tensor& params, const Tensor& ids, std::optional<double> max_norm) {
  return call(op::embedding_lookup, {params, ids}, {max_norm ? Attr(*max_norm) : Attr()});
}

Tensor boolean_mask(const Tensor& tensor, const Tensor& mask, std::optional<int64_t> axis) {
  return call(op::boolean_mask, {tensor, mask}, {axis ? Attr(*axis) : Attr()});
}

Tensor argwhere(const Tensor& condition) { return call(op::argwhere, {condition}); }

}  // namespace millstream
