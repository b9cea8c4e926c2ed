#pragma once
// What the run time knows of an elementwise op: the declaration in elementwise.h, recorded.
#include <string_view>
#include <vector>

#include "millstream/expr/expr.h"

namespace millstream {

// Which dtypes an elementwise op takes and gives. All its numeric inputs have one dtype.
enum class DTypeRule : uint8_t {
  floating,   // float16, bfloat16, float32, float64; the same out
  numeric,    // any but bool; the same out
  integer,    // any integer; the same out
  signed_,    // floating and signed integers; the same out
  boolean,    // bool in and out
  any,        // every dtype; the same out
  compare,    // any but bool; bool out
  equality,   // every dtype; bool out
  predicate,  // floating; bool out
  quotient,   // any but bool; floating out: float64 for integers of 32 bits and more, else float32
  select,     // the first input is bool, the others any dtype; theirs out
  derived,    // a gradient: inputs of any dtype, computed in and giving that of the last one
};

struct MapInfo {
  std::string_view names;             // as Op::names
  std::string_view parameters;        // as Op::parameters
  std::vector<double> defaults = {};  // of the last parameters, where they have one
  std::string_view doc;
  DTypeRule rule;
  int arity;
  Expr body;  // over inputs 0 .. arity - 1
  // By each input, over inputs 0 .. arity - 1, the output as input `arity` and the gradient that
  // flows in as input `arity + 1`. Empty: not differentiable.
  std::vector<Expr> gradients;
};

// The declared ops in the order of the list `Elementwise`.
const std::vector<MapInfo>& map_infos();

// g * d body / d input k for each k, with the output in the place of `body` where it occurs.
std::vector<Expr> derived_gradients(Expr body, int arity);

}  // namespace millstream
