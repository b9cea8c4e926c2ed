#include "millstream/ops/sequence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "millstream/ops/array.h"
#include "millstream/ops/join.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/slice.h"
#include "millstream/ops/views.h"

namespace millstream {
namespace {

Attr dtype_attr(std::optional<DType> dtype) { return dtype ? Attr(*dtype) : Attr(); }

void check_integers(const Op& op, DType dtype) {
  if (is_integer(dtype)) return;
  throw InvalidArgument({.message = fmt::format("{} of a {} tensor", op.name(), name_of(dtype)),
                         .hint = "cast it to int32 or int64"});
}

void check_scalar(const char* name, const Shape& shape) {
  if (!shape.has_rank() || shape.rank() == 0) return;
  throw InvalidArgument(fmt::format("{} must be a scalar, not shape {}", name, shape.to_string()));
}

// --- range ---------------------------------------------------------------------------------------

// The widest of the dtypes, as range ranks them.
DType widest(std::span<const Tensor> values) {
  constexpr DType ranks[] = {int32, int64, float16, bfloat16, float32, float64};
  DType result = int32;
  for (const Tensor& value : values) {
    if (!value.defined()) continue;
    const auto rank = [&](DType dtype) { return std::find(ranks, std::end(ranks), dtype); };
    if (rank(value.dtype()) == std::end(ranks)) {
      throw InvalidArgument({.message = fmt::format("a range of {}", name_of(value.dtype())),
                             .hint = "give int32, int64 or a floating dtype"});
    }
    if (rank(value.dtype()) > rank(result)) result = value.dtype();
  }
  return result;
}

Tensors compose_range(std::span<const Tensor> x, const Attrs& attrs) {
  Tensor start = x[0], limit = x.size() > 1 ? x[1] : Tensor();
  const Tensor delta = x.size() > 2 && x[2].defined() ? x[2] : Tensor(1);
  if (!start.defined()) throw InvalidArgument("range without a limit");
  if (!limit.defined()) {
    limit = start;
    start = 0;
  }
  const Tensor given[] = {start, limit, delta};
  const DType dtype = attrs.none(0) ? widest(given) : attrs.dtype(0);
  return {call(op::sequence, {cast(start, dtype), cast(limit, dtype), cast(delta, dtype)})};
}

Specs infer_sequence(const InferContext& c) {
  constexpr const char* names[] = {"start", "limit", "delta"};
  for (size_t i = 0; i < 3; ++i) {
    check_scalar(names[i], c.inputs[i].shape);
    if (c.inputs[i].dtype != c.inputs[0].dtype || c.inputs[i].dtype == boolean) {
      throw InvalidArgument("start, limit and delta must be numbers of one dtype");
    }
  }
  return {{c.inputs[0].dtype, Shape{kUnknown}}};
}

// --- linspace ------------------------------------------------------------------------------------

int linspace_axis(const Attrs& attrs, int rank) {
  return normalize_axis(attrs.integer(1), rank + 1);
}

Specs infer_linspace(const InferContext& c) {
  const int64_t num = c.attrs.integer(0);
  if (num < 0) throw InvalidArgument(fmt::format("Requires num >= 0: {}", num));
  if (c.inputs[0].dtype != c.inputs[1].dtype || c.inputs[0].dtype == boolean) {
    throw InvalidArgument("start and stop must be numbers of one dtype");
  }
  const DType dtype = is_floating(c.inputs[0].dtype) ? c.inputs[0].dtype : float64;
  const Shape ends = broadcast(c.inputs[0].shape, c.inputs[1].shape);
  if (!ends.has_rank()) return {{dtype, ends}};
  Dims sizes = ends.dims();
  sizes.insert(linspace_axis(c.attrs, ends.rank()), num);
  return {{dtype, Shape(sizes)}};
}

Tensors compose_linspace(std::span<const Tensor> x, const Attrs& attrs) {
  const Spec specs[] = {{x[0].dtype(), x[0].shape()}, {x[1].dtype(), x[1].shape()}};
  const Spec result = infer_linspace({op::linspace, specs, attrs})[0];
  const int64_t num = attrs.integer(0);
  const Shape ends = broadcast(x[0].shape(), x[1].shape());
  const int axis = linspace_axis(attrs, ends.rank());
  const Tensor start = expand_dims(broadcast_to(cast(x[0], result.dtype), ends), axis);
  const Tensor stop = expand_dims(broadcast_to(cast(x[1], result.dtype), ends), axis);
  const Tensor step = (stop - start) / Tensor::scalar(std::max<int64_t>(num - 1, 1), result.dtype);
  Dims along(ends.rank() + 1, 1);
  along[axis] = -1;
  const Tensor inner =
      range(Tensor::scalar(int64_t{1}, int64), Tensor::scalar(std::max<int64_t>(num - 1, 1), int64),
            Tensor::scalar(int64_t{1}, int64));
  const Tensor between = start + step * reshape(cast(inner, result.dtype), Shape(along));
  const Tensor all = concat({start, between, stop}, axis);
  Ints begin(static_cast<size_t>(all.rank()), 0), size(begin.size(), -1);
  size[static_cast<size_t>(axis)] = num;
  return {slice(all, begin, size)};
}

// --- meshgrid, sequence_mask ---------------------------------------------------------------------

bool exchanges_axes(const Attrs& attrs) {
  if (attrs.text(0) != "xy" && attrs.text(0) != "ij") {
    throw InvalidArgument(
        fmt::format("Argument `indexing` must be 'xy' or 'ij', not '{}'", attrs.text(0)));
  }
  return attrs.text(0) == "xy";
}

// The axis of the grid along which argument i lies.
int grid_axis(size_t i, size_t count, bool exchange) {
  return static_cast<int>(exchange && count > 1 && i < 2 ? 1 - i : i);
}

Specs infer_meshgrid(const InferContext& c) {
  const bool exchange = exchanges_axes(c.attrs);
  Dims sizes(static_cast<int>(c.inputs.size()), 1);
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    sizes[grid_axis(i, c.inputs.size(), exchange)] = c.inputs[i].shape.elements();
  }
  Specs specs;
  for (const Spec& input : c.inputs) specs.push_back({input.dtype, Shape(sizes)});
  return specs;
}

Tensors compose_meshgrid(std::span<const Tensor> x, const Attrs& attrs) {
  const bool exchange = exchanges_axes(attrs);
  const auto rank = static_cast<int>(x.size());
  Dims grid(rank, 1);
  for (size_t i = 0; i < x.size(); ++i) {
    grid[grid_axis(i, x.size(), exchange)] = x[i].elements();
  }
  Tensors result;
  for (size_t i = 0; i < x.size(); ++i) {
    Dims own(rank, 1);
    own[grid_axis(i, x.size(), exchange)] = x[i].elements();
    result.push_back(broadcast_to(reshape(x[i], Shape(own)), Shape(grid)));
  }
  return result;
}

Specs infer_sequence_mask(const InferContext& c) {
  check_integers(c.op, c.inputs[0].dtype);
  if (!c.inputs[0].shape.has_rank()) return {{c.attrs.dtype(1), Shape::unknown()}};
  Dims sizes = c.inputs[0].shape.dims();
  sizes.push_back(c.attrs.none(0) ? kUnknown : std::max<int64_t>(c.attrs.integer(0), 0));
  return {{c.attrs.dtype(1), Shape(sizes)}};
}

int64_t longest(const Tensor& lengths) {
  int64_t most = 0;
  for (const int64_t length : lengths.to_vector<int64_t>()) most = std::max(most, length);
  return most;
}

Tensors compose_sequence_mask(std::span<const Tensor> x, const Attrs& attrs) {
  check_integers(op::sequence_mask, x[0].dtype());
  const int64_t maxlen = attrs.none(0) ? longest(x[0]) : std::max<int64_t>(attrs.integer(0), 0);
  const Tensor places = range(Tensor::scalar(maxlen, int64));
  return {cast(places < cast(expand_dims(x[0], -1), int64), attrs.dtype(1))};
}

// --- one_hot, invert_permutation -----------------------------------------------------------------

// on_value and off_value in one dtype.
std::pair<Tensor, Tensor> one_hot_values(std::span<const Tensor> x, const Attr& dtype) {
  const Tensor on = x.size() > 1 ? x[1] : Tensor(), off = x.size() > 2 ? x[2] : Tensor();
  DType result = float32;
  if (const auto* given = std::get_if<DType>(&dtype))
    result = *given;
  else if (on.defined())
    result = on.dtype();
  else if (off.defined())
    result = off.dtype();
  const auto value = [&](const Tensor& given, int otherwise) {
    return given.defined() ? cast(given, result) : Tensor::scalar(otherwise, result);
  };
  return {value(on, 1), value(off, 0)};
}

Tensors compose_one_hot(std::span<const Tensor> x, const Attrs& attrs) {
  const auto [on, off] = one_hot_values(x, attrs[2]);
  return {call(op::one_hot_of, {x[0], on, off},
               {attrs[0], attrs.none(1) ? Attr(int64_t{-1}) : attrs[1]})};
}

Specs infer_one_hot_of(const InferContext& c) {
  check_integers(op::one_hot, c.inputs[0].dtype);
  const int64_t depth = c.attrs.integer(0);
  if (depth < 0) {
    throw InvalidArgument(fmt::format("depth must be non-negative, got: {}", depth));
  }
  check_scalar("on_value", c.inputs[1].shape);
  check_scalar("off_value", c.inputs[2].shape);
  const DType dtype = c.inputs[1].dtype;
  if (c.inputs[2].dtype != dtype) {
    throw InvalidArgument(fmt::format("on_value of dtype {} and off_value of dtype {}",
                                      name_of(dtype), name_of(c.inputs[2].dtype)));
  }
  const Shape& from = c.inputs[0].shape;
  if (!from.has_rank()) return {{dtype, from}};
  Dims sizes = from.dims();
  sizes.insert(normalize_axis(c.attrs.integer(1), from.rank() + 1), depth);
  return {{dtype, Shape(sizes)}};
}

Specs infer_invert_permutation(const InferContext& c) {
  check_integers(c.op, c.inputs[0].dtype);
  if (c.inputs[0].dtype != int32 && c.inputs[0].dtype != int64) {
    throw InvalidArgument("a permutation is int32 or int64");
  }
  if (c.inputs[0].shape.has_rank() && c.inputs[0].shape.rank() != 1) {
    throw InvalidArgument("invert_permutation expects a 1D vector");
  }
  return {c.inputs[0]};
}

// --- shape, size, rank ---------------------------------------------------------------------------

DType counting_dtype(const Attrs& attrs) {
  if (attrs.size() == 0 || attrs.none(0)) return int32;
  if (!is_integer(attrs.dtype(0))) {
    throw InvalidArgument({.message = fmt::format("sizes as {}", name_of(attrs.dtype(0))),
                           .hint = "out_type is an integer dtype"});
  }
  return attrs.dtype(0);
}

Specs infer_shape(const InferContext& c) {
  const Shape& shape = c.inputs[0].shape;
  return {{counting_dtype(c.attrs), Shape{shape.has_rank() ? shape.rank() : kUnknown}}};
}

Specs infer_count(const InferContext& c) { return {{counting_dtype(c.attrs), Shape{}}}; }

}  // namespace

