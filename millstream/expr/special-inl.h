// The special functions that neither the C++ library nor GPU languages have, in the dialect of C of
// text.h: special.cc includes this file, and programs for GPUs contain its text. Who reads it
// defines FUNCTION, the real type WIDE with WIDE_EPSILON, the step from 1 to the next number,
// and WIDE_TINY and WIDE_HUGE, which are far from 1 but have room up to the end of the range.
//
// With double for WIDE the relative error is at most 1e-13 away from zeros.

FUNCTION WIDE ms_zeta(WIDE s, WIDE q) {
  if (s != s || q != q || s < 1) return NAN;
  if (s == 1) return INFINITY;
  if (q <= 0 && q == floor(q)) return INFINITY;
  if (q < 0 && s != floor(s)) return NAN;
  if (q < -1e6) return NAN;  // the sum below would take too long to reach the positive side
  if (q == INFINITY) return 0;
  // Euler and Maclaurin: a few terms, an integral for the rest, and Bernoulli's corrections.
  WIDE sum = 0, term = 0, a = q;
  for (int i = 0; i < 9 || a <= 9; ++i, a += 1) {
    sum += term = pow(a, -s);
    if (fabs(term) < fabs(sum) * WIDE_EPSILON / 8 && a > 0) return sum;
  }
  const WIDE power = pow(a, -s);
  sum += power * a / (s - 1) + power / 2;
  const WIDE bernoulli[8] = {1. / 12,           -1. / 720,
                             1. / 30240,        -1. / 1209600,
                             1. / 47900160,     -691. / 1307674368000.,
                             1. / 74724249600., -3617. / 10670622842880000.};
  WIDE factor = s * power / a;
  for (int k = 0; k < 8; ++k) {
    term = bernoulli[k] * factor;
    sum += term;
    if (fabs(term) < fabs(sum) * WIDE_EPSILON / 4) break;
    factor *= (s + 2 * k + 1) * (s + 2 * k + 2) / (a * a);
  }
  return sum;
}

FUNCTION WIDE ms_digamma(WIDE x) {
  const WIDE pi = 3.141592653589793;
  if (x != x || x == -INFINITY) return NAN;
  if (x == INFINITY) return INFINITY;
  if (x == 0) return copysign((WIDE)INFINITY, -x);
  WIDE result = 0;
  if (x < 0) {
    const WIDE fraction = x - floor(x);
    if (fraction == 0) return NAN;
    result = -pi / tan(pi * fraction);  // by reflection
    x = 1 - x;
  }
  // Near the positive root the recurrence would cancel: expand around it instead.
  const WIDE root = 1.4616321449683622, t = x - root - (WIDE)1.9295504e-17;
  if (fabs(t) < 0.02) {
    WIDE sum = 0, power = 1;
    for (int n = 1; n <= 9; ++n) {  // the Taylor coefficient is (-1)^(n+1) zeta(n + 1, root)
      power *= t;
      sum += (n % 2 == 1 ? power : -power) * ms_zeta(n + 1, root);
    }
    return result + sum;
  }
  while (x < 10) {
    result -= 1 / x;
    x += 1;
  }
  const WIDE y = 1 / (x * x);
  WIDE tail = 691. / 32760 - y / 12;
  tail = 1. / 252 - y * (1. / 240 - y * (1. / 132 - y * tail));
  tail = y * (1. / 12 - y * (1. / 120 - y * tail));
  return result + log(x) - 0.5 / x - tail;
}

// The y >= 0 with erf(y) = z and erfc(y) = tail, of which the smaller is the exact one.
FUNCTION WIDE ms_inverse_erf(WIDE z, WIDE tail) {
  const WIDE half_root_pi = 0.88622692545275801;
  if (tail == 0) return INFINITY;
  if (z < 1e-9) return z * half_root_pi;
  // Winitzki's closed form is right to 2e-3; steps of Halley reach the last digits.
  const WIDE l = z < 0.5 ? log1p(-z * z) : log(tail) + log1p(z);
  const WIDE a = 0.147, h = (WIDE)4.3307467508672797 + l / 2;
  WIDE y = sqrt(sqrt(h * h - l / a) - h);
  for (int step = 0; step < 4; ++step) {
    const WIDE error = z < 0.5 ? erf(y) - z : tail - erfc(y);
    const WIDE newton = error * exp(y * y) * half_root_pi;
    y -= newton / (1 + y * newton);
  }
  return y;
}

