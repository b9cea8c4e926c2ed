"""Regular numbers, and numbers about tensors."""
import numpy as np

from ops.table import ALL, INTEGER, NUMERIC, case, op

NUMBERS = ("float16", "bfloat16", "float32", "float64", "int32", "int64")
constant = dict(gradient=False, exact=True)

op("range", lambda start, limit=None, delta=1: np.arange(start, limit, delta)
   if limit is not None else np.arange(start),
   [case(5), case(2, 8), case(10, 0, -3), case(0, 0), case(0, 3, 2)],
   dtypes=NUMBERS, **constant)
op("raw_ops.Range", np.arange, [case(2, 8, 1), case(0, 0, 1), case(1, 9, 3)], dtypes=NUMERIC,
   domain=(0, 10), **constant)
op("linspace", lambda start, stop, num, axis=0: np.linspace(start, stop, num, axis=axis),
   [case((), (), num=5), case((2,), (2,), num=4, axis=1), case((), (), num=1), case((), (), num=0)], refuses=False)
op("meshgrid", lambda args, indexing="xy": np.meshgrid(*args, indexing=indexing),
   [case((3,), (2,)), case((3,), (2,), (4,), indexing="ij"), case((2,))], tensors=True, dtypes=ALL,
   exact=True, call=lambda args, **arguments: grid(args, **arguments))
op("sequence_mask", lambda lengths, maxlen=None: np.arange(
    max(lengths.max(), 0) if maxlen is None else maxlen) < lengths[..., None],
   [case([1, 3, 0]), case([[2], [1]], maxlen=4)], dtypes=INTEGER, result_dtype="bool",
   **constant)


def one_hot(indices, on_value=1, off_value=0, *, depth, axis=-1):
    places = np.arange(depth)
    hot = np.moveaxis(indices[..., None] == places, -1, axis)
    return np.where(hot, on_value, off_value)


HOT = [dict(depth=3), dict(depth=4, axis=0), dict(depth=0)]
op("one_hot", lambda indices, **arguments: one_hot(indices, **arguments).astype(float),
   [case([[0, 2], [-1, 5]], **each) for each in HOT], dtypes=INTEGER,
   result_dtype="float32", **constant)
op("raw_ops.OneHot", one_hot,
   [case([[0, 2], [1, 5]], (), (), **each) for each in HOT], input_dtypes={0: "int32"}, dtypes=ALL,
   **constant)
op("math.invert_permutation", np.argsort, [case([2, 0, 1]), case(np.zeros(0))],
   dtypes=("int32", "int64"), **constant)

SHAPES = [case((2, 3)), case(()), case((0, 4))]
op("shape", lambda input: np.array(input.shape), SHAPES, dtypes=ALL, result_dtype="int32",
   call=lambda input: sizes(input), **constant)
op("size", np.size, SHAPES, dtypes=ALL, result_dtype="int32", **constant)
op("rank", np.ndim, SHAPES, dtypes=ALL, result_dtype="int32", **constant)


def sizes(input):
    import millstream as tf
    return tf.shape(input)


def grid(args, **arguments):
    import millstream as tf
    return tf.meshgrid(*args, **arguments)
