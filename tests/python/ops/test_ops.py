"""Every row of the op table: values, dtypes, strides, gradients, gradients of gradients."""
import numpy as np
import pytest

import millstream as tf
from ops import load_rows
from ops.table import (ALL, all_functions, expected, function_named, make_inputs, pairs, run,
                       to_array, to_tensors)

ROWS = list(load_rows().values())
# Tested through the ops that they build, the updates in tests/cpp/keras/optimizer_test.cc.
BUILDING_BLOCKS = ("internal.", "raw_ops.", "keras.optimizers.")
DIFFERENTIABLE = [row for row in ROWS if row.gradient]


def by_case(rows):
    return pytest.mark.parametrize("row, case", [
        pytest.param(row, case, id=f"{row.name}{case}") for row, case in pairs(rows)])


def by_row(rows):
    return pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in rows])


def compare(row, results, wanted, dtype):
    assert len(results) == len(wanted)
    for result, want in zip(results, wanted):
        got = to_array(result)
        assert got.shape == want.shape
        if row.exact or not result.dtype.is_floating:
            np.testing.assert_array_equal(got, want.astype(got.dtype))
        else:
            tolerance = row.tolerance_of(dtype)
            np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


def test_every_op_has_a_row():
    """Save the building blocks of others, which are tested through those."""
    rows = {function_named(row.name) for row in ROWS}
    missing = [function.op_names[0] for function in all_functions()
               if function not in rows and not function.op_names[0].startswith(BUILDING_BLOCKS)]
    assert not missing, f"give each of these a row in tests/python/ops: {missing}"


@by_case(ROWS)
def test_values_in_every_dtype(row, case):
    for dtype in row.dtypes:
        arrays = make_inputs(row, case, dtype)
        results = run(row, to_tensors(row, arrays, dtype), case.arguments)
        for result in results:
            assert result.dtype == row.result_dtype_of(dtype)
        compare(row, results, expected(row, arrays, case.arguments), row.result_dtype_of(dtype))


@by_row([row for row in ROWS if row.refuses])
def test_refuses_other_dtypes(row):
    case = row.cases[0]
    for dtype in ALL:
        if dtype in row.dtypes:
            continue
        arrays = make_inputs(row, case, dtype)
        if len(row.input_dtypes) == len(arrays):
            continue  # no input takes the dtype
        with pytest.raises((tf.errors.InvalidArgumentError, tf.errors.UnimplementedError,
                            TypeError, ValueError)):
            run(row, to_tensors(row, arrays, dtype), case.arguments)
            print(f"{row.name} took {dtype}")


def transposed(array):
    """A tensor whose elements do not lie in row-major order."""
    return tf.transpose(tf.from_dlpack(array.T.copy(order="C")))


@by_case(ROWS)
def test_strided_inputs(row, case):
    dtype = "float64" if "float64" in row.dtypes else row.dtypes[0]
    arrays = make_inputs(row, case, dtype)
    plain = to_tensors(row, arrays, dtype)
    strided = [transposed(np.asarray(tensor)) for tensor in plain]
    results = run(row, strided, case.arguments)
    if not row.random:
        compare(row, results, expected(row, arrays, case.arguments), dtype)


# --- gradients -----------------------------------------------------------------------------------


def weighted(row, tensors, arguments, weights):
    """The sum of all outputs' elements, each with a weight of its own."""
    total = tf.constant(0.0, tf.float64)
    for result, weight in zip(run(row, tensors, arguments), weights):
        if result.dtype.is_floating:
            total = total + tf.reduce_sum(result * weight)
    return total


def derivative(f, arrays, position, step):
    """Central differences of f by every element of one array."""
    slopes = np.zeros_like(arrays[position])
    for index in np.ndindex(slopes.shape):
        moved = []
        for sign in (1, -1):
            changed = [array.copy() for array in arrays]
            changed[position][index] += sign * step
            moved.append(f(changed))
        slopes[index] = (moved[0] - moved[1]) / (2 * step)
    return slopes


def positions_of(row, arrays):
    chosen = range(len(arrays)) if row.gradient_of is None else row.gradient_of
    return [i for i in chosen if arrays[i].dtype == np.float64]


def setup(row, case):
    arrays = make_inputs(row, case, "float64", seed=1)
    rng = np.random.default_rng(2)
    outputs = run(row, to_tensors(row, arrays, "float64"), case.arguments)
    weights = [rng.uniform(0.5, 1.5, tuple(output.shape)) for output in outputs]
    return arrays, weights


def taped_gradients(row, case, arrays, weights, positions):
    tensors = to_tensors(row, arrays, "float64")
    with tf.GradientTape() as tape:
        for tensor in tensors:
            tape.watch(tensor)
        total = weighted(row, tensors, case.arguments, weights)
    return tape.gradient(total, [tensors[i] for i in positions], unconnected_gradients="zero")


def small_enough(arrays):
    return sum(array.size for array in arrays) <= 300


@by_case(DIFFERENTIABLE)
def test_gradient(row, case):
    arrays, weights = setup(row, case)
    if not small_enough(arrays):
        return
    positions = positions_of(row, arrays)

    def f(values):
        return float(weighted(row, to_tensors(row, values, "float64"), case.arguments, weights))

    gradients = taped_gradients(row, case, arrays, weights, positions)
    for position, gradient in zip(positions, gradients):
        slopes = derivative(f, arrays, position, 1e-5)
        np.testing.assert_allclose(gradient.numpy(), slopes, rtol=2e-6, atol=2e-7)


@by_row([row for row in DIFFERENTIABLE if row.second])
def test_gradient_of_gradient(row):
    case = row.cases[0]
    arrays, weights = setup(row, case)
    positions = positions_of(row, arrays)
    rng = np.random.default_rng(3)
    again = [rng.uniform(0.5, 1.5, arrays[i].shape) for i in positions]

    def first(tensors):
        with tf.GradientTape() as tape:
            for tensor in tensors:
                tape.watch(tensor)
            total = weighted(row, tensors, case.arguments, weights)
        gradients = tape.gradient(total, [tensors[i] for i in positions],
                                  unconnected_gradients="zero")
        return tf.add_n([tf.reduce_sum(g * w) for g, w in zip(gradients, again)])

    tensors = to_tensors(row, arrays, "float64")
    with tf.GradientTape() as outer:
        for tensor in tensors:
            outer.watch(tensor)
        value = first(tensors)
    gradients = outer.gradient(value, [tensors[i] for i in positions],
                               unconnected_gradients="zero")
    for position, gradient in zip(positions, gradients):
        slopes = derivative(lambda values: float(first(to_tensors(row, values, "float64"))),
                            arrays, position, 1e-5)
        np.testing.assert_allclose(gradient.numpy(), slopes, rtol=2e-5, atol=2e-6)