FUNCTION WIDE ms_erfinv(WIDE x) {
  const WIDE z = fabs(x);
  if (!(z <= 1)) return NAN;
  return copysign(ms_inverse_erf(z, 1 - z), x);
}

FUNCTION WIDE ms_erfcinv(WIDE x) {
  if (!(x >= 0 && x <= 2)) return NAN;
  return x <= 1 ? ms_inverse_erf(1 - x, x) : -ms_inverse_erf(x - 1, 2 - x);
}

// exp(-x) I_order(x) for x >= 0: the power series for small x, the asymptotic one for large.
FUNCTION WIDE ms_bessel_ie(int order, WIDE x) {
  if (x < 30) {
    const WIDE quarter = x * x / 4;
    WIDE term = order == 0 ? 1 : x / 2, sum = term;
    for (int k = 1; term > sum * WIDE_EPSILON / 4; ++k) {
      term *= quarter / (k * (k + order));
      sum += term;
    }
    return sum * exp(-x);
  }
  if (x == INFINITY) return 0;
  WIDE term = 1, sum = 1;
  for (int k = 1; k < 40; ++k) {
    const int odd = 2 * k - 1;
    const WIDE next = term * (odd * odd - 4 * order) / (8 * k * x);
    if (fabs(next) < WIDE_EPSILON / 4 || fabs(next) > fabs(term)) break;
    sum += term = next;
  }
  return sum / sqrt((WIDE)6.283185307179586 * x);
}

FUNCTION WIDE ms_bessel_i0e(WIDE x) { return ms_bessel_ie(0, fabs(x)); }
FUNCTION WIDE ms_bessel_i1e(WIDE x) { return copysign(ms_bessel_ie(1, fabs(x)), x); }

// log(1 + d) - d, without the cancellation at small d.
FUNCTION WIDE ms_log1p_rest(WIDE d) {
  if (fabs(d) > 0.1) return log1p(d) - d;
  const WIDE s = d / (2 + d), z = s * s;  // log(1 + d) = 2 (s + s^3 / 3 + s^5 / 5 + ...)
  const WIDE series = 1. / 7 + z * (1. / 9 + z * (1. / 11 + z * (1. / 13 + z / 15)));
  return s * (2 * z * (1. / 3 + z * (1. / 5 + z * series)) - d);
}

// exp(-x) x^a / gamma(a): the factor of both incomplete gamma functions.
FUNCTION WIDE ms_gamma_density(WIDE a, WIDE x) {
  if (a < 100) return exp(a * log(x) - x - lgamma(a));
  // Around the peak the exponent is a small difference of large numbers; write it as a deviation.
  const WIDE square = a * a;
  const WIDE stirling = (1. / 12 - (1. / 360 - 1 / (1260 * square)) / square) / a;
  return exp(a * ms_log1p_rest((x - a) / a) - stirling) * sqrt(a / (WIDE)6.283185307179586);
}

// The power series of the lower function; converges fast for x < a + 1.
FUNCTION WIDE ms_igamma_series(WIDE a, WIDE x) {
  WIDE term = 1 / a, sum = term;
  for (WIDE n = a + 1; term > sum * WIDE_EPSILON / 4; n += 1) {
    term *= x / n;
    sum += term;
  }
  return sum * ms_gamma_density(a, x);
}

// Keeps a denominator of Lentz's algorithm away from zero.
FUNCTION WIDE ms_nonzero(WIDE value) { return fabs(value) < WIDE_TINY ? WIDE_TINY : value; }

