// Comparison, logic and bits. Included by elementwise.h, inside its namespace.

inline constexpr auto equal = binary(
    "math.equal equal", "x == y.", DTypeRule::equality, [](auto x, auto y) { return x == y; },
    no_gradient);

inline constexpr auto not_equal = binary(
    "math.not_equal not_equal", "x != y.", DTypeRule::equality,
    [](auto x, auto y) { return x != y; }, no_gradient);

inline constexpr auto less = binary(
    "math.less less", "x < y.", DTypeRule::compare, [](auto x, auto y) { return x < y; },
    no_gradient);

inline constexpr auto less_equal = binary(
    "math.less_equal less_equal", "x <= y.", DTypeRule::compare,
    [](auto x, auto y) { return x <= y; }, no_gradient);

inline constexpr auto greater = binary(
    "math.greater greater", "x > y.", DTypeRule::compare, [](auto x, auto y) { return x > y; },
    no_gradient);

inline constexpr auto greater_equal = binary(
    "math.greater_equal greater_equal", "x >= y.", DTypeRule::compare,
    [](auto x, auto y) { return x >= y; }, no_gradient);

inline constexpr auto is_nan = unary(
    "math.is_nan", "Whether x is not a number.", DTypeRule::predicate,
    [](auto x) { return x != x; }, no_gradient);

inline constexpr auto is_inf = unary(
    "math.is_inf", "Whether x is infinite.", DTypeRule::predicate,
    [](auto x) { return abs(x) == std::numeric_limits<double>::infinity(); }, no_gradient);

inline constexpr auto is_finite = unary(
    "math.is_finite", "Whether x is neither infinite nor NaN.", DTypeRule::predicate,
    [](auto x) { return x - x == 0; }, no_gradient);

inline constexpr auto logical_not = unary(
    "math.logical_not logical_not", "not x.", DTypeRule::boolean, [](auto x) { return !x; },
    no_gradient);

inline constexpr auto logical_and = binary(
    "math.logical_and logical_and", "x and y.", DTypeRule::boolean,
    [](auto x, auto y) { return x && y; }, no_gradient);

inline constexpr auto logical_or = binary(
    "math.logical_or logical_or", "x or y.", DTypeRule::boolean,
    [](auto x, auto y) { return x || y; }, no_gradient);

inline constexpr auto logical_xor = binary(
    "math.logical_xor", "Whether just one of x and y holds.", DTypeRule::boolean,
    [](auto x, auto y) { return x != y; }, no_gradient);

inline constexpr auto bitwise_and = binary("bitwise.bitwise_and", "x & y.", DTypeRule::integer,
                                           primitive<Prim::bit_and>, no_gradient);

inline constexpr auto bitwise_or = binary("bitwise.bitwise_or", "x | y.", DTypeRule::integer,
                                          primitive<Prim::bit_or>, no_gradient);

inline constexpr auto bitwise_xor = binary("bitwise.bitwise_xor", "x ^ y.", DTypeRule::integer,
                                           primitive<Prim::bit_xor>, no_gradient);

inline constexpr auto invert = unary(
    "bitwise.invert", "All bits of x flipped.", DTypeRule::integer,
    [](auto x) { return bitwise_xor(x, -1); }, no_gradient);

inline constexpr auto left_shift = binary("bitwise.left_shift", "x << y.", DTypeRule::integer,
                                          primitive<Prim::shift_left>, no_gradient);

inline constexpr auto right_shift =
    binary("bitwise.right_shift", "x >> y, which keeps the sign of x.", DTypeRule::integer,
           primitive<Prim::shift_right>, no_gradient);
