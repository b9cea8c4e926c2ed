#include "millstream/ops/sort.h"

#include <fmt/format.h>

#include <numeric>

#include "millstream/ops/array.h"
#include "millstream/ops/gather.h"
#include "millstream/ops/views.h"

namespace millstream {
namespace {

void check_ordered(const Op& op, DType dtype) {
  if (dtype != boolean) return;
  throw InvalidArgument({.message = fmt::format("{} of a bool tensor", op.name()),
                         .hint = "cast it to an integer dtype"});
}

void check_index_type(DType dtype) {
  if (dtype == int32 || dtype == int64) return;
  throw InvalidArgument({.message = fmt::format("indices as {}", name_of(dtype)),
                         .hint = "indices are int32 or int64"});
}

// --- along the last axis -------------------------------------------------------------------------

// The k first of the sorted elements. Attributes: k (None: all), descending, index_type.
Specs infer_ordered(const InferContext& c) {
  check_ordered(c.op, c.inputs[0].dtype);
  check_index_type(c.attrs.dtype(2));
  const Shape& from = c.inputs[0].shape;
  Shape to = from;
  if (from.has_rank()) {
    if (from.rank() == 0) throw InvalidArgument("input must be >= 1-D, got a scalar");
    Dims sizes = from.dims();
    if (!c.attrs.none(0)) {
      const int64_t k = c.attrs.integer(0), size = sizes.back();
      if (k < 0) throw InvalidArgument(fmt::format("Need k >= 0, got {}", k));
      if (size != kUnknown && k > size) {
        throw InvalidArgument(
            fmt::format("input must have at least k columns. Had {}, needed {}", size, k));
      }
      sizes[sizes.size() - 1] = k;
    }
    to = Shape(sizes);
  }
  return {{c.inputs[0].dtype, to}, {c.attrs.dtype(2), to}};
}

Tensors gradient_ordered(const GradientContext& c) {
  if (!c.grads[0].defined()) return {Tensor()};
  const int64_t last = c.input_specs[0].shape.rank() - 1;
  return {call(op::gather_grad, {c.grads[0], c.outputs[1]},
               {Attr(), last, last, to_ints(c.input_specs[0].shape)})};
}

Attrs top_k_attrs(const Attrs& attrs) { return {attrs[0], true, attrs[2]}; }

Specs infer_top_k(const InferContext& c) {
  const Attrs attrs = top_k_attrs(c.attrs);
  return infer_ordered({c.op, c.inputs, attrs});
}

Tensors compose_top_k(std::span<const Tensor> x, const Attrs& attrs) {
  return call_all(op::ordered, {x[0]}, top_k_attrs(attrs));
}

// --- along any axis ------------------------------------------------------------------------------

bool is_descending(const Attrs& attrs) {
  const std::string& direction = attrs.text(1);
  if (direction == "ASCENDING" || direction == "DESCENDING") return direction == "DESCENDING";
  throw InvalidArgument(
      fmt::format("Argument `direction` should be one of ASCENDING, DESCENDING. Received: "
                  "direction={}",
                  direction));
}

Specs infer_sorted(const InferContext& c, DType dtype) {
  check_ordered(c.op, c.inputs[0].dtype);
  is_descending(c.attrs);
  const Shape& from = c.inputs[0].shape;
  if (from.has_rank()) normalize_axis(c.attrs.integer(0), from.rank());
  return {{dtype, from}};
}

Specs infer_sort(const InferContext& c) { return infer_sorted(c, c.inputs[0].dtype); }
Specs infer_argsort(const InferContext& c) { return infer_sorted(c, int32); }

Ints exchange(int rank, int axis) {
  Ints perm(static_cast<size_t>(rank));
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[static_cast<size_t>(axis)], perm.back());
  return perm;
}

// Output 0 (values) or 1 (positions) of sorting along the axis.
Tensor sorted(const Tensor& x, const Attrs& attrs, size_t output) {
  const int axis = normalize_axis(attrs.integer(0), x.rank());
  const Attrs all = {Attr(), is_descending(attrs), int32};
  if (axis == x.rank() - 1) return call_all(op::ordered, {x}, all)[output];
  const Ints perm = exchange(x.rank(), axis);
  return transpose(call_all(op::ordered, {transpose(x, perm)}, all)[output], perm);
}

Tensors compose_sort(std::span<const Tensor> x, const Attrs& attrs) {
  return {sorted(x[0], attrs, 0)};
}
Tensors compose_argsort(std::span<const Tensor> x, const Attrs& attrs) {
  return {sorted(x[0], attrs, 1)};
}

// --- in_top_k, searchsorted, unique --------------------------------------------------------------

Specs infer_in_top_k(const InferContext& c) {
  const Spec &targets = c.inputs[0], &predictions = c.inputs[1];
  check_index_type(targets.dtype);
  if (!is_floating(predictions.dtype)) {
    throw InvalidArgument(fmt::format("predictions of dtype {}", name_of(predictions.dtype)));
  }
  const auto check_rank = [](const char* name, const Shape& shape, int rank) {
    if (!shape.has_rank() || shape.rank() == rank) return;
    throw InvalidArgument(fmt::format("{} must be {}-dimensional", name, rank));
  };
  check_rank("targets", targets.shape, 1);
  check_rank("predictions", predictions.shape, 2);
  if (!targets.shape.has_rank()) return {{boolean, Shape{kUnknown}}};
  if (predictions.shape.has_rank() && !compatible(targets.shape, Shape{predictions.shape[0]})) {
    throw InvalidArgument(
        fmt::format("First dimension of predictions {} must match length of "
                    "targets {}",
                    predictions.shape[0], targets.shape[0]));
  }
  return {{boolean, targets.shape}};
}

Specs infer_searchsorted(const InferContext& c) {
  const Shape &sequence = c.inputs[0].shape, &values = c.inputs[1].shape;
  check_ordered(c.op, c.inputs[0].dtype);
  check_index_type(c.attrs.dtype(1));
  if (c.attrs.text(0) != "left" && c.attrs.text(0) != "right") {
    throw InvalidArgument(fmt::format("side must be 'right' or 'left', not '{}'", c.attrs.text(0)));
  }
  if (c.inputs[0].dtype != c.inputs[1].dtype) {
    throw InvalidArgument(fmt::format("values of dtype {} for a sequence of dtype {}",
                                      name_of(c.inputs[1].dtype), name_of(c.inputs[0].dtype)));
  }
  if (sequence.has_rank() && values.has_rank()) {
    bool fits = sequence.rank() == values.rank() && sequence.rank() > 0;
    for (int i = 0; fits && i < sequence.rank() - 1; ++i) {
      fits = sequence[i] == values[i] || sequence[i] == kUnknown || values[i] == kUnknown;
    }
    if (!fits) {
      throw InvalidArgument(fmt::format("Leading dim_size of both tensors must match: {} and {}",
                                        sequence.to_string(), values.to_string()));
    }
  }
  return {{c.attrs.dtype(1), values}};
}

Specs infer_unique(const InferContext& c) {
  check_index_type(c.attrs.dtype(0));
  const Shape& from = c.inputs[0].shape;
  if (from.has_rank() && from.rank() != 1) throw InvalidArgument("unique expects a 1D vector");
  const Shape all = from.has_rank() ? from : Shape{kUnknown};
  const DType index = c.attrs.dtype(0);
  return {{c.inputs[0].dtype, Shape{kUnknown}}, {index, all}, {index, Shape{kUnknown}}};
}

Specs infer_unique_without_counts(const InferContext& c) {
  Specs specs = infer_unique(c);
  specs.pop_back();
  return specs;
}

Tensors compose_unique(std::span<const Tensor> x, const Attrs& attrs) {
  Tensors all = call_all(op::unique_with_counts, x, attrs);
  all.pop_back();
  return all;
}

}  // namespace

