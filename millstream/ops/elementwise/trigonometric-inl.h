// Trigonometric functions. Included by elementwise.h, inside its namespace.

inline constexpr auto sin = unary("math.sin sin", "Sine of x in radians.", primitive<Prim::sin>);

inline constexpr auto cos = unary("math.cos cos", "Cosine of x in radians.", primitive<Prim::cos>);

inline constexpr auto tan = unary(
    "math.tan tan", "Tangent of x in radians.", [](auto x) { return sin(x) / cos(x); },
    [](auto g, auto, auto y) { return g * (1 + y * y); });

inline constexpr auto asin =
    unary("math.asin asin", "Angle in [-pi/2, pi/2] with the sine x.", primitive<Prim::asin>);

inline constexpr auto acos =
    unary("math.acos acos", "Angle in [0, pi] with the cosine x.", primitive<Prim::acos>);

inline constexpr auto atan =
    unary("math.atan atan", "Angle in (-pi/2, pi/2) with the tangent x.", primitive<Prim::atan>);

inline constexpr auto atan2 = binary(
    "math.atan2 atan2 (y, x)", "Angle in [-pi, pi] of the point (x, y).", primitive<Prim::atan2>);
