"""Special functions in float64, written for NumPy: the oracle of the op test table."""
import math

import numpy as np


def floats(f):
    return np.vectorize(f, otypes=[float])


erf = floats(math.erf)
erfc = floats(math.erfc)
lgamma = floats(lambda x: math.inf if x <= 0 and x == math.floor(x) else math.lgamma(x))


def invert(f, low, high):
    """The inverse of a monotone function on [low, high], by bisection."""
    rising = f(high) > f(low)

    def inverse(y):
        a, b = low, high
        for _ in range(200):
            middle = (a + b) / 2
            if (f(middle) < y) == rising:
                a = middle
            else:
                b = middle
        return (a + b) / 2
    return floats(inverse)


erfinv = invert(math.erf, -5.8, 5.8)
erfcinv = invert(math.erfc, -5.8, 26.5)
ndtri = invert(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)), -37.0, 8.2)


@floats
def digamma(x):
    shift = 0.0
    if x <= 0:  # reflection
        return float(digamma(1 - x)) - math.pi / math.tan(math.pi * x)
    while x < 15:
        shift -= 1 / x
        x += 1
    series = 1 / 12 - (1 / 120 - (1 / 252 - (1 / 240 - 1 / 132 / x**2) / x**2) / x**2) / x**2
    return shift + math.log(x) - 1 / (2 * x) - series / x**2


@floats
def zeta(s, q):
    """Hurwitz's zeta by Euler and Maclaurin."""
    terms = 20
    total = sum((q + k) ** -s for k in range(terms))
    n = q + terms
    total += n ** (1 - s) / (s - 1) + 0.5 * n**-s
    bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730]
    rising = s
    for k, b in enumerate(bernoulli, start=1):
        total += b / math.factorial(2 * k) * rising * n ** (-s - 2 * k + 1)
        rising *= (s + 2 * k - 1) * (s + 2 * k)
    return total


def polygamma(a, x):
    a, x = np.broadcast_arrays(a, x)
    factor = (-1) ** (a + 1) * np.exp(lgamma(a + 1))
    return np.where(a == 0, digamma(x), factor * zeta(np.maximum(a, 1) + 1, x))


@floats
def igamma(a, x):
    """Lower regularised incomplete gamma function, by its power series."""
    if x == 0:
        return 0.0
    term = total = 1 / a
    for k in range(1, 400):
        term *= x / (a + k)
        total += term
    return total * math.exp(a * math.log(x) - x - math.lgamma(a))


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)


@floats
def betainc(a, b, x):
    """Regularised incomplete beta function, by quadrature of t = u**4 to tame the end at 0."""
    end = x ** 0.25
    u = (_NODES + 1) * end / 2
    integrand = 4 * u**3 * u ** (4 * (a - 1)) * (1 - u**4) ** (b - 1)
    scale = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b))
    return scale * float(np.sum(_WEIGHTS * integrand)) * end / 2


_ANGLES = (np.arange(400) + 0.5) * math.pi / 400


def _bessel(order, exponent):
    """exp(-|x|) ** scaled * I_order(x), by the mean over half a circle."""
    def function(x):
        x = np.asarray(x, dtype=float)[..., None]
        values = np.exp(x * np.cos(_ANGLES) - exponent * np.abs(x)) * np.cos(order * _ANGLES)
        return values.mean(-1)
    return function


bessel_i0, bessel_i1 = _bessel(0, 0), _bessel(1, 0)
bessel_i0e, bessel_i1e = _bessel(0, 1), _bessel(1, 1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.logaddexp(0, x)