constinit Op op::ordered = {
    .names = "internal.ordered",
    .parameters =
        "input: tensor, k: int? = None, descending: bool = False, index_type: dtype = "
        "int32",
    .doc = "The first k of the sorted elements along the last axis, and where they are.",
    .outputs = "values, indices",
    .infer = infer_ordered,
    .gradient = gradient_ordered,
    .saves = Saves::outputs};
constinit Op op::sort = {
    .names = "sort",
    .parameters = "values: tensor, axis: int = -1, direction: str = 'ASCENDING'",
    .doc = "The elements in order along an axis.",
    .infer = infer_sort,
    .compose = compose_sort};
constinit Op op::argsort = {
    .names = "argsort",
    .parameters =
        "values: tensor, axis: int = -1, direction: str = 'ASCENDING', stable: bool = "
        "False",
    .doc = "Where each element of the sorted tensor comes from.",
    .infer = infer_argsort,
    .compose = compose_argsort};
constinit Op op::top_k = {
    .names = "math.top_k nn.top_k",
    .parameters = "input: tensor, k: int = 1, sorted: bool = True, index_type: dtype = int32",
    .doc = "The k largest elements along the last axis, the largest first, and where they are.",
    .outputs = "values, indices",
    .infer = infer_top_k,
    .compose = compose_top_k};
