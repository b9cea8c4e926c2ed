"""Random calls of every op, with a fixed seed and for a bounded time.

Calls that must work are compared with the reference. Wild ones, with any shapes, dtypes and
arguments, give what the reference gives or raise an error that is the caller's to mend.
"""
import time
import zlib

import numpy as np
import pytest

import millstream as tf
from ops import load_rows
from ops.table import ALL, Case, expected, function_named, make_inputs, run, to_array, to_tensors

SECONDS = 20  # for all ops together
ROWS = list(load_rows().values())
MENDABLE = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, tf.errors.OutOfRangeError,
            tf.errors.ResourceExhaustedError, TypeError, ValueError)
by_row = pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])


def calls(row, purpose):
    """Yields a random generator for each call until this row's time is up."""
    rng = np.random.default_rng(zlib.crc32(f"{row.name} {purpose}".encode()))
    end = time.monotonic() + SECONDS / len(ROWS) / 2
    for _ in range(200):
        yield rng
        if time.monotonic() > end:
            break


def random_shape(rng):
    return tuple(int(n) for n in rng.integers(0 if rng.random() < 0.1 else 1, 5, rng.integers(0, 5)))


def broadcastable(rng, shape):
    """A shape that broadcasts with `shape`, to it."""
    other = [1 if rng.random() < 0.3 else size for size in shape]
    return tuple(other[rng.integers(0, len(other) + 1):])


def working_case(rng, row):
    if row.fuzz is not None:
        return row.fuzz(rng)
    case = row.cases[rng.integers(len(row.cases))]
    if not row.elementwise:
        return case
    shape = random_shape(rng)
    return Case(tuple(broadcastable(rng, shape) for _ in case.inputs), case.arguments)


@by_row
def test_working_calls(row):
    for rng in calls(row, "working"):
        case = working_case(rng, row)
        dtype = row.dtypes[rng.integers(len(row.dtypes))]
        arrays = make_inputs(row, case, dtype, seed=int(rng.integers(2**31)))
        results = run(row, to_tensors(row, arrays, dtype), case.arguments)
        if row.random:
            continue
        wanted = expected(row, arrays, case.arguments)
        assert len(results) == len(wanted)
        for result, want in zip(results, wanted):
            assert tuple(result.shape) == want.shape, case
            if row.exact or not result.dtype.is_floating:
                np.testing.assert_array_equal(to_array(result), want.astype(to_array(result).dtype))
            else:
                tolerance = 4 * row.tolerance_of(row.result_dtype_of(dtype))
                np.testing.assert_allclose(to_array(result), want, rtol=tolerance, atol=tolerance)


# --- wild calls ----------------------------------------------------------------------------------

_ODD = [None, True, -1, 0, 7, 2**31, 2**63, 2**70, 1.5, float("nan"), "SAME", "", [], [0, 0],
        [1, -1], [2**62, 2**62], [[1, 2], [3]], object(), {}, b"x", "ij,jk->ik", (None,), tf.float32]
_USUAL = {"bool": [True, False], "int": [0, 1, -1, 2, 3], "float": [0.0, 0.5, 1.0, 1e-3],
          "str": ["SAME", "VALID", "NHWC", "NCHW", "REFLECT", "CONSTANT", "ASCENDING"],
          "dtype": [tf.float32, tf.int32, "float64", tf.bool], "floats": [[0.5], [1.0, 2.0]],
          "ints": [0, 1, -1, [0], [1, 2], [-1], [2, 2, 2], [1, 2, 2, 1], [0, 2, 1], [4, -1]]}
_USUAL["str|ints"] = _USUAL["str"] + _USUAL["ints"]
_USUAL["int|ints"] = _USUAL["int"] + _USUAL["ints"]


def wild_tensor(rng, dtype, base):
    shape = base if rng.random() < 0.5 else random_shape(rng)
    dtype = dtype if rng.random() < 0.85 else ALL[rng.integers(len(ALL))]
    values = rng.integers(-3, 9, shape) if rng.random() < 0.5 else rng.normal(0, 3, shape)
    values = np.asarray(values, dtype=float)
    if rng.random() < 0.1 and values.size:
        values.flat[rng.integers(values.size)] = rng.choice([np.nan, np.inf, -np.inf, 1e30, -0.0])
    tensor = tf.cast(tf.constant(values), dtype)
    return tf.transpose(tensor) if rng.random() < 0.15 else tensor


def wild_value(rng, kind, dtype, base):
    if rng.random() < 0.06:
        return _ODD[rng.integers(len(_ODD))]
    if kind == "tensor":
        return wild_tensor(rng, dtype, base)
    if kind == "tensors":
        return [wild_tensor(rng, dtype, base) for _ in range(rng.integers(0, 4))]
    return _USUAL[kind][rng.integers(len(_USUAL[kind]))]


def wild_arguments(rng, function):
    dtype, base = ALL[rng.integers(len(ALL))] if rng.random() < 0.5 else "float32", random_shape(rng)
    arguments = {}
    for name, kind, optional, has_default, _ in function.op_parameters:
        if has_default and rng.random() < 0.5:
            continue
        arguments[name] = None if optional and rng.random() < 0.3 else \
            wild_value(rng, kind, dtype, base)
    if rng.random() < 0.02:
        arguments["no_such_argument"] = 1
    return arguments


@by_row
def test_wild_calls(row):
    function = function_named(row.name)
    for rng in calls(row, "wild"):
        arguments = wild_arguments(rng, function)
        try:
            result = function(**arguments)
        except MENDABLE as error:
            assert str(error)
            continue
        for tensor in result if isinstance(result, (list, tuple)) else [result]:
            assert to_array(tensor).shape == tuple(tensor.shape)


@by_row
def test_shapes_fit_where_numpy_says_so(row):
    """An elementwise op takes just those shapes that NumPy broadcasts."""
    if not row.elementwise:
        return
    for rng in calls(row, "shapes"):
        shapes = [random_shape(rng) for _ in row.cases[0].inputs]
        dtype = row.dtypes[-1]
        tensors = to_tensors(row, make_inputs(row, Case(tuple(shapes), {}), dtype), dtype)
        try:
            want = np.broadcast_shapes(*shapes)
        except ValueError:
            with pytest.raises(tf.errors.InvalidArgumentError):
                run(row, tensors, {})
        else:
            assert tuple(run(row, tensors, {})[0].shape) == want
