#include <fmt/format.h>

#include <array>

#include "millstream/expr/expr.h"

namespace millstream {

std::string_view name_of(Prim p) {
  static constexpr std::array<std::string_view, kPrims> names = {
      "input",     "constant",   "neg",         "abs",        "sign",       "floor",
      "ceil",      "round",      "trunc",       "sqrt",       "rsqrt",      "exp",
      "expm1",     "log",        "log1p",       "sin",        "cos",        "asin",
      "acos",      "atan",       "tanh",        "erf",        "erfc",       "erfinv",
      "erfcinv",   "lgamma",     "digamma",     "bessel_i0e", "bessel_i1e", "logical_not",
      "add",       "sub",        "mul",         "div",        "min",        "max",
      "pow",       "atan2",      "nextafter",   "floor_div",  "floor_mod",  "trunc_div",
      "trunc_mod", "igamma",     "igammac",     "zeta",       "less",       "less_equal",
      "equal",     "not_equal",  "logical_and", "logical_or", "bit_and",    "bit_or",
      "bit_xor",   "shift_left", "shift_right", "select",     "betainc"};
  static_assert(!names.back().empty(), "a primitive has no name");
  return names[static_cast<size_t>(p)];
}

std::string to_string(Expr e) {
  std::unordered_map<const void*, std::string> texts;
  for (const Expr node : nodes_of(std::span(&e, 1))) {
    const auto operand = [&](int i) { return texts.at(node.operand(i).id()); };
    std::string text;
    switch (node.prim()) {
      case Prim::input: text = fmt::format("x{}", node.index()); break;
      case Prim::constant: text = fmt::format("{}", node.value()); break;
      case Prim::add: text = fmt::format("({} + {})", operand(0), operand(1)); break;
      case Prim::sub: text = fmt::format("({} - {})", operand(0), operand(1)); break;
      case Prim::mul: text = fmt::format("({} * {})", operand(0), operand(1)); break;
      case Prim::div: text = fmt::format("({} / {})", operand(0), operand(1)); break;
      default:
        for (int i = 0; i < node.arity(); ++i) text += (i > 0 ? ", " : "") + operand(i);
        text = fmt::format("{}({})", name_of(node.prim()), text);
    }
    texts.emplace(node.id(), std::move(text));
  }
  return texts.at(e.id());
}

}  // namespace millstream
