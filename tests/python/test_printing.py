"""str(tensor) is NumPy's text in TensorFlow's frame."""
import numpy as np
import pytest

import millstream as tf

# Since 2.3 NumPy is content with the digits that a dtype has; we print what the newest one does.
SMALL = np.lib.NumpyVersion(np.__version__) < "2.3.0"


def check(array):
    finite = np.abs(array[np.isfinite(array)], dtype=float)
    if SMALL and array.dtype.kind == "f" and (finite >= 1e3).any():
        return
    text = str(array)
    if SMALL and array.dtype == np.float16 and "e-" in text:
        return
    text = "\n" + text if "\n" in text else text
    want = f"tf.Tensor({text}, shape={array.shape}, dtype={array.dtype.name})"
    assert str(tf.constant(array)) == want


@pytest.mark.parametrize("values", [
    [1.0, 2.0], [1.5, -2.25, 3], [0.1, 0.2, 1 / 3], [1e-5, 1], [1e8, 1], [1e7, 1.0], [100, 0.01],
    [np.nan, 1], [np.inf, -np.inf, 0.5], [np.nan, 1e10], [-np.inf, 1], [0, 0], [-0.0], [1e-300, 1],
    [1234.5678, 0.001], [123456.789, 1000], [[1, 2.5], [3, 4]], [1e22], [1e-4], [9.9999e-5],
    [[[1.0], [2.0]]], 1.5, 1e-5, 1e16, 1e15, 0.0001, np.nan, -np.inf, 0.1, 100, 1 / 3, 1e22,
    [0.30000001192092896], [16777216.0, 1e-3],
])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats(values, dtype):
    with np.errstate(over="ignore"):
        check(np.array(values, dtype))


@pytest.mark.parametrize("array", [
    np.arange(5), np.array([-1, 100]), np.array([True, False]), np.array(True), np.uint8([0, 255]),
    np.arange(24).reshape(2, 3, 4), np.zeros((0,)), np.zeros((2, 0)), np.arange(100) * 1.5,
    np.arange(1000), np.arange(1001), np.arange(2000).reshape(2, 1000), np.zeros((30, 30, 2)),
    np.arange(5000).reshape(50, 10, 10) / 7, np.ones((1, 1, 1)), np.arange(60) % 2 == 0,
    np.arange(1001.0)[:, None], np.arange(40) * 1e10, np.full((3, 1200), -1.25),
])
def test_layout(array):
    check(array)


def test_random_arrays():
    rng = np.random.default_rng(0)
    for _ in range(1500):
        shape = rng.integers(1, 9, rng.integers(0, 4))
        scale = 10.0 ** rng.integers(-6, 10)
        array = rng.standard_normal(shape) * scale
        if rng.random() < 0.3:
            array = np.round(array, int(rng.integers(0, 3)))
        check(np.asarray(array).astype(rng.choice(["float16", "float32", "float64", "int64"])))


def test_bfloat16():
    assert str(tf.constant([1.5, 0.1], tf.bfloat16)) == (
        "tf.Tensor([1.5 0.100098], shape=(2,), dtype=bfloat16)")
