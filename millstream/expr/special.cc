#include "millstream/expr/special.h"

#include <cmath>
#include <limits>

namespace millstream::special {
namespace {

using WIDE = double;
constexpr WIDE WIDE_EPSILON = std::numeric_limits<WIDE>::epsilon();
constexpr WIDE WIDE_TINY = 1e-300, WIDE_HUGE = 1e300;
#define FUNCTION
#include "millstream/expr/special-inl.h"
#undef FUNCTION

}  // namespace

double lgamma(double x) {
  int sign;
  return ::lgamma_r(x, &sign);
}

double digamma(double x) { return ms_digamma(x); }
double erfinv(double x) { return ms_erfinv(x); }
double erfcinv(double x) { return ms_erfcinv(x); }
double bessel_i0e(double x) { return ms_bessel_i0e(x); }
double bessel_i1e(double x) { return ms_bessel_i1e(x); }
double zeta(double s, double q) { return ms_zeta(s, q); }
double igamma(double a, double x) { return ms_igamma(a, x); }
double igammac(double a, double x) { return ms_igammac(a, x); }
double betainc(double a, double b, double x) { return ms_betainc(a, b, x); }

}  // namespace millstream::special
