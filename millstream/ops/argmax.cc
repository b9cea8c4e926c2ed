#include "millstream/ops/argmax.h"

#include <fmt/format.h>

namespace millstream {
namespace {

Specs infer_position(const InferContext& c) {
  const DType out = c.attrs.dtype(1);
  if (out != int64 && out != int32 && out != int16 && out != uint16) {
    throw InvalidArgument({.message = fmt::format("output_type {} holds no index", name_of(out)),
                           .hint = "use int64, int32, int16 or uint16"});
  }
  const Shape& shape = c.inputs[0].shape;
  if (!shape.has_rank()) return {{out, Shape::unknown()}};
  const int64_t axis = c.attrs.none(0) ? 0 : c.attrs.integer(0);
  const int rank = shape.rank();
  if (axis < -rank || axis >= rank) {
    throw InvalidArgument(
        fmt::format("Expected dimension in the range [{}, {}), but got {}", -rank, rank, axis));
  }
  Dims sizes = shape.dims();
  const int at = normalize_axis(axis, rank);
  sizes.erase(at);
  // Where sizes are unknown the result may be empty too, and then nothing is missing.
  if (shape[at] == 0 && Shape(sizes).elements() > 0) {
    throw InvalidArgument(
        fmt::format("Reduction axis {} is empty in shape {}", axis, shape.to_string()));
  }
  return {{out, Shape(sizes)}};
}

constexpr std::string_view kParameters =
    "input: tensor, axis: int? = None, output_type: dtype = int64";

}  // namespace

constinit Op op::argmax = {.names = "math.argmax argmax",
                           .parameters = kParameters,
                           .doc = "The index of the largest element along an axis (the first).",
                           .infer = infer_position};
constinit Op op::argmin = {.names = "math.argmin argmin",
                           .parameters = kParameters,
                           .doc = "The index of the smallest element along an axis (the first).",
                           .infer = infer_position};

static const RegisterOps family({&op::argmax, &op::argmin});

Tensor argmax(const Tensor& x, const ArgmaxOptions& options) {
  return call(op::argmax, {x}, {options.axis, options.output_type});
}

Tensor argmin(const Tensor& x, const ArgmaxOptions& options) {
  return call(op::argmin, {x}, {options.axis, options.output_type});
}

}  // namespace millstream