// The continued fraction of the upper function, by Lentz; converges for x >= a + 1.
FUNCTION WIDE ms_igammac_fraction(WIDE a, WIDE x) {
  WIDE b = x + 1 - a, c = WIDE_HUGE, d = 1 / ms_nonzero(b), product = d;
  for (int i = 1; i < 100000; ++i) {
    const WIDE numerator = -i * (i - a);
    b += 2;
    d = 1 / ms_nonzero(numerator * d + b);
    c = ms_nonzero(b + numerator / c);
    product *= c * d;
    if (fabs(c * d - 1) < WIDE_EPSILON) break;
  }
  return product * ms_gamma_density(a, x);
}

// Temme's expansion for large a, where series and fraction would take the root of a in steps: the
// upper function, or the lower one with -1 for `side`.
FUNCTION WIDE ms_igamma_asymptotic(WIDE a, WIDE x, int side) {
  const WIDE d = (x - a) / a, half_square = -ms_log1p_rest(d);  // of eta
  if (a * half_square > 750) return (d > 0) == (side > 0) ? 0 : 1;
  const WIDE eta = copysign(sqrt(2 * half_square), d);
  WIDE c0 = -0.0001787551440329218 + eta * 3.919263178522438e-5;
  c0 = 0.0011574074074074074 + eta * (0.0003527336860670194 + eta * c0);
  c0 = -1. / 3 + eta * (1. / 12 + eta * (-2. / 135 + eta * c0));
  const WIDE c1 = -1. / 540 + eta * (-1. / 288 + eta * (1. / 378 - eta * (77. / 77760)));
  const WIDE rest = exp(-a * half_square) / sqrt((WIDE)6.283185307179586 * a) * (c0 + c1 / a);
  return erfc(side * eta * sqrt(a / 2)) / 2 + side * rest;
}

FUNCTION WIDE ms_igamma(WIDE a, WIDE x) {
  if (!(a > 0 && x >= 0)) return NAN;
  if (x == 0) return 0;
  if (a == INFINITY) return x == INFINITY ? NAN : 0;
  if (x == INFINITY) return 1;
  if (a > 1e5) return ms_igamma_asymptotic(a, x, -1);
  return x < a + 1 ? ms_igamma_series(a, x) : 1 - ms_igammac_fraction(a, x);
}

FUNCTION WIDE ms_igammac(WIDE a, WIDE x) {
  if (!(a > 0 && x >= 0)) return NAN;
  if (x == 0) return 1;
  if (a == INFINITY) return x == INFINITY ? NAN : 1;
  if (x == INFINITY) return 0;
  if (a > 1e5) return ms_igamma_asymptotic(a, x, 1);
  return x < a + 1 ? 1 - ms_igamma_series(a, x) : ms_igammac_fraction(a, x);
}

// The continued fraction of the incomplete beta function, by Lentz; for x < (a + 1) / (a + b + 2).
FUNCTION WIDE ms_beta_fraction(WIDE a, WIDE b, WIDE x) {
  WIDE c = 1, d = 1 / ms_nonzero(1 - (a + b) * x / (a + 1)), product = d;
  for (int i = 2; i < 200000; ++i) {
    const WIDE m = i / 2, e = a + 2 * m;
    const bool even = i % 2 == 0;
    const WIDE numerator =
        even ? m * (b - m) * x / ((e - 1) * e) : -(a + m) * (a + b + m) * x / (e * (e + 1));
    d = 1 / ms_nonzero(1 + numerator * d);
    c = ms_nonzero(1 + numerator / c);
    product *= c * d;
    if (!even && fabs(c * d - 1) < WIDE_EPSILON) break;
  }
  return product;
}

FUNCTION WIDE ms_betainc(WIDE a, WIDE b, WIDE x) {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return NAN;
  if (x == 0 || x == 1) return x;
  const WIDE scale = lgamma(a + b) - lgamma(a) - lgamma(b);
  const WIDE density = exp(scale + a * log(x) + b * log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return density * ms_beta_fraction(a, b, x) / a;
  return 1 - density * ms_beta_fraction(b, a, 1 - x) / b;
}