constinit Op op::range = {
    .names = "range",
    .parameters = "start: index, limit: index? = None, delta: index = 1, dtype: dtype? = None",
    .doc = "Numbers from start in steps of delta to before limit; of one argument, from 0 to it.",
    .compose = compose_range,
    .takes_none = true};
constinit Op op::sequence = {.names = "raw_ops.Range",
                             .parameters = "start: tensor, limit: tensor, delta: tensor",
                             .doc = "Numbers from start in steps of delta to before limit.",
                             .infer = infer_sequence,
                             .makes_outputs = true};
constinit Op op::linspace = {.names = "linspace",
                             .parameters = "start: tensor, stop: tensor, num: int, axis: int = 0",
                             .doc = "num numbers at equal distances from start to stop.",
                             .infer = infer_linspace,
                             .compose = compose_linspace};
constinit Op op::meshgrid = {
    .names = "meshgrid",
    .parameters = "args: tensors, indexing: str = 'xy'",
    .doc = "Each vector's elements along an axis of their own, repeated along the others.",
    .outputs = "tensors",
    .infer = infer_meshgrid,
    .compose = compose_meshgrid};
constinit Op op::sequence_mask = {
    .names = "sequence_mask",
    .parameters = "lengths: index, maxlen: int? = None, dtype: dtype = bool",
    .doc = "Whether each of maxlen places comes before the length.",
    .infer = infer_sequence_mask,
    .compose = compose_sequence_mask};
