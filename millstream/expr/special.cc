#include "millstream/expr/special.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace millstream::special {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kPi = std::numbers::pi;

// exp(-x) x^a / gamma(a): the factor of both incomplete gamma functions.
double gamma_density(double a, double x) {
  if (a < 100) return std::exp(a * std::log(x) - x - lgamma(a));
  // Around the peak the exponent is a small difference of large numbers; write it as a deviation.
  const double d = (x - a) / a;
  const double stirling = 1 / (12 * a) - 1 / (360 * a * a * a);
  return std::exp(a * (std::log1p(d) - d) - stirling) * std::sqrt(a / (2 * kPi));
}

// The power series of the lower function; converges fast for x < a + 1.
double igamma_series(double a, double x) {
  double term = 1 / a, sum = term;
  for (double n = a + 1; term > sum * kEpsilon / 4; n += 1) {
    term *= x / n;
    sum += term;
  }
  return sum * gamma_density(a, x);
}

// Keeps a denominator of Lentz's algorithm away from zero.
double nonzero(double value) { return std::abs(value) < 1e-300 ? 1e-300 : value; }

// The continued fraction of the upper function, by Lentz; converges for x >= a + 1.
double igammac_fraction(double a, double x) {
  double b = x + 1 - a, c = 1e300, d = 1 / nonzero(b), product = d;
  for (int i = 1; i < 100000; ++i) {
    const double numerator = -i * (i - a);
    b += 2;
    d = 1 / nonzero(numerator * d + b);
    c = nonzero(b + numerator / c);
    product *= c * d;
    if (std::abs(c * d - 1) < kEpsilon) break;
  }
  return product * gamma_density(a, x);
}

// The continued fraction of the incomplete beta function, by Lentz; for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  double c = 1, d = 1 / nonzero(1 - (a + b) * x / (a + 1)), product = d;
  const auto step = [&](double numerator) {
    d = 1 / nonzero(1 + numerator * d);
    c = nonzero(1 + numerator / c);
    product *= c * d;
    return std::abs(c * d - 1) < kEpsilon;
  };
  for (int m = 1; m < 100000; ++m) {
    step(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)));
    if (step(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)))) break;
  }
  return product;
}

// The y >= 0 with erf(y) = z and erfc(y) = tail, of which the smaller is the exact one.
double inverse_erf(double z, double tail) {
  if (tail == 0) return kInf;
  if (z < 1e-9) return z * std::sqrt(kPi) / 2;
  // Winitzki's closed form is right to 2e-3; steps of Halley reach the last digits.
  const double l = z < 0.5 ? std::log1p(-z * z) : std::log(tail) + std::log1p(z);
  const double a = 0.147, h = 2 / (kPi * a) + l / 2;
  double y = std::sqrt(std::sqrt(h * h - l / a) - h);
  for (int step = 0; step < 4; ++step) {
    const double error = z < 0.5 ? std::erf(y) - z : tail - std::erfc(y);
    const double newton = error * std::exp(y * y) * std::sqrt(kPi) / 2;
    y -= newton / (1 + y * newton);
  }
  return y;
}

// exp(-x) I_order(x) for x >= 0: the power series for small x, the asymptotic one for large.
double bessel_ie(int order, double x) {
  if (x < 30) {
    const double quarter = x * x / 4;
    double term = order == 0 ? 1 : x / 2, sum = term;
    for (double k = 1; term > sum * kEpsilon / 4; ++k) {
      term *= quarter / (k * (k + order));
      sum += term;
    }
    return sum * std::exp(-x);
  }
  if (std::isinf(x)) return 0;
  const double mu = 4.0 * order * order;
  double term = 1, sum = 1;
  for (double k = 1; k < 40; ++k) {
    const double next = term * -(mu - (2 * k - 1) * (2 * k - 1)) / (8 * k * x);
    if (std::abs(next) < kEpsilon / 4 || std::abs(next) > std::abs(term)) break;
    sum += term = next;
  }
  return sum / std::sqrt(2 * kPi * x);
}

}  // namespace

double lgamma(double x) {
  int sign;
  return ::lgamma_r(x, &sign);
}

