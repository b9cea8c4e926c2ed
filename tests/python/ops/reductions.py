"""Reductions and what broadcasting needs of them."""
import numpy as np

from ops.table import ALL, NUMERIC, case, op


def axes(axis):
    return tuple(axis) if isinstance(axis, list) else axis


REDUCED = [case((3, 4)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=[0, -1], keepdims=True),
           case((2, 0), axis=1), case(()), case((5, 7), axis=[]), case((3, 300))]

op("math.reduce_sum", lambda x, axis=None, keepdims=False: np.sum(
    x, axis=axes(axis), keepdims=keepdims), REDUCED, dtypes=NUMERIC,
   tolerance={"float32": 2e-5, "float16": 1e-2, "bfloat16": 0.05})
op("internal.spread", lambda x, shape, axes: np.broadcast_to(np.expand_dims(x, 1), shape),
   [case((3, 4), shape=[3, 2, 4], axes=[1])], dtypes=ALL, exact=True)
