#pragma once
// Table tests of ops that move elements and compute nothing: the input holds 0, 1, 2, ..., so each
// value of the result tells where it came from, and with it what the gradients are.
#include <gtest/gtest.h>

#include "millstream/ops/op.h"

namespace millstream {

// 0, 1, 2, ... in float32.
Tensor counting(const Shape& shape);

struct Move {
  const char* name;
  Tensor (*f)(const Tensor&);
  Shape from, to;
  std::vector<float> values;  // -1 where the result comes from no element

  void check_values() const;
  // First and second order, through tapes.
  void check_gradients() const;
};

void PrintTo(const Move& move, std::ostream* out);

// A call that is refused with InvalidArgument.
struct Refusal {
  const char* message;  // part of it
  Tensor (*f)(const Tensor&);

  void check(const Tensor& x) const;
};

}  // namespace millstream
