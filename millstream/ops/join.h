#pragma once
// Tensors put together, and made larger.
//
//   concat({a, b}, -1);  stack({x, y});  tile(x, {2, 1});  pad(x, {{1, 1}, {0, 2}});
//
// Errors: InvalidArgument for dtypes, ranks or sizes that differ, an axis out of range, a negative
// padding, a padding that is larger than a mirror allows.
#include <array>
#include <optional>

#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op concat, stack, tile, repeat, pad, roll;
}

// One after the other along an axis; the other sizes are equal.
Tensor concat(std::span<const Tensor> values, int64_t axis);
inline Tensor concat(std::initializer_list<Tensor> values, int64_t axis) {
  return concat(std::span(values.begin(), values.size()), axis);
}
// Along a new axis, before `axis` in [-rank - 1, rank]; all shapes are equal.
Tensor stack(std::span<const Tensor> values, int64_t axis = 0);
inline Tensor stack(std::initializer_list<Tensor> values, int64_t axis = 0) {
  return stack(std::span(values.begin(), values.size()), axis);
}

// The whole input repeated multiples[i] times along axis i.
Tensor tile(const Tensor& input, const Ints& multiples);
// Each element along an axis, repeats[i] times; one number serves for all. Without an axis the
// elements of the whole tensor.
Tensor repeat(const Tensor& input, const Ints& repeats, std::optional<int64_t> axis = {});

// [before, after] for each axis
using Paddings = std::vector<std::array<int64_t, 2>>;
struct PadOptions {
  std::string mode = "CONSTANT";  // or "REFLECT", "SYMMETRIC": mirrored without or with the edge
  Tensor constant_values = 0;     // takes the dtype of the tensor
};
Tensor pad(const Tensor& tensor, const Paddings& paddings, const PadOptions& options = {});

// Moved along the axes by shift[i] places; what leaves at one end comes in at the other.
Tensor roll(const Tensor& input, const Ints& shift, const Ints& axis);

// How a border is filled: with a constant, or mirrored without or with the edge.
enum class PadMode : uint8_t { constant, reflect, symmetric };
PadMode pad_mode(const std::string& text);  // InvalidArgument if it is none

}  // namespace millstream
