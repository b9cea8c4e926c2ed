"""Sorting, ranking, searching."""
import numpy as np

from ops.table import ALL, FLOATING, NUMERIC, case, op

# Far enough apart for central differences.
APART = [9.0, 1.0, 4.0, 2.5, 0.0, 6.5]
MATRIX = np.array(APART).reshape(2, 3)


def argsort(values, axis=-1, direction="ASCENDING", stable=False):
    order = values if direction == "ASCENDING" else -values
    return np.argsort(order, axis, kind="stable")


def sort(values, axis=-1, direction="ASCENDING"):
    return np.take_along_axis(values, argsort(values, axis, direction), axis)


def top_k(input, k=1, sorted=True):
    places = argsort(input, direction="DESCENDING")[..., :k]
    return [np.take_along_axis(input, places, -1), places]


ORDERS = [case(APART), case(MATRIX, axis=0), case(MATRIX, direction="DESCENDING"), case((3, 0)),
          case([1.0, 0.0, 1.0, 0.0])]

op("sort", sort, ORDERS[:-1], dtypes=NUMERIC, exact=True)
op("argsort", argsort, ORDERS, dtypes=NUMERIC, gradient=False, result_dtype="int32")
op("internal.ordered", lambda input, k=None, descending=False: sort(
    input, direction="DESCENDING" if descending else "ASCENDING")[..., :k],
   [case(MATRIX), case(MATRIX, k=2, descending=True)], dtypes=NUMERIC, exact=True,
   call=lambda *args, **kw: values_of(*args, **kw))
op("math.top_k", lambda *args, **kw: top_k(*args, **kw)[0],
   [case(MATRIX, k=2), case(APART), case(APART, k=0), case((30, 40), k=3)], dtypes=NUMERIC,
   exact=True, call=lambda *args, **kw: largest(*args, **kw))
op("math.in_top_k", lambda targets, predictions, k: np.array([
    np.sum(row > row[target]) < k for target, row in zip(targets, predictions)], bool),
   [case([0, 2], MATRIX, k=1), case([1, 0], MATRIX, k=2)], input_dtypes={0: "int32"},
   dtypes=FLOATING, gradient=False, result_dtype="bool")
op("searchsorted", lambda sorted_sequence, values, side="left": np.stack([
    np.searchsorted(row, each, side) for row, each in zip(
        sorted_sequence.reshape(-1, sorted_sequence.shape[-1]), values.reshape(-1, values.shape[-1]))
]).reshape(values.shape),
   [case([1, 2, 2, 5], [0, 2, 9]), case([1, 2, 2, 5], [0, 2, 9], side="right"),
    case([[1, 2], [3, 4]], [[2], [2]])], dtypes=NUMERIC, gradient=False, result_dtype="int32")


def unique(x):
    values, first, inverse, counts = np.unique(
        x, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    return [values[order], np.argsort(order)[inverse], counts[order]]


REPEATED = [case([3, 1, 3, 2, 1]), case(np.zeros(0)), case([7])]
for name, f in (("unique", lambda x: unique(x)[0]), ("unique_with_counts", lambda x: unique(x)[0])):
    op(name, f, REPEATED, dtypes=ALL, gradient=False, exact=True,
       call=lambda x, name=name: first_output(name, x))


def first_output(name, x):
    import millstream as tf
    outputs = getattr(tf, name)(x)
    y, idx, *count = outputs
    np.testing.assert_array_equal(idx.numpy(), unique(np.asarray(tf.cast(x, tf.float64)))[1])
    for each in count:
        np.testing.assert_array_equal(each.numpy(), unique(np.asarray(tf.cast(x, tf.float64)))[2])
    return y


def largest(input, **arguments):
    import millstream as tf
    values, indices = tf.math.top_k(input, **arguments)
    want = top_k(np.asarray(tf.cast(input, tf.float64)), **arguments)[1]
    np.testing.assert_array_equal(indices.numpy(), want)
    return values


def values_of(input, **arguments):
    from ops.table import function_named
    return function_named("internal.ordered")(input, **arguments)[0]
