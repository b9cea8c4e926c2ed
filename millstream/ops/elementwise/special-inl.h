// Special functions. Included by elementwise.h, inside its namespace.

inline constexpr auto erf = unary("math.erf", "Error function.", primitive<Prim::erf>);

inline constexpr auto erfc =
    unary("math.erfc", "1 - erf(x), exact for large x.", primitive<Prim::erfc>);

inline constexpr auto erfinv = unary("math.erfinv", "Inverse of erf.", primitive<Prim::erfinv>);

inline constexpr auto erfcinv = unary("math.erfcinv", "Inverse of erfc.", primitive<Prim::erfcinv>);

inline constexpr auto ndtri = unary(
    "math.ndtri", "Quantile function of the normal distribution.",
    [](auto x) { return -std::numbers::sqrt2 * erfcinv(2 * x); },
    [](auto g, auto, auto y) {
      constexpr double root_2pi = std::numbers::sqrt2 / std::numbers::inv_sqrtpi;
      return g * (root_2pi * exp(0.5 * y * y));
    });

inline constexpr auto lgamma = unary("math.lgamma", "log(|gamma(x)|).", primitive<Prim::lgamma>);

inline constexpr auto digamma =
    unary("math.digamma", "Derivative of lgamma.", primitive<Prim::digamma>);

inline constexpr auto zeta =
    binary("math.zeta (x, q)", "Hurwitz's zeta function, the sum of (q + k)**-x over k >= 0.",
           primitive<Prim::zeta>, [](auto g, auto s, auto q, auto) {
             return std::tuple{no_gradient, -(g * s * apply(PrimTag<Prim::zeta>{}, s + 1, q))};
           });

inline constexpr auto polygamma_of = [](auto a, auto x) {
  const auto even = floormod(a, 2) == 0;
  const auto y = exp(lgamma(a + 1)) * zeta(a + 1, x);
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  return where(a == 0, digamma(x), where(a < 0 || floor(a) != a, nan, where(even, -y, y)));
};

inline constexpr auto polygamma = binary(
    "math.polygamma (a, x)", "The a-th derivative of digamma at x.",
    [](auto a, auto x) { return polygamma_of(a, x); },
    [](auto g, auto a, auto x, auto) {
      return std::tuple{no_gradient, g * polygamma_of(a + 1, x)};
    });

inline constexpr auto igamma_density = [](auto a, auto x) {
  return exp((a - 1) * log(x) - x - lgamma(a));
};

inline constexpr auto igamma = binary(
    "math.igamma (a, x)", "Lower regularised incomplete gamma function; its gradient by x alone.",
    primitive<Prim::igamma>, [](auto g, auto a, auto x, auto) {
      return std::tuple{no_gradient, g * igamma_density(a, x)};
    });

inline constexpr auto igammac = binary(
    "math.igammac (a, x)", "Upper regularised incomplete gamma function; its gradient by x alone.",
    primitive<Prim::igammac>, [](auto g, auto a, auto x, auto) {
      return std::tuple{no_gradient, -(g * igamma_density(a, x))};
    });

inline constexpr auto betainc = ternary(
    "math.betainc (a, b, x)", "Regularised incomplete beta function; its gradient by x alone.",
    DTypeRule::floating, primitive<Prim::betainc>, [](auto g, auto a, auto b, auto x, auto) {
      const auto scale = lgamma(a + b) - lgamma(a) - lgamma(b);
      return std::tuple{no_gradient, no_gradient,
                        g * exp(scale + (a - 1) * log(x) + (b - 1) * log1p(-x))};
    });

inline constexpr auto bessel_i0e =
    unary("math.bessel_i0e", "exp(-|x|) * bessel_i0(x).", primitive<Prim::bessel_i0e>);

inline constexpr auto bessel_i1e =
    unary("math.bessel_i1e", "exp(-|x|) * bessel_i1(x).", primitive<Prim::bessel_i1e>);

inline constexpr auto bessel_i0 = unary(
    "math.bessel_i0", "Modified Bessel function of order 0.",
    [](auto x) { return bessel_i0e(x) * exp(abs(x)); },
    [](auto g, auto x, auto) { return g * (bessel_i1e(x) * exp(abs(x))); });

inline constexpr auto bessel_i1 = unary(
    "math.bessel_i1", "Modified Bessel function of order 1.",
    [](auto x) { return bessel_i1e(x) * exp(abs(x)); },
    [](auto g, auto x, auto y) {
      return g * (bessel_i0e(x) * exp(abs(x)) - where(x == 0, 0.5, y / x));
    });
