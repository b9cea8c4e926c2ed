// Activations of neural networks. Included by elementwise.h, inside its namespace.

inline constexpr auto sigmoid = unary(
    "math.sigmoid sigmoid nn.sigmoid", "1 / (1 + exp(-x)).",
    [](auto x) { return 1 / (1 + exp(-x)); },
    [](auto g, auto, auto y) { return g * (y * (1 - y)); });

inline constexpr auto softplus = unary(
    "math.softplus nn.softplus (features)", "log(1 + exp(x)).",
    [](auto x) { return maximum(x, 0) + log1p(exp(-abs(x))); },
    [](auto g, auto x, auto) { return g * sigmoid(x); });

inline constexpr auto log_sigmoid = unary(
    "math.log_sigmoid", "log(sigmoid(x)).", [](auto x) { return -softplus(-x); },
    [](auto g, auto x, auto) { return g * sigmoid(-x); });

inline constexpr auto softsign = unary(
    "math.softsign nn.softsign (features)", "x / (1 + |x|).",
    [](auto x) { return x / (1 + abs(x)); },
    [](auto g, auto x, auto) { return g / square(1 + abs(x)); });

inline constexpr auto relu = unary(
    "nn.relu (features)", "max(x, 0).", DTypeRule::numeric, [](auto x) { return maximum(x, 0); },
    [](auto g, auto, auto y) { return where(y > 0, g, 0); });

inline constexpr auto relu6 = unary(
    "nn.relu6 (features)", "min(max(x, 0), 6).", DTypeRule::numeric,
    [](auto x) { return minimum(maximum(x, 0), 6); },
    [](auto g, auto, auto y) { return where(y > 0 && y < 6, g, 0); });

inline constexpr auto leaky_relu =
    binary("nn.leaky_relu (features, alpha=0.2)", "x where x > 0, else alpha * x.",
           [](auto x, auto alpha) { return where(x > 0, x, alpha * x); });

inline constexpr auto elu = unary(
    "nn.elu (features)", "x where x >= 0, else exp(x) - 1.",
    [](auto x) { return where(x < 0, expm1(x), x); },
    [](auto g, auto, auto y) { return where(y < 0, g * (y + 1), g); });

inline constexpr double kSeluScale = 1.0507009873554805, kSeluAlpha = 1.6732632423543772;
inline constexpr auto selu = unary(
    "nn.selu (features)", "Self-normalising elu.",
    [](auto x) { return kSeluScale * where(x < 0, kSeluAlpha * expm1(x), x); },
    [](auto g, auto, auto y) { return g * where(y < 0, y + kSeluScale * kSeluAlpha, kSeluScale); });

inline constexpr auto silu = binary(
    "nn.silu nn.swish (features, beta=1.0)", "x * sigmoid(beta * x).",
    [](auto x, auto beta) { return x * sigmoid(beta * x); },
    [](auto g, auto x, auto beta, auto) {
      const auto s = sigmoid(beta * x), slope = s * (1 - s);
      return std::tuple{g * (s + beta * x * slope), g * (x * x * slope)};
    });

inline constexpr auto mish = unary(
    "keras.activations.mish", "x * tanh(softplus(x)).",
    [](auto x) { return x * tanh(softplus(x)); },
    [](auto g, auto x, auto) {
      const auto t = tanh(softplus(x));
      return g * (t + x * sigmoid(x) * (1 - t * t));
    });

// nn.gelu chooses between these two by its parameter `approximate`.
inline constexpr auto gelu_erf = unary(
    "raw_ops.GeluErf (features)", "x * P(X <= x) for a normal X.",
    [](auto x) { return 0.5 * x * (1 + erf(x * (1 / std::numbers::sqrt2))); },
    [](auto g, auto x, auto) {
      constexpr double inverse_root_2pi = std::numbers::inv_sqrtpi / std::numbers::sqrt2;
      const auto distribution = 0.5 * (1 + erf(x * (1 / std::numbers::sqrt2)));
      return g * (distribution + x * (inverse_root_2pi * exp(-0.5 * x * x)));
    });

inline constexpr auto gelu_tanh = unary(
    "raw_ops.GeluTanh (features)",
    "gelu by a tanh: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).",
    [](auto x) {
      constexpr double root = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
      return 0.5 * x * (1 + tanh(root * (x + 0.044715 * x * x * x)));
    },
    [](auto g, auto x, auto) {
      constexpr double root = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
      const auto square = x * x, t = tanh(root * (x + 0.044715 * square * x));
      const auto slope = root * (1 + 3 * 0.044715 * square);
      return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope);
    });

inline constexpr auto hard_sigmoid = unary(
    "keras.activations.hard_sigmoid", "relu6(x + 3) / 6.",
    [](auto x) { return relu6(x + 3) * (1. / 6); },
    [](auto g, auto x, auto) { return where(x > -3 && x < 3, g * (1. / 6), 0); });

inline constexpr auto hard_silu = unary(
    "keras.activations.hard_silu", "x * hard_sigmoid(x).",
    [](auto x) { return x * hard_sigmoid(x); },
    [](auto g, auto x, auto) {
      return where(x <= -3, 0, where(x >= 3, g, g * (x * (1. / 3) + 0.5)));
    });

// Of labels z, logits x and the weight q of positives. TensorFlow's formula, (1 - z) x +
// (1 + (q - 1) z) softplus(-x), is the same sum, but its terms cancel.
inline constexpr auto weighted_cross_entropy_with_logits = ternary(
    "nn.weighted_cross_entropy_with_logits (labels, logits, pos_weight)",
    "q z softplus(-x) + (1 - z) softplus(x).", DTypeRule::floating,
    [](auto z, auto x, auto q) { return q * z * softplus(-x) + (1 - z) * softplus(x); },
    [](auto g, auto z, auto x, auto q, auto) {
      return std::tuple{g * (q * softplus(-x) - softplus(x)),
                        g * ((1 - z) * sigmoid(x) - q * z * sigmoid(-x)), g * z * softplus(-x)};
    });
