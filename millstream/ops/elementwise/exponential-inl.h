// Exponentials, logarithms, powers, hyperbolic functions. Included by elementwise.h, inside its
// namespace.

inline constexpr auto exp = unary("math.exp exp", "e to the power of x.", primitive<Prim::exp>);

inline constexpr auto expm1 =
    unary("math.expm1", "exp(x) - 1, exact for small x.", primitive<Prim::expm1>);

inline constexpr auto log = unary("math.log", "Natural logarithm.", primitive<Prim::log>);

inline constexpr auto log1p =
    unary("math.log1p", "log(1 + x), exact for small x.", primitive<Prim::log1p>);

inline constexpr auto pow =
    binary("math.pow pow", "x to the power of y.", DTypeRule::numeric, primitive<Prim::pow>);

inline constexpr auto xlogy = binary("math.xlogy", "x * log(y), and 0 where x is 0.",
                                     [](auto x, auto y) { return where(x == 0, 0, x * log(y)); });

inline constexpr auto xlog1py =
    binary("math.xlog1py", "x * log1p(y), and 0 where x is 0.",
           [](auto x, auto y) { return where(x == 0, 0, x * log1p(y)); });

inline constexpr auto xdivy = binary("math.xdivy", "x / y, and 0 where x is 0.",
                                     [](auto x, auto y) { return where(x == 0, 0, x / y); });

// The two that are each other's derivatives.
inline constexpr auto cosh_of = [](auto x) {
  const auto half = exp(0.5 * abs(x));  // its square may overflow only where cosh does
  return (0.5 * half) * half + 0.5 / (half * half);
};
inline constexpr auto sinh_of = [](auto x) {
  const auto t = expm1(abs(x)), half = exp(0.5 * abs(x));
  const auto y =
      where(abs(x) < 1, 0.5 * (t + t / (t + 1)), (0.5 * half) * half - 0.5 / (half * half));
  return where(x < 0, -y, y);
};

inline constexpr auto sinh = unary(
    "math.sinh sinh", "Hyperbolic sine.", [](auto x) { return sinh_of(x); },
    [](auto g, auto x, auto) { return g * cosh_of(x); });

inline constexpr auto cosh = unary(
    "math.cosh cosh", "Hyperbolic cosine.", [](auto x) { return cosh_of(x); },
    [](auto g, auto x, auto) { return g * sinh_of(x); });

inline constexpr auto tanh =
    unary("math.tanh tanh nn.tanh", "Hyperbolic tangent.", primitive<Prim::tanh>);

inline constexpr auto asinh = unary(
    "math.asinh asinh", "Inverse of the hyperbolic sine.",
    [](auto x) {
      const auto a = abs(x), square = a * a;
      const auto y =
          where(a > 1e8, log(a) + std::numbers::ln2, log1p(a + square / (1 + sqrt(square + 1))));
      return where(x < 0, -y, y);
    },
    [](auto g, auto x, auto) { return g * rsqrt(x * x + 1); });

inline constexpr auto acosh = unary(
    "math.acosh acosh", "Inverse of the hyperbolic cosine.",
    [](auto x) {
      const auto t = x - 1;
      return where(x > 1e8, log(x) + std::numbers::ln2, log1p(t + sqrt(t * (t + 2))));
    },
    [](auto g, auto x, auto) { return g * rsqrt((x - 1) * (x + 1)); });

inline constexpr auto atanh = unary(
    "math.atanh atanh", "Inverse of the hyperbolic tangent.",
    [](auto x) {
      const auto a = abs(x), y = 0.5 * log1p(2 * a / (1 - a));
      return where(x < 0, -y, y);
    },
    [](auto g, auto x, auto) { return g / ((1 - x) * (1 + x)); });