constinit Op op::in_top_k = {
    .names = "math.in_top_k nn.in_top_k",
    .parameters = "targets: index, predictions: tensor, k: int",
    .doc = "Whether fewer than k of a row's predictions are larger than that of its target.",
    .infer = infer_in_top_k};
constinit Op op::searchsorted = {
    .names = "searchsorted",
    .parameters =
        "sorted_sequence: tensor, values: tensor, side: str = 'left', out_type: dtype = "
        "int32",
    .doc = "Where each value would be inserted in a sequence sorted along its last axis.",
    .infer = infer_searchsorted};
constinit Op op::unique = {
    .names = "unique",
    .parameters = "x: tensor, out_idx: dtype = int32",
    .doc = "The different elements of a vector, and which of them each element is.",
    .outputs = "y, idx",
    .infer = infer_unique_without_counts,
    .compose = compose_unique};
constinit Op op::unique_with_counts = {
    .names = "unique_with_counts",
    .parameters = "x: tensor, out_idx: dtype = int32",
    .doc =
        "The different elements of a vector, which of them each element is, and how many there "
        "are of each.",
    .outputs = "y, idx, count",
    .infer = infer_unique,
    .makes_outputs = true};

static const RegisterOps family({&op::ordered, &op::sort, &op::argsort, &op::top_k, &op::in_top_k,
                                 &op::searchsorted, &op::unique, &op::unique_with_counts});

Tensor sort(const Tensor& values, const SortOptions& options) {
  return call(op::sort, {values}, {options.axis, options.direction});
}

Tensor argsort(const Tensor& values, const SortOptions& options) {
  return call(op::argsort, {values}, {options.axis, options.direction, true});
}

TopK top_k(const Tensor& input, int64_t k, DType index_type) {
  const Tensors both = call_all(op::top_k, {input}, {k, true, index_type});
  return {both[0], both[1]};
}

Tensor in_top_k(const Tensor& targets, const Tensor& predictions, int64_t k) {
  return call(op::in_top_k, {targets, predictions}, {k});
}

Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& values,
                    const SearchOptions& options) {
  return call(op::searchsorted, {sorted_sequence, values}, {options.side, options.out_type});
}

Unique unique(const Tensor& x, DType out_idx) {
  const Tensors all = call_all(op::unique_with_counts, {x}, {out_idx});
  return {all[0], all[1], all[2]};
}

}  // namespace millstream
