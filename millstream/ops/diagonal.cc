#include "millstream/ops/diagonal.h"

#include <fmt/format.h>

#include <algorithm>

#include "millstream/ops/array.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/views.h"

namespace millstream {
namespace {

const Shape& check_matrices(const Op& op, const Shape& shape) {
  if (shape.has_rank() && shape.rank() < 2) {
    throw InvalidArgument(fmt::format("{}: input must be at least 2-dim, received shape: {}",
                                      op.name(), shape.to_string()));
  }
  return shape;
}

void check_padding_value(const Spec& padding, DType dtype) {
  if (padding.shape.has_rank() && padding.shape.rank() != 0) {
    throw InvalidArgument("padding_value must be a scalar");
  }
  if (padding.dtype == dtype) return;
  throw InvalidArgument(fmt::format("padding_value of dtype {} for a tensor of dtype {}",
                                    name_of(padding.dtype), name_of(dtype)));
}

void check_band(const Band& band, int64_t rows, int64_t columns) {
  if (rows == kUnknown || columns == kUnknown) return;
  for (const int64_t k : {band.low, band.high}) {
    if (k > -rows && k < columns) continue;
    if (k == 0) continue;  // of an empty matrix
    throw InvalidArgument(
        fmt::format("diagonal {} is not in the range of a matrix of {} rows and {} columns: ({}, "
                    "{})",
                    k, rows, columns, -rows, columns));
  }
}

// The shape of the diagonals of matrices [batch..., rows, columns].
Shape band_shape(const Shape& matrices, const Band& band) {
  if (!matrices.has_rank()) return matrices;
  const int64_t rows = matrices[-2], columns = matrices[-1];
  check_band(band, rows, columns);
  Dims sizes = matrices.dims();
  sizes.erase(sizes.size() - 1);
  sizes.erase(sizes.size() - 1);
  if (band.diagonals() > 1) sizes.push_back(band.diagonals());
  const bool known = rows != kUnknown && columns != kUnknown;
  sizes.push_back(known ? band.length(rows, columns) : kUnknown);
  return Shape(sizes);
}

// --- diag_part -----------------------------------------------------------------------------------

// Attributes: k, align. Inputs: matrices, padding value.
Specs infer_diag_part(const InferContext& c) {
  check_padding_value(c.inputs[1], c.inputs[0].dtype);
  const Shape& from = check_matrices(c.op, c.inputs[0].shape);
  return {{c.inputs[0].dtype, band_shape(from, Band(c.attrs.ints(0), c.attrs.text(1)))}};
}

Tensor zero(DType dtype) { return Tensor::scalar(0, dtype); }

Tensors gradient_diag_part(const GradientContext& c) {
  const Shape& matrices = c.input_specs[0].shape;
  const Tensor& g = c.grads[0];
  return {
      call(op::diag, {g, zero(g.dtype())}, {c.attrs[0], matrices[-2], matrices[-1], c.attrs[1]}),
      Tensor()};
}

// --- diag ----------------------------------------------------------------------------------------

// Rows and columns of a matrix with these diagonals: those that are given, or as few as will do.
std::pair<int64_t, int64_t> matrix_size(const Band& band, int64_t length, int64_t rows,
                                        int64_t columns) {
  if (length == kUnknown) return {rows, columns};
  const int64_t least_rows = length - std::min<int64_t>(band.high, 0);
  const int64_t least_columns = length + std::max<int64_t>(band.low, 0);
  if (rows == -1 && columns == -1) {
    rows = columns = std::max(least_rows, least_columns);
  } else if (rows == -1) {
    rows = least_rows;
  } else if (columns == -1) {
    columns = least_columns;
  }
  if (rows < least_rows || columns < least_columns ||
      (rows != least_rows && columns != least_columns)) {
    throw InvalidArgument(
        fmt::format("diagonals of {} elements do not fit a matrix of {} rows and {} columns",
                    length, rows, columns));
  }
  return {rows, columns};
}

// Attributes: k, num_rows, num_cols, align. Inputs: diagonals, padding value.
Specs infer_diag(const InferContext& c) {
  check_padding_value(c.inputs[1], c.inputs[0].dtype);
  const Band band(c.attrs.ints(0), c.attrs.text(3));
  const Shape& from = c.inputs[0].shape;
  if (!from.has_rank()) return {c.inputs[0]};
  const int own = band.diagonals() > 1 ? 2 : 1;
  if (from.rank() < own) {
    throw InvalidArgument(
        fmt::format("diagonal must be at least {}-dim, received shape: {}", own, from.to_string()));
  }
  if (own == 2 && from[-2] != kUnknown && from[-2] != band.diagonals()) {
    throw InvalidArgument(fmt::format("{} rows for the {} diagonals from {} to {}", from[-2],
                                      band.diagonals(), band.low, band.high));
  }
  for (const size_t i : {1, 2}) {
    if (c.attrs.integer(i) < -1) {
      throw InvalidArgument(fmt::format("a matrix of {} rows or columns", c.attrs.integer(i)));
    }
  }
  const auto [rows, columns] = matrix_size(band, from[-1], c.attrs.integer(1), c.attrs.integer(2));
  check_band(band, rows, columns);
  Dims sizes = from.dims();
  for (int i = 0; i < own; ++i) sizes.erase(sizes.size() - 1);
  sizes.push_back(rows);
  sizes.push_back(columns);
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

Tensors gradient_diag(const GradientContext& c) {
  const Tensor& g = c.grads[0];
  return {call(op::diag_part, {g, zero(g.dtype())}, {c.attrs[0], c.attrs[3]}), Tensor()};
}

// --- set_diag ------------------------------------------------------------------------------------

Specs infer_set_diag(const InferContext& c) {
  const Shape& from = check_matrices(c.op, c.inputs[0].shape);
  if (c.inputs[0].dtype != c.inputs[1].dtype) {
    throw InvalidArgument(fmt::format("a diagonal of dtype {} for matrices of dtype {}",
                                      name_of(c.inputs[1].dtype), name_of(c.inputs[0].dtype)));
  }
  const Shape expected = band_shape(from, Band(c.attrs.ints(0), c.attrs.text(1)));
  if (!compatible(expected, c.inputs[1].shape)) {
    throw InvalidArgument(fmt::format("diagonal of shape {} must have shape {}",
                                      c.inputs[1].shape.to_string(), expected.to_string()));
  }
  return {c.inputs[0]};
}

Tensors gradient_set_diag(const GradientContext& c) {
  const Tensor& g = c.grads[0];
  const Tensor none = zeros(c.input_specs[1].shape, g.dtype());
  return {call(op::set_diag, {g, none}, c.attrs),
          call(op::diag_part, {g, zero(g.dtype())}, c.attrs)};
}

// --- the others ----------------------------------------------------------------------------------

Specs infer_eye(const InferContext& c) {
  Dims sizes{std::span<const int64_t>(c.attrs.none(2) ? Ints{} : c.attrs.ints(2))};
  sizes.push_back(c.attrs.integer(0));
  sizes.push_back(c.attrs.none(1) ? c.attrs.integer(0) : c.attrs.integer(1));
  for (const int64_t size : sizes) {
    if (size < 0) throw InvalidArgument(fmt::format("a size of {}: sizes are not negative", size));
  }
  return {{c.attrs.dtype(3), Shape(sizes)}};
}

Specs infer_band_part(const InferContext& c) {
  check_matrices(c.op, c.inputs[0].shape);
  return {c.inputs[0]};
}

Tensors gradient_band_part(const GradientContext& c) {
  return {call(op::band_part, {c.grads[0]}, c.attrs)};
}

Specs infer_trace(const InferContext& c) {
  if (c.inputs[0].dtype == boolean) throw InvalidArgument("the trace of a bool tensor");
  const Shape& from = check_matrices(c.op, c.inputs[0].shape);
  if (!from.has_rank()) return {c.inputs[0]};
  Dims sizes = from.dims();
  sizes.erase(sizes.size() - 1);
  sizes.erase(sizes.size() - 1);
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

Tensors compose_trace(std::span<const Tensor> x, const Attrs&) {
  check_matrices(op::trace, x[0].shape());
  return {reduce_sum(diag_part(x[0]), {.axis = Ints{-1}})};
}

}  // namespace

int64_t diagonal_length(int64_t k, int64_t rows, int64_t columns) {
  return std::min(rows + std::min<int64_t>(k, 0), columns - std::max<int64_t>(k, 0));
}

Band::Band(const Ints& k, const std::string& align) {
  if (k.empty() || k.size() > 2 || k.front() > k.back()) {
    throw InvalidArgument({.message = fmt::format("k has {} values", k.size()),
                           .hint = "k is one diagonal, or the lowest and the highest of a band"});
  }
  constexpr int64_t most = int64_t{1} << 40;
  low = std::clamp(k.front(), -most, most);
  high = std::clamp(k.back(), -most, most);
  const size_t cut = align.find('_');
  const auto is_right = [&](const std::string& side) {
    if (side == "RIGHT" || side == "LEFT") return side == "RIGHT";
    throw InvalidArgument({.message = fmt::format("align is '{}'", align),
                           .hint = "use RIGHT_LEFT, LEFT_RIGHT, LEFT_LEFT or RIGHT_RIGHT"});
  };
  right_above = is_right(align.substr(0, cut));
  right_below = is_right(cut == align.npos ? "" : align.substr(cut + 1));
}

int64_t Band::length(int64_t rows, int64_t columns) const {
  return std::min(rows + std::min<int64_t>(high, 0), columns - std::max<int64_t>(low, 0));
}

int64_t Band::padding(int64_t k, int64_t rows, int64_t columns) const {
  const bool right = k >= 0 ? right_above : right_below;
  return right ? length(rows, columns) - diagonal_length(k, rows, columns) : 0;
}

constinit Op op::eye = {
    .names = "eye linalg.eye",
    .parameters =
        "num_rows: int, num_columns: int? = None, batch_shape: ints? = None, dtype: "
        "dtype = float32",
    .doc = "Ones on the main diagonal, zeros elsewhere.",
    .infer = infer_eye};
constinit Op op::diag = {
    .names = "linalg.diag",
    .parameters =
        "diagonal: tensor, k: ints = 0, num_rows: int = -1, num_cols: int = -1, "
        "padding_value: tensor = 0, align: str = 'RIGHT_LEFT'",
    .doc = "Matrices with the given diagonals, and padding_value elsewhere.",
    .infer = infer_diag,
    .gradient = gradient_diag,
    .saves = Saves::nothing};
constinit Op op::diag_part = {
    .names = "linalg.diag_part",
    .parameters =
        "input: tensor, k: ints = 0, padding_value: tensor = 0, align: str = "
        "'RIGHT_LEFT'",
    .doc = "The diagonals of matrices.",
    .infer = infer_diag_part,
    .gradient = gradient_diag_part,
    .saves = Saves::nothing};
constinit Op op::set_diag = {
    .names = "linalg.set_diag",
    .parameters = "input: tensor, diagonal: tensor, k: ints = 0, align: str = 'RIGHT_LEFT'",
    .doc = "Matrices with other diagonals.",
    .infer = infer_set_diag,
    .gradient = gradient_set_diag,
    .saves = Saves::nothing};
constinit Op op::band_part = {
    .names = "linalg.band_part",
    .parameters = "input: tensor, num_lower: int, num_upper: int",
    .doc = "Zero but for so many diagonals below and above the main one; -1 keeps all.",
    .infer = infer_band_part,
    .gradient = gradient_band_part,
    .saves = Saves::nothing};
constinit Op op::trace = {.names = "linalg.trace",
                          .parameters = "x: tensor",
                          .doc = "The sum of the main diagonal.",
                          .infer = infer_trace,
                          .compose = compose_trace};

static const RegisterOps family({&op::eye, &op::diag, &op::diag_part, &op::set_diag, &op::band_part,
                                 &op::trace});

Tensor diag(const Tensor& diagonal, const DiagOptions& o) {
  return call(op::diag, {diagonal, cast(o.padding_value, diagonal.dtype())},
              {o.k, o.num_rows, o.num_cols, o.align});
}

Tensor diag_part(const Tensor& input, const DiagOptions& o) {
  return call(op::diag_part, {input, cast(o.padding_value, input.dtype())}, {o.k, o.align});
}

Tensor set_diag(const Tensor& input, const Tensor& diagonal, const DiagOptions& o) {
  return call(op::set_diag, {input, diagonal}, {o.k, o.align});
}

Tensor eye(int64_t num_rows, const EyeOptions& o) {
  return call(op::eye, std::span<const Tensor>(),
              {num_rows, o.num_columns ? Attr(*o.num_columns) : Attr(), o.batch_shape, o.dtype});
}

Tensor band_part(const Tensor& input, int64_t num_lower, int64_t num_upper) {
  return call(op::band_part, {input}, {num_lower, num_upper});
}

Tensor trace(const Tensor& x) { return call(op::trace, {x}); }

}  // namespace millstream
