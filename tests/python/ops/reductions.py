"""Reductions, scans, positions of extremes, and what broadcasting needs of them."""
import numpy as np

from ops.table import ALL, BOOL, FLOATING, NUMERIC, case, op

# Sums round more often than they are long.
LOOSE = {"float16": 1e-2, "bfloat16": 0.06, "float32": 2e-5, "float64": 1e-11}


def along(f):
    """A NumPy reduction with the arguments of TensorFlow's."""
    def reference(x, axis=None, keepdims=False):
        axis = tuple(axis) if isinstance(axis, (list, tuple)) else axis
        return f(x, axis=axis, keepdims=keepdims)
    return reference


def of_distinct(shape):
    """Values without ties."""
    return np.random.default_rng(5).permutation(int(np.prod(shape))).reshape(shape) * 1.0


REDUCED = [case((3, 4)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=[0, -1], keepdims=True),
           case(()), case((5, 7), axis=[]), case((3, 300)), case((300, 3), axis=0)]
EMPTY = [case((2, 0), axis=1), case((0, 3), axis=1), case((0,))]
DISTINCT = [case(of_distinct((3, 4))), case(of_distinct((2, 3, 4)), axis=1),
            case(of_distinct((2, 3, 4)), axis=[0, 2], keepdims=True), case((0, 3), axis=1)]

reduction = dict(tolerance=LOOSE)
op("math.reduce_sum", along(np.sum), REDUCED + EMPTY, dtypes=NUMERIC, **reduction)
op("math.reduce_mean", along(lambda x, **k: np.mean(x, **k) if x.dtype == float else
                             np.trunc(np.mean(x, **k))), REDUCED, dtypes=NUMERIC, **reduction)
op("math.reduce_prod", along(np.prod), REDUCED[:5] + EMPTY, dtypes=NUMERIC, domain=(0.5, 1.5),
   **reduction)
op("math.reduce_max", along(np.max), DISTINCT, dtypes=NUMERIC, exact=True)
op("math.reduce_min", along(np.min), DISTINCT, dtypes=NUMERIC, exact=True)
op("math.reduce_euclidean_norm", along(lambda x, **k: np.sqrt(np.sum(x * x, **k))),
   REDUCED[:5], dtypes=NUMERIC, **reduction)
op("math.reduce_variance", along(np.var), REDUCED, dtypes=FLOATING,
   tolerance={**LOOSE, "float32": 1e-4})
op("math.reduce_std", along(np.std), REDUCED[:3], dtypes=FLOATING,
   tolerance={**LOOSE, "float32": 1e-4})
op("math.reduce_logsumexp", along(lambda x, **k: np.log(np.sum(np.exp(x), **k))), REDUCED,
   dtypes=FLOATING, **reduction)
truth = dict(dtypes=BOOL, gradient=False, exact=True)
op("math.reduce_any", along(np.any), REDUCED + EMPTY, **truth)
op("math.reduce_all", along(np.all), REDUCED + EMPTY, **truth)
op("math.count_nonzero", along(np.count_nonzero),
   [case((3, 4)), case((2, 3), axis=1, keepdims=True), case((0, 2))], dtypes=ALL, domain=(0, 2),
   gradient=False, result_dtype="int64")

position = dict(dtypes=ALL, gradient=False, result_dtype="int64")
POSITIONS = [case(of_distinct((3, 4))), case(of_distinct((3, 4)), axis=1),
             case(of_distinct((2, 3, 20)), axis=-1), case((4, 3), axis=0)]
op("math.argmax", lambda x, axis=None: np.argmax(x, axis=axis or 0), POSITIONS, **position)
op("math.argmin", lambda x, axis=None: np.argmin(x, axis=axis or 0), POSITIONS, **position)


def scan(f, identity):
    """A NumPy scan with TensorFlow's `exclusive` and `reverse`."""
    def reference(x, axis=0, exclusive=False, reverse=False):
        x = np.flip(x, axis) if reverse else x
        result = f(x, axis=axis)
        if exclusive and x.shape[axis]:
            first = np.full_like(np.take(result, [0], axis), identity)
            result = np.concatenate([first, np.delete(result, -1, axis)], axis)
        return np.flip(result, axis) if reverse else result
    return reference


SCANS = [case((5,)), case((3, 4), axis=1), case((3, 4), axis=0, exclusive=True),
         case((2, 3, 4), axis=-2, reverse=True), case((4,), exclusive=True, reverse=True),
         case((0, 3)), case((2, 300), axis=1)]
op("math.cumsum", scan(np.cumsum, 0), SCANS, dtypes=NUMERIC, tolerance={**LOOSE, "bfloat16": 0.3,
                                                                       "float16": 0.05})
op("math.cumprod", scan(np.cumprod, 1), SCANS[:6], dtypes=NUMERIC, domain=(0.5, 1.5), **reduction)
op("math.cumulative_logsumexp", scan(np.logaddexp.accumulate, -np.inf), SCANS[:2] + SCANS[3:4],
   dtypes=FLOATING, **reduction)

op("internal.spread", lambda x, shape, axes: np.broadcast_to(np.expand_dims(x, 1), shape),
   [case((3, 4), shape=[3, 2, 4], axes=[1])], dtypes=ALL, exact=True)
