#include "millstream/ops/elementwise.h"

#include <array>
#include <deque>
#include <string>

namespace millstream {
namespace {

// "a b (x, y=2)" -> {"a b", "x, y=2"}; without brackets the parameters are x, y.
struct Signature {
  std::string_view names, parameters;
};

Signature parse_signature(std::string_view text, int arity) {
  const size_t open = text.find('(');
  if (open == text.npos) return {text, arity == 1 ? "x" : "x, y"};
  return {text.substr(0, open - 1), text.substr(open + 1, text.size() - open - 2)};
}

// The numbers that stand behind a "=" among parameters.
std::vector<double> parse_defaults(std::string_view parameters) {
  std::vector<double> defaults;
  size_t equals = 0;
  while ((equals = parameters.find('=', equals)) != parameters.npos) {
    defaults.push_back(std::stod(std::string(parameters.substr(++equals))));
  }
  return defaults;
}

template <size_t... i, class F>
auto call_with_inputs(std::index_sequence<i...>, const F& f) {
  return f(Expr::input(i)...);
}

Expr gradient_of(Expr g) { return g; }
Expr gradient_of(NoGradient) { return 0; }

void append(std::vector<Expr>& gradients, Expr g) { gradients.push_back(g); }
template <class... G>
void append(std::vector<Expr>& gradients, const std::tuple<G...>& all) {
  std::apply([&](auto... g) { (gradients.push_back(gradient_of(g)), ...); }, all);
}

template <class Op>
std::vector<Expr> gradients_of(const Op& op, Expr body) {
  using Gradient = std::remove_cvref_t<decltype(op.gradient)>;
  if constexpr (std::is_same_v<Gradient, DerivedGradient>) {
    return derived_gradients(body, Op::arity);
  } else if constexpr (std::is_same_v<Gradient, NoGradient>) {
    return {};
  } else {
    std::vector<Expr> gradients;
    const Expr g = Expr::input(Op::arity + 1);
    append(gradients, call_with_inputs(std::make_index_sequence<Op::arity + 1>(),
                                       [&](auto... x) { return op.gradient(g, x...); }));
    return gradients;
  }
}

template <class Op>
MapInfo record(const Op& op) {
  const auto [names, parameters] = parse_signature(op.names, Op::arity);
  const Expr body = call_with_inputs(std::make_index_sequence<Op::arity>(), op.forward);
  return {.names = names,
          .parameters = parameters,
          .defaults = parse_defaults(parameters),
          .doc = op.doc,
          .rule = op.rule,
          .arity = Op::arity,
          .body = body,
          .gradients = gradients_of(op, body)};
}

}  // namespace

const std::vector<MapInfo>& map_infos() {
  static const auto* const infos = [] {
    const auto all = Elementwise::for_each([]<const auto & op>() { return record(op); });
    return new std::vector<MapInfo>(all.begin(), all.end());
  }();
  return *infos;
}

std::vector<Expr> derived_gradients(Expr body, int arity) {
  const Expr output = Expr::input(arity), g = Expr::input(arity + 1);
  std::vector<Expr> gradients;
  for (int i = 0; i < arity; ++i) {
    gradients.push_back(substitute(derivative(body, i, g), body, output));
  }
  return gradients;
}

}  // namespace millstream
