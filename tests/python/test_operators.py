"""Python's operators on tensors and variables: what NumPy gives."""
import operator

import numpy as np
import pytest

import millstream as tf

BINARY = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "gt", "ge", "eq",
          "ne"]
MATRIX, OTHER = np.array([[1.0, -2.0], [3.5, 4.0]]), np.array([[2.0, 3.0], [1.5, 4.0]])
WRAPPERS = [tf.constant, tf.Variable]


@pytest.mark.parametrize("wrap", WRAPPERS)
@pytest.mark.parametrize("name", BINARY + ["matmul"])
def test_binary(name, wrap):
    f = getattr(operator, name)
    with np.errstate(invalid="ignore"):
        wanted, scalar, reflected = f(MATRIX, OTHER), None, None
        if name != "matmul":
            scalar, reflected = f(MATRIX, 2.0), f(2.0, OTHER)
    x, y = wrap(MATRIX), wrap(OTHER)
    np.testing.assert_allclose(f(x, y).numpy(), wanted)
    np.testing.assert_allclose(f(x, OTHER).numpy(), wanted)
    np.testing.assert_allclose(f(x, tf.constant(OTHER)).numpy(), wanted)
    if scalar is not None:
        np.testing.assert_allclose(f(x, 2.0).numpy(), scalar)
        np.testing.assert_allclose(f(2.0, y).numpy(), reflected)


@pytest.mark.parametrize("wrap", WRAPPERS)
@pytest.mark.parametrize("name", ["neg", "pos", "abs"])
def test_unary(name, wrap):
    f = getattr(operator, name)
    np.testing.assert_array_equal(f(wrap(MATRIX)), f(MATRIX))


@pytest.mark.parametrize("name", ["and_", "or_", "xor"])
@pytest.mark.parametrize("a, b", [([True, True, False], [True, False, False]), ([12, 10], [10, 7])])
def test_logic_and_bits(name, a, b):
    f = getattr(operator, name)
    np.testing.assert_array_equal(f(tf.constant(a), tf.constant(b)), f(np.array(a), np.array(b)))
    np.testing.assert_array_equal(~tf.constant(a), ~np.array(a))


def test_operators_have_gradients():
    w = tf.Variable(MATRIX)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(2.0 * (OTHER @ w - 1.0) ** 2 / 4.0)
    np.testing.assert_allclose(tape.gradient(loss, w), OTHER.T @ (OTHER @ MATRIX - 1))