constinit Op op::one_hot = {
    .names = "one_hot",
    .parameters =
        "indices: index, depth: int, on_value: tensor? = None, off_value: tensor? = "
        "None, axis: int? = None, dtype: dtype? = None",
    .doc = "on_value (1) where an index points, off_value (0) elsewhere, along a new axis.",
    .compose = compose_one_hot,
    .takes_none = true};
constinit Op op::one_hot_of = {
    .names = "raw_ops.OneHot",
    .parameters = "indices: index, on_value: tensor, off_value: tensor, depth: int, axis: int = -1",
    .doc = "on_value where an index points, off_value elsewhere, along a new axis.",
    .infer = infer_one_hot_of};
constinit Op op::invert_permutation = {.names = "math.invert_permutation",
                                       .parameters = "x: index",
                                       .doc = "y with y[x[i]] = i.",
                                       .infer = infer_invert_permutation};
constinit Op op::shape = {.names = "shape",
                          .parameters = "input: index, out_type: dtype? = None",
                          .doc = "The sizes of the axes.",
                          .infer = infer_shape,
                          .strided = true};
constinit Op op::size = {.names = "size",
                         .parameters = "input: index, out_type: dtype? = None",
                         .doc = "The number of elements.",
                         .infer = infer_count,
                         .strided = true};
