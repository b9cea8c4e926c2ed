"""Making tensors, changing their dtype, summing."""
import numpy as np

from ops.table import ALL, case, op

SHAPES = [case((3, 4)), case(()), case((0, 2))]
same = dict(cases=SHAPES, dtypes=ALL, exact=True)

op("identity", lambda x: x, **same)
op("stop_gradient", lambda x: x, gradient=False, **same)
op("zeros_like", lambda x: np.zeros_like(x), gradient=False, **same)
op("ones_like", lambda x: np.ones_like(x), gradient=False, **same)
op("cast", lambda x, dtype: x.astype(dtype), [case((3, 4), dtype="int32")], dtypes=ALL,
   domain=(0, 9), gradient=False, exact=True, result_dtype="int32")
op("fill", lambda value, dims: np.full(dims, value),
   [case((), dims=[2, 3]), case((), dims=[]), case((), dims=[0, 2])],
   dtypes=ALL, exact=True, call=lambda value, dims: fill(dims, value), gradient=False)


def fill(dims, value):
    import millstream as tf
    return tf.fill(dims, value)
