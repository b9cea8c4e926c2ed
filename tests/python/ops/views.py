"""Views: other shapes over the same data."""
import numpy as np

from ops.table import ALL, case, op

view = dict(dtypes=ALL, exact=True)

op("reshape", lambda tensor, shape: np.reshape(tensor, shape),
   [case((2, 6), shape=[3, -1]), case((2, 6), shape=[12]), case((1, 1), shape=[]),
    case((), shape=[1, 1]), case((0, 3), shape=[3, 0])], **view)
op("broadcast_to", lambda input, shape: np.broadcast_to(input, shape),
   [case((3, 1), shape=[2, 3, 4]), case((), shape=[2]), case((0, 1), shape=[0, 3])], **view)
op("expand_dims", lambda input, axis: np.expand_dims(input, axis),
   [case((2, 3), axis=0), case((2, 3), axis=-1), case((), axis=0), case((0,), axis=1)], **view)
op("squeeze", lambda input, axis=None: np.squeeze(input, None if axis is None else tuple(axis)),
   [case((1, 2, 1)), case((1, 2, 1), axis=[2]), case((1, 0)), case(())], **view)
op("transpose", lambda a, perm=None: np.transpose(a, perm),
   [case((2, 3, 4)), case((2, 3, 4), perm=[1, 2, 0]), case(()), case((0, 2))], **view)
op("linalg.matrix_transpose", lambda a: np.swapaxes(a, -1, -2), [case((2, 3, 4)), case((0, 2))],
   **view)
op("ensure_shape", lambda x, shape: x, [case((2, 3), shape=[-1, 3]), case((), shape=[])], **view)
