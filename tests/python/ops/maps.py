"""Elementwise ops."""
import math

import numpy as np

from ops import references as ref
from ops.table import ALL, BOOL, FLOATING, INTEGER, NUMERIC, SIGNED, op

sigmoid, softplus = ref.sigmoid, ref.softplus
UNIT = (-0.95, 0.95)
POSITIVE = (0.1, 5)
APART = [(0.5, 3), (-3, -0.4)]       # two inputs that never meet
SIGNED_NUMBERS = FLOATING + SIGNED
exact = dict(gradient=False, second=False, exact=True)
predicate = dict(exact, result_dtype="bool")


# Arithmetic, rounding, extremes.
op("math.abs", np.abs, dtypes=SIGNED_NUMBERS, domain=(0.2, 3))
op("math.negative", np.negative, dtypes=SIGNED_NUMBERS)
op("math.sign", np.sign, dtypes=SIGNED_NUMBERS, domain=(0.2, 3), second=False)
op("math.add", np.add, dtypes=NUMERIC)
op("math.subtract", np.subtract, dtypes=NUMERIC, domain=[(1, 5), (-3, 1)])
op("math.multiply", np.multiply, dtypes=NUMERIC)
op("math.truediv", np.divide, dtypes=NUMERIC, domain=[(-3, 3), (0.5, 3)],
   result_dtype=lambda dtype: dtype if "float" in dtype else
   "float32" if dtype.endswith(("8", "16")) else "float64")
op("math.floordiv", np.floor_divide, dtypes=NUMERIC, domain=[(-9, 9), (1, 4)], gradient=False)
op("math.floormod", np.mod, dtypes=NUMERIC, domain=[(-9, 9), (1, 4)], gradient_of=(0,))
op("truncatediv", lambda x, y: np.trunc(x / y), dtypes=NUMERIC, domain=[(-9, 9), (1, 4)],
   gradient=False)
op("truncatemod", np.fmod, dtypes=NUMERIC, domain=[(-9, 9), (1, 4)], gradient=False)
op("where", np.where, dtypes=ALL, input_dtypes={0: "bool"}, gradient_of=(1, 2))
op("math.divide_no_nan", lambda x, y: np.where(y == 0, 0, x / np.where(y == 0, 1, y)),
   domain=[(-3, 3), (0.5, 3)])
op("math.multiply_no_nan", np.multiply)
op("math.reciprocal", np.reciprocal, domain=(0.3, 3))
op("math.reciprocal_no_nan", np.reciprocal, domain=(0.3, 3))
op("math.square", np.square, dtypes=NUMERIC)
op("math.squared_difference", lambda x, y: (x - y) ** 2, dtypes=NUMERIC,
   domain=[(2, 5), (-3, 2)])
op("math.sqrt", np.sqrt, domain=(0.1, 9))
op("math.rsqrt", lambda x: 1 / np.sqrt(x), domain=(0.1, 9))
op("math.maximum", np.maximum, dtypes=NUMERIC, domain=APART)
op("math.minimum", np.minimum, dtypes=NUMERIC, domain=APART)
op("clip_by_value", np.clip, dtypes=NUMERIC, domain=[(-3, 3), (-1, 0), (0.5, 1)])
op("math.floor", np.floor, **exact)
op("math.ceil", np.ceil, **exact)
op("math.round", np.round, dtypes=NUMERIC, **exact)
op("math.rint", np.round, **exact)
op("math.nextafter", np.nextafter, gradient=False)

# Comparison, logic and bits.
op("math.equal", np.equal, dtypes=ALL, **predicate)
op("math.not_equal", np.not_equal, dtypes=ALL, **predicate)
op("math.less", np.less, dtypes=NUMERIC, **predicate)
op("math.less_equal", np.less_equal, dtypes=NUMERIC, **predicate)
op("math.greater", np.greater, dtypes=NUMERIC, **predicate)
op("math.greater_equal", np.greater_equal, dtypes=NUMERIC, **predicate)
op("math.is_nan", np.isnan, **predicate)
op("math.is_inf", np.isinf, **predicate)
op("math.is_finite", np.isfinite, **predicate)
op("math.logical_not", np.logical_not, dtypes=BOOL, **predicate)
op("math.logical_and", np.logical_and, dtypes=BOOL, **predicate)
op("math.logical_or", np.logical_or, dtypes=BOOL, **predicate)
op("math.logical_xor", np.logical_xor, dtypes=BOOL, **predicate)
op("bitwise.bitwise_and", np.bitwise_and, dtypes=INTEGER, **exact)
op("bitwise.bitwise_or", np.bitwise_or, dtypes=INTEGER, **exact)
op("bitwise.bitwise_xor", np.bitwise_xor, dtypes=INTEGER, **exact)
op("bitwise.invert", np.invert, dtypes=INTEGER, **exact)
op("bitwise.left_shift", np.left_shift, dtypes=INTEGER, domain=[(0, 3), (0, 4)], **exact)
op("bitwise.right_shift", np.right_shift, dtypes=INTEGER, domain=[(-99, 99), (0, 4)], **exact)

