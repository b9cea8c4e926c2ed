// Arithmetic, rounding, extremes. Included by elementwise.h, inside its namespace.

inline constexpr auto abs =
    unary("math.abs abs", "Absolute value.", DTypeRule::signed_, primitive<Prim::abs>);

inline constexpr auto negative =
    unary("math.negative negative", "-x.", DTypeRule::signed_, [](auto x) { return -x; });

inline constexpr auto sign =
    unary("math.sign sign", "-1, 0 or 1 by the sign of x.", DTypeRule::signed_,
          primitive<Prim::sign>, [](auto g, auto, auto) { return 0 * g; });

inline constexpr auto add =
    binary("math.add add", "x + y.", DTypeRule::numeric, [](auto x, auto y) { return x + y; });

inline constexpr auto subtract = binary("math.subtract subtract", "x - y.", DTypeRule::numeric,
                                        [](auto x, auto y) { return x - y; });

inline constexpr auto multiply = binary("math.multiply multiply", "x * y.", DTypeRule::numeric,
                                        [](auto x, auto y) { return x * y; });

inline constexpr auto divide = binary(
    "math.divide divide math.truediv truediv", "x / y, as real numbers.", DTypeRule::quotient,
    [](auto x, auto y) { return x / y; },
    [](auto g, auto, auto y, auto quotient) {
      return std::tuple{g / y, -(g * quotient / y)};
    });

inline constexpr auto floordiv = binary("math.floordiv", "x / y, rounded down.", DTypeRule::numeric,
                                        primitive<Prim::floor_div>, no_gradient);

inline constexpr auto floormod =
    binary("math.floormod math.mod", "x - y * floordiv(x, y): has the sign of y.",
           DTypeRule::numeric, primitive<Prim::floor_mod>);

inline constexpr auto truncatediv =
    binary("truncatediv", "x / y, rounded towards zero.", DTypeRule::numeric,
           primitive<Prim::trunc_div>, no_gradient);

inline constexpr auto truncatemod =
    binary("truncatemod", "x - y * truncatediv(x, y): has the sign of x.", DTypeRule::numeric,
           primitive<Prim::trunc_mod>, no_gradient);

// x where the condition holds, else y. Used by the declarations below, an op itself.
inline constexpr auto where =
    ternary("where (condition, x, y)", "Elements of x where the condition holds, else of y.",
            DTypeRule::select, primitive<Prim::select>);

inline constexpr auto divide_no_nan =
    binary("math.divide_no_nan", "x / y, and 0 where y is 0.",
           [](auto x, auto y) { return where(y == 0, 0, x / y); });

inline constexpr auto multiply_no_nan = binary(
    "math.multiply_no_nan", "x * y, and 0 where y is 0 even if x is infinite or NaN.",
    [](auto x, auto y) { return where(y == 0, 0, x * y); },
    [](auto g, auto x, auto y, auto) {
      return std::tuple{where(y == 0, 0, g * y), where(g == 0, 0, x * g)};
    });

inline constexpr auto reciprocal = unary(
    "math.reciprocal", "1 / x.", [](auto x) { return 1 / x; },
    [](auto g, auto, auto y) { return -(g * y * y); });

inline constexpr auto reciprocal_no_nan = unary(
    "math.reciprocal_no_nan", "1 / x, and 0 where x is 0.",
    [](auto x) { return where(x == 0, 0, 1 / x); },
    [](auto g, auto, auto y) { return -(g * y * y); });

inline constexpr auto square =
    unary("math.square square", "x * x.", DTypeRule::numeric, [](auto x) { return x * x; });

inline constexpr auto squared_difference =
    binary("math.squared_difference", "(x - y) * (x - y).", DTypeRule::numeric,
           [](auto x, auto y) { return square(x - y); });

inline constexpr auto sqrt = unary("math.sqrt sqrt", "Square root.", primitive<Prim::sqrt>);

inline constexpr auto rsqrt = unary("math.rsqrt", "1 / sqrt(x).", primitive<Prim::rsqrt>,
                                    [](auto g, auto, auto y) { return -0.5 * g * (y * y * y); });

inline constexpr auto maximum =
    binary("math.maximum maximum", "The larger of x and y; NaN if either is.", DTypeRule::numeric,
           primitive<Prim::max>);

inline constexpr auto minimum =
    binary("math.minimum minimum", "The smaller of x and y; NaN if either is.", DTypeRule::numeric,
           primitive<Prim::min>);

inline constexpr auto clip_by_value = ternary(
    "clip_by_value (t, clip_value_min, clip_value_max)", "t, moved into [min, max].",
    DTypeRule::numeric, [](auto t, auto low, auto high) { return maximum(minimum(t, high), low); },
    [](auto g, auto t, auto low, auto high, auto) {
      return std::tuple{where(t < low || t > high, 0, g), where(t < low, g, 0),
                        where(t > high, g, 0)};
    });

inline constexpr auto floor = unary("math.floor floor", "The largest integer not above x.",
                                    primitive<Prim::floor>, no_gradient);

inline constexpr auto ceil =
    unary("math.ceil", "The smallest integer not below x.", primitive<Prim::ceil>, no_gradient);

inline constexpr auto round = unary("math.round round", "The nearest integer, the even one of two.",
                                    DTypeRule::numeric, primitive<Prim::round>, no_gradient);

inline constexpr auto rint = unary(
    "math.rint", "The nearest integer, the even one of two.", [](auto x) { return round(x); },
    no_gradient);

inline constexpr auto nextafter =
    binary("math.nextafter (x1, x2)", "The next number after x1 in the direction of x2.",
           primitive<Prim::nextafter>);
