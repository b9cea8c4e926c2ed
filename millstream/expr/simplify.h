#pragma once
// The rewrites that Expr::make applies to a primitive before it makes a node.
#include <optional>
#include <span>

#include "millstream/expr/expr.h"

namespace millstream {

// A simpler expression equal to `prim` of the operands for all values, NaN and infinities included
// (so x * 0 stays: it is NaN at infinity), or nothing. Signed zeros are not told apart.
std::optional<Expr> simplify(Prim prim, std::span<const Expr> operands);

}  // namespace millstream