double digamma(double x) {
  if (std::isnan(x) || x == -kInf) return kNan;
  if (x == kInf) return kInf;
  if (x == 0) return std::copysign(kInf, -x);
  double result = 0;
  if (x < 0) {
    const double fraction = x - std::floor(x);
    if (fraction == 0) return kNan;
    result = -kPi / std::tan(kPi * fraction);  // by reflection
    x = 1 - x;
  }
  // Near the positive root the recurrence would cancel: expand around it instead.
  constexpr double kRoot = 1.4616321449683622, kRootLow = 1.9295504e-17;
  if (const double t = x - kRoot - kRootLow; std::abs(t) < 0.02) {
    double sum = 0, power = 1, factorial = 1;
    for (int n = 1; n <= 9; ++n) {  // the Taylor coefficient is (-1)^(n+1) zeta(n + 1, root)
      power *= t;
      sum += (n % 2 == 1 ? power : -power) * zeta(n + 1, kRoot) * factorial;
    }
    return result + sum;
  }
  while (x < 10) {
    result -= 1 / x;
    x += 1;
  }
  const double y = 1 / (x * x);
  const double tail =
      y * (1. / 12 -
           y * (1. / 120 -
                y * (1. / 252 - y * (1. / 240 - y * (1. / 132 - y * (691. / 32760 - y / 12))))));
  return result + std::log(x) - 0.5 / x - tail;
}

double erfinv(double x) {
  if (!(std::abs(x) <= 1)) return kNan;
  const double z = std::abs(x);
  return std::copysign(inverse_erf(z, 1 - z), x);
}

double erfcinv(double x) {
  if (!(x >= 0 && x <= 2)) return kNan;
  return x <= 1 ? inverse_erf(1 - x, x) : -inverse_erf(x - 1, 2 - x);
}

double bessel_i0e(double x) { return bessel_ie(0, std::abs(x)); }

double bessel_i1e(double x) { return std::copysign(bessel_ie(1, std::abs(x)), x); }

double zeta(double s, double q) {
  if (std::isnan(s) || std::isnan(q) || s < 1) return kNan;
  if (s == 1) return kInf;
  if (q <= 0 && q == std::floor(q)) return kInf;
  if (q < 0 && s != std::floor(s)) return kNan;
  if (q < -1e6) return kNan;  // the sum below would take too long to reach the positive side
  if (std::isinf(q)) return 0;
  // Euler and Maclaurin: a few terms, an integral for the rest, and Bernoulli's corrections.
  double sum = 0, term = 0, a = q;
  for (int i = 0; i < 9 || a <= 9; ++i, a += 1) {
    sum += term = std::pow(a, -s);
    if (std::abs(term) < std::abs(sum) * kEpsilon / 8 && a > 0) return sum;
  }
  const double power = std::pow(a, -s);
  sum += power * a / (s - 1) + power / 2;
  constexpr double kBernoulli[] = {1. / 12,           -1. / 720,
                                   1. / 30240,        -1. / 1209600,
                                   1. / 47900160,     -691. / 1307674368000,
                                   1. / 74724249600., -3617. / 10670622842880000.};
  double factor = s * power / a;
  for (int k = 0; k < 8; ++k) {
    term = kBernoulli[k] * factor;
    sum += term;
    if (std::abs(term) < std::abs(sum) * kEpsilon / 4) break;
    factor *= (s + 2 * k + 1) * (s + 2 * k + 2) / (a * a);
  }
  return sum;
}

double igamma(double a, double x) {
  if (std::isnan(a) || std::isnan(x) || a <= 0 || x < 0) return kNan;
  if (x == 0) return 0;
  if (std::isinf(a)) return std::isinf(x) ? kNan : 0;
  if (std::isinf(x)) return 1;
  return x < a + 1 ? igamma_series(a, x) : 1 - igammac_fraction(a, x);
}

double igammac(double a, double x) {
  if (std::isnan(a) || std::isnan(x) || a <= 0 || x < 0) return kNan;
  if (x == 0) return 1;
  if (std::isinf(a)) return std::isinf(x) ? kNan : 1;
  if (std::isinf(x)) return 0;
  return x < a + 1 ? 1 - igamma_series(a, x) : igammac_fraction(a, x);
}

double betainc(double a, double b, double x) {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return kNan;
  if (x == 0 || x == 1) return x;
  const double density =
      std::exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return density * beta_fraction(a, b, x) / a;
  return 1 - density * beta_fraction(b, a, 1 - x) / b;
}

}  // namespace millstream::special