constinit Op op::rank = {.names = "rank",
                         .parameters = "input: index",
                         .doc = "The number of axes.",
                         .infer = infer_count,
                         .strided = true};

static const RegisterOps family({&op::range, &op::sequence, &op::linspace, &op::meshgrid,
                                 &op::sequence_mask, &op::one_hot, &op::one_hot_of,
                                 &op::invert_permutation, &op::shape, &op::size, &op::rank});

Tensor range(const Tensor& start, const Tensor& limit, const Tensor& delta) {
  return call(op::range, {start, limit, delta}, {Attr()});
}

Tensor range(const Tensor& limit) { return call(op::range, {limit}, {Attr()}); }

Tensor linspace(const Tensor& start, const Tensor& stop, int64_t num, int64_t axis) {
  return call(op::linspace, {start, stop}, {num, axis});
}

Tensors meshgrid(std::span<const Tensor> args, const std::string& indexing) {
  return call_all(op::meshgrid, args, {indexing});
}

Tensor sequence_mask(const Tensor& lengths, std::optional<int64_t> maxlen, DType dtype) {
  return call(op::sequence_mask, {lengths}, {maxlen ? Attr(*maxlen) : Attr(), dtype});
}

Tensor one_hot(const Tensor& indices, int64_t depth, const OneHotOptions& options) {
  return call(op::one_hot, {indices, options.on_value, options.off_value},
              {depth, options.axis ? Attr(*options.axis) : Attr(), dtype_attr(options.dtype)});
}

Tensor invert_permutation(const Tensor& x) { return call(op::invert_permutation, {x}); }

Tensor shape(const Tensor& input, DType out_type) { return call(op::shape, {input}, {out_type}); }
Tensor size(const Tensor& input, DType out_type) { return call(op::size, {input}, {out_type}); }
Tensor rank(const Tensor& input) { return call(op::rank, {input}); }

}  // namespace millstream
