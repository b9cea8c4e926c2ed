// How an elementwise op is declared. Included by elementwise.h, inside its namespace.

// Gradients. By default they are derived from the expression; an op gives a lambda
// (g, inputs..., output) -> gradient, or a tuple of them, where its own form is faster or stabler;
// `no_gradient` says that no gradient flows, to the op as a whole or to one input of the tuple.
struct DerivedGradient {};
struct NoGradient {};
inline constexpr NoGradient no_gradient;

// The op of a single primitive.
template <Prim p>
struct Primitive {
  template <class... X>
  auto operator()(X... x) const {
    return apply(PrimTag<p>{}, x...);
  }
};
template <Prim p>
inline constexpr Primitive<p> primitive;

template <class M>
constexpr size_t position_of();

template <int n, class Forward, class Gradient>
struct Map {
  static constexpr int arity = n;
  std::string_view names;  // TensorFlow's names, then "(parameters)" where they are not x, y
  std::string_view doc;
  DTypeRule rule;
  Forward forward;
  Gradient gradient;

  template <class... X>
  auto operator()(const X&... x) const {
#ifndef HWY_TARGET_INCLUDE
    if constexpr ((std::is_convertible_v<X, Tensor> && ...)) {
      return call_map(position_of<Map>(), x...);
    } else
#endif
      return forward(x...);
  }
};

template <int n, class F, class G>
constexpr auto declare(std::string_view names, std::string_view doc, DTypeRule rule, F f, G g) {
  return Map<n, F, G>{names, doc, rule, f, g};
}
template <class F, class G = DerivedGradient>
constexpr auto unary(std::string_view names, std::string_view doc, DTypeRule rule, F f, G g = {}) {
  return declare<1>(names, doc, rule, f, g);
}
template <class F, class G = DerivedGradient>
constexpr auto binary(std::string_view names, std::string_view doc, DTypeRule rule, F f, G g = {}) {
  return declare<2>(names, doc, rule, f, g);
}
template <class F, class G = DerivedGradient>
constexpr auto ternary(std::string_view names, std::string_view doc, DTypeRule rule, F f,
                       G g = {}) {
  return declare<3>(names, doc, rule, f, g);
}
// Most take floating-point numbers and give the same dtype.
template <class F, class G = DerivedGradient>
requires(!std::is_same_v<F, DTypeRule>) constexpr auto unary(std::string_view names,
                                                             std::string_view doc, F f, G g = {}) {
  return declare<1>(names, doc, DTypeRule::floating, f, g);
}
template <class F, class G = DerivedGradient>
requires(!std::is_same_v<F, DTypeRule>) constexpr auto binary(std::string_view names,
                                                              std::string_view doc, F f, G g = {}) {
  return declare<2>(names, doc, DTypeRule::floating, f, g);
}

// A list of declarations.
template <const auto&... ops>
struct Declarations {
  static constexpr size_t size = sizeof...(ops);

  // f.operator()<op>() for each op; gives what they give, as an array.
  template <class F>
  static constexpr auto for_each(F&& f) {
    return std::array{f.template operator()<ops>()...};
  }

  struct Found {
    size_t position = 0, occurrences = 0;
  };
  template <class M>
  static constexpr Found find() {
    Found found;
    size_t i = 0;
    ((std::is_same_v<decltype(ops), const M&> ? (found.position = i, ++found.occurrences) : 0, ++i),
     ...);
    return found;
  }
};
