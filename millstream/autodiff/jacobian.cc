#include <fmt/format.h>

#include "millstream/autodiff/tape.h"
#include "millstream/ops/array.h"
#include "millstream/ops/join.h"
#include "millstream/ops/sequence.h"
#include "millstream/ops/views.h"

namespace millstream {
namespace {

Shape shape_of(const Source& source) {
  return source.is_variable() ? source.variable().shape() : source.tensor().shape();
}

Shape joined(const Shape& first, const Shape& second, int skipped) {
  Ints sizes = to_ints(first);
  const Ints rest = to_ints(second);
  sizes.insert(sizes.end(), rest.begin() + skipped, rest.end());
  return Shape(std::span<const int64_t>(sizes));
}

// 1 at one of `count` places and 0 elsewhere, in `shape`, whose first axes are repeated.
Tensor unit(int64_t place, int64_t count, const Tensor& target, const Shape& shape) {
  const Tensor row = one_hot(Tensor::scalar(place, int64), count, {.dtype = target.dtype()});
  return broadcast_to(reshape(row, shape), target.shape());
}

}  // namespace

Tensors GradientTape::jacobian(const Tensor& target, std::span<const Source> sources,
                               UnconnectedGradients unconnected) {
  begin_gradient();
  std::vector<Tensors> rows(sources.size());
  for (int64_t i = 0; i < target.elements(); ++i) {
    const Tensors row =
        backward(std::span(&target, 1), sources,
                 {.output_gradients = {unit(i, target.elements(), target, target.shape())},
                  .unconnected_gradients = unconnected});
    for (size_t s = 0; s < sources.size(); ++s) rows[s].push_back(row[s]);
  }
  end_gradient();
  Tensors results;
  for (size_t s = 0; s < sources.size(); ++s) {
    const Shape shape = joined(target.shape(), shape_of(sources[s]), 0);
    if (rows[s].empty()) {
      results.push_back(zeros(shape, target.dtype()));
    } else {
      results.push_back(rows[s][0].defined() ? reshape(stack(rows[s]), shape) : Tensor());
    }
  }
  return results;
}

Tensor GradientTape::jacobian(const Tensor& target, const Source& source,
                              UnconnectedGradients unconnected) {
  return jacobian(target, std::span(&source, 1), unconnected)[0];
}

Tensor GradientTape::batch_jacobian(const Tensor& target, const Source& source,
                                    UnconnectedGradients unconnected) {
  const Shape from = shape_of(source);
  if (target.rank() == 0 || from.rank() == 0 || target.shape()[0] != from[0]) {
    throw InvalidArgument(fmt::format(
        "batch_jacobian of a target of shape {} by a source of shape {}: need first dimensions of "
        "the same size",
        target.shape().to_string(), from.to_string()));
  }
  begin_gradient();
  Ints example = to_ints(target.shape());
  example[0] = 1;
  const Shape shape = Shape(std::span<const int64_t>(example));
  Tensors columns;
  for (int64_t i = 0; i < shape.elements(); ++i) {
    columns.push_back(backward(std::span(&target, 1), std::span(&source, 1),
                               {.output_gradients = {unit(i, shape.elements(), target, shape)},
                                .unconnected_gradients = unconnected})[0]);
  }
  end_gradient();
  const Shape result = joined(target.shape(), from, 1);
  if (columns.empty()) return zeros(result, target.dtype());
  return columns[0].defined() ? reshape(stack(columns, 1), result) : Tensor();
}

}  // namespace millstream
