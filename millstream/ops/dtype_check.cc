#include "millstream/ops/dtype_check.h"

#include <fmt/format.h>

namespace millstream {

void refuse_dtype(const Op& op, size_t input, DType got, DType wanted) {
  throw InvalidArgument({.message = fmt::format(
                             "cannot compute {} as input #{} was expected to be a {} tensor but is "
                             "a {} tensor",
                             op.name(), input, name_of(wanted), name_of(got)),
                         .hint = fmt::format("cast(x, {})", name_of(wanted))});
}

void require_equal_dtypes(const InferContext& c) {
  for (size_t i = 1; i < c.inputs.size(); ++i) {
    if (c.inputs[i].dtype != c.inputs[0].dtype) {
      refuse_dtype(c.op, i, c.inputs[i].dtype, c.inputs[0].dtype);
    }
  }
}

void require_numbers(const InferContext& c) {
  if (c.inputs[0].dtype != boolean) return;
  throw InvalidArgument({.message = fmt::format("{} takes numbers, not bool", c.op.name()),
                         .hint = "cast(x, float32)"});
}

void require_floating(const InferContext& c) {
  if (is_floating(c.inputs[0].dtype)) return;
  throw InvalidArgument({.message = fmt::format("{} takes floating-point numbers, not {}",
                                                c.op.name(), name_of(c.inputs[0].dtype)),
                         .hint = "cast(x, float32)"});
}

}  // namespace millstream