# Exponentials and powers.
op("math.exp", np.exp)
op("math.expm1", np.expm1)
op("math.log", np.log, domain=POSITIVE)
op("math.log1p", np.log1p, domain=(-0.8, 5))
op("math.pow", np.power, dtypes=NUMERIC, domain=[(0.4, 3), (0, 3)])
op("math.xlogy", lambda x, y: np.where(x == 0, 0, x * np.log(y)), domain=POSITIVE)
op("math.xlog1py", lambda x, y: np.where(x == 0, 0, x * np.log1p(y)), domain=POSITIVE)
op("math.xdivy", lambda x, y: np.where(x == 0, 0, x / y), domain=POSITIVE)
op("math.sinh", np.sinh)
op("math.cosh", np.cosh)
op("math.tanh", np.tanh)
op("math.asinh", np.arcsinh, domain=(-9, 9))
op("math.acosh", np.arccosh, domain=(1.1, 9))
op("math.atanh", np.arctanh, domain=UNIT)

# Trigonometric functions.
op("math.sin", np.sin, domain=(-9, 9))
op("math.cos", np.cos, domain=(-9, 9))
op("math.tan", np.tan, domain=(-1.3, 1.3))
op("math.asin", np.arcsin, domain=UNIT)
op("math.acos", np.arccos, domain=UNIT)
op("math.atan", np.arctan, domain=(-9, 9))
op("math.atan2", np.arctan2, domain=[(-3, 3), (0.5, 3)])

# Special functions.
op("math.erf", ref.erf)
op("math.erfc", ref.erfc)
op("math.erfinv", ref.erfinv, domain=UNIT)
op("math.erfcinv", ref.erfcinv, domain=(0.05, 1.95))
op("math.ndtri", ref.ndtri, domain=(0.05, 0.95))
op("math.lgamma", ref.lgamma, domain=POSITIVE)
op("math.digamma", ref.digamma, domain=POSITIVE)
op("math.polygamma", ref.polygamma, domain=[(0, 0), (0.5, 5)], gradient_of=(1,))
op("math.zeta", ref.zeta, domain=[(1.5, 5), (0.5, 5)], gradient_of=(1,))
op("math.igamma", ref.igamma, domain=POSITIVE, gradient_of=(1,))
op("math.igammac", lambda a, x: 1 - ref.igamma(a, x), domain=POSITIVE, gradient_of=(1,))
op("math.betainc", ref.betainc, domain=[(0.5, 3), (1.0, 3), (0.05, 0.9)], gradient_of=(2,),
   tolerance={"float64": 1e-10})
op("math.bessel_i0", ref.bessel_i0)
op("math.bessel_i0e", ref.bessel_i0e)
op("math.bessel_i1", ref.bessel_i1)
op("math.bessel_i1e", ref.bessel_i1e)

# Activations.
op("math.sigmoid", sigmoid, domain=(-20, 20))
op("math.log_sigmoid", lambda x: -softplus(-x), domain=(-9, 9))
op("math.softplus", softplus, domain=(-9, 9))
op("math.softsign", lambda x: x / (1 + np.abs(x)), domain=(0.2, 3))
op("nn.relu", lambda x: np.maximum(x, 0), dtypes=NUMERIC, domain=(0.2, 3))
op("nn.relu6", lambda x: np.clip(x, 0, 6), dtypes=NUMERIC, domain=(0.2, 5))
op("nn.leaky_relu", lambda x, alpha: np.where(x > 0, x, alpha * x), domain=[(-3, -0.2), (0.1, 0.4)])
op("nn.elu", lambda x: np.where(x < 0, np.expm1(x), x), domain=(-3, -0.2))
op("nn.selu", lambda x: 1.0507009873554805 * np.where(x < 0, 1.6732632423543772 * np.expm1(x), x),
   domain=(-3, -0.2))
op("nn.silu", lambda x, beta: x * sigmoid(beta * x), domain=[(-5, 5), (0.5, 2)])
op("keras.activations.mish", lambda x: x * np.tanh(softplus(x)), domain=(-5, 5))
op("raw_ops.GeluErf", lambda x: 0.5 * x * (1 + ref.erf(x / math.sqrt(2))), domain=(-5, 5))
op("raw_ops.GeluTanh",
   lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
   domain=(-4, 4))
op("keras.activations.hard_sigmoid", lambda x: np.clip(x + 3, 0, 6) / 6, domain=(-2.9, 2.9))
op("keras.activations.hard_silu", lambda x: x * np.clip(x + 3, 0, 6) / 6, domain=(-2.9, 2.9))
op("nn.weighted_cross_entropy_with_logits",
   lambda labels, logits, pos_weight: labels * softplus(-logits) * pos_weight
   + (1 - labels) * softplus(logits), domain=[(0, 1), (-5, 5), (0.5, 3)])
