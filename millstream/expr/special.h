#pragma once
// Special functions of one double that the C++ library lacks or has only under a lock. Relative
// error at most 1e-13 away from zeros; NaN outside of the domain.
namespace millstream::special {

double lgamma(double x);   // log |gamma(x)|
double digamma(double x);  // its derivative
double erfinv(double x);
double erfcinv(double x);
double bessel_i0e(double x);  // exp(-|x|) I0(x)
double bessel_i1e(double x);
// Hurwitz's zeta: the sum of (q + k)^-s over k >= 0, s > 1.
double zeta(double s, double q);
// Regularised incomplete gamma functions, lower and upper; a > 0, x >= 0.
double igamma(double a, double x);
double igammac(double a, double x);
// Regularised incomplete beta function; a, b > 0 and x in [0, 1].
double betainc(double a, double b, double x);

}  // namespace millstream::special
