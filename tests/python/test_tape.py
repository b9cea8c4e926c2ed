"""tf.GradientTape and tf.custom_gradient."""
import collections
import threading

import numpy as np
import pytest

import millstream as tf


def test_gradient_of_a_variable():
    v = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(v * v * v)
    assert tape.gradient(y, v).numpy().tolist() == [3, 12]


def test_structures_of_sources():
    Pair = collections.namedtuple("Pair", "a b")
    v, w = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = v * w
    assert tape.gradient(y, [v, w])[1].numpy() == 2
    assert tape.gradient(y, {"x": v, "y": [w]})["y"][0].numpy() == 2
    assert tape.gradient(y, Pair(v, (w,))).b[0].numpy() == 2
    assert tape.gradient([y, {"more": y}], v).numpy() == 6
    assert tape.gradient(y, []) == []


def test_watching():
    x, frozen = tf.constant(2.0), tf.Variable(3.0, trainable=False)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * frozen
        z = tf.constant(1.0) * frozen
    assert tape.gradient(y, x).numpy() == 3
    assert tape.gradient(y, frozen) is None and tape.gradient(z, x) is None
    v = tf.Variable(1.0)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([v])
        y = v * v
    assert tape.watched_variables() == (v,) and tape.gradient(y, v).numpy() == 2
    for wrong in ("a", None, 3):
        with pytest.raises(ValueError, match="not tf.Tensor"):
            tf.GradientTape().watch(wrong)


def test_unconnected_gradients():
    v, other = tf.Variable([1.0, 2.0]), tf.Variable([3.0, 4.0])
    with tf.GradientTape(persistent=True) as tape:
        y = v * v
    assert tape.gradient(y, other) is None
    for zero in ("zero", tf.UnconnectedGradients.ZERO):
        assert tape.gradient(y, other, unconnected_gradients=zero).numpy().tolist() == [0, 0]
    with pytest.raises(ValueError, match="foo"):
        tape.gradient(y, v, unconnected_gradients="foo")


def test_output_gradients():
    v = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        y = v * v
    given = tape.gradient(y, v, output_gradients=[2.0, 3.0])
    assert given.numpy().tolist() == [4, 12]
    with pytest.raises(tf.errors.InvalidArgumentError):
        tape.gradient(y, v, output_gradients=tf.constant([1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match="2 output_gradients"):
        tape.gradient([y], v, output_gradients=[y, y])


def test_only_persistent_tapes_answer_twice():
    v = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = v * v
    tape.gradient(y, v)
    with pytest.raises(RuntimeError, match="non-persistent"):
        tape.gradient(y, v)


@pytest.mark.parametrize("target, sources, error", [
    (None, "v", TypeError), ("y", "a", TypeError), ("y", None, TypeError)])
def test_refuses(target, sources, error):
    v = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = v * v
    with pytest.raises(error):
        tape.gradient(y if target == "y" else target, v if sources == "v" else sources)


def test_scopes():
    v = tf.Variable(2.0)
    tape = tf.GradientTape(persistent=True)
    with tape:
        with pytest.raises(ValueError, match="still recording"):
            tape.__enter__()
        with tape.stop_recording():
            unseen = v * v
        y = v * unseen
    assert tape.gradient(y, v).numpy() == 4
    with pytest.raises(ValueError, match="not recording"):
        tape.reset()
    with tape:
        tape.reset()
        y = 3 * v
    assert tape.gradient(y, v).numpy() == 3


def test_nested_tapes_give_second_derivatives():
    x = tf.constant(3.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        slope = inner.gradient(y, x)
    assert outer.gradient(slope, x).numpy() == 18


def test_assignment_stops_gradients():
    v, w = tf.Variable(2.0), tf.Variable(0.0)
    with tf.GradientTape() as tape:
        w.assign(v * v)
        y = w * v
    gradients = tape.gradient(y, [v, w])
    assert [g.numpy() for g in gradients] == [4, 2]


def test_tapes_of_threads_are_their_own():
    v = tf.Variable([1.0] * 10)
    results = {}

    def work(i):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(v * float(i))
        results[i] = tape.gradient(y, v).numpy()[0]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {i: i for i in range(8)}


# --- custom_gradient -----------------------------------------------------------------------------


def test_custom_gradient():
    @tf.custom_gradient
    def log1pexp(x):
        """Stable."""
        e = tf.exp(x)
        return tf.math.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))

    assert log1pexp.__doc__ == "Stable."
    x = tf.constant(100.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = log1pexp(x)
    assert tape.gradient(y, x).numpy() == 1


def test_custom_gradient_of_several():
    @tf.custom_gradient
    def swap(a, b):
        return (b, a), lambda da, db: (10 * db, 20 * da)

    a, b = tf.constant(1.0), tf.constant([2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch([a, b])
        c, d = swap(a, b)
        y = tf.reduce_sum(c) + 5 * d
    da, db = tape.gradient(y, [a, b])
    assert da.numpy() == 50 and db.numpy().tolist() == [20, 20]


def test_custom_gradient_that_returns_too_few():
    @tf.custom_gradient
    def f(a, b):
        return a * b, lambda upstream: upstream

    a = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = f(a, a)
    with pytest.raises(ValueError, match="expected to return 2"):
        tape.gradient(y, a)


def test_errors_in_a_custom_gradient_come_through():
    @tf.custom_gradient
    def f(a):
        def gradient(upstream):
            raise KeyError("mine")
        return a * 2, gradient

    a = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = f(a)
    with pytest.raises(KeyError, match="mine"):
        tape.gradient(y, a)


def test_custom_gradients_have_gradients():
    @tf.custom_gradient
    def cube(x):
        return x * x * x, lambda upstream: upstream * 3 * x * x

    x = tf.Variable(2.0)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = cube(x)
        slope = inner.gradient(y, x)
    assert outer.gradient(slope, x).numpy() == 12


def test_large_tensors_release_the_gil():
    x = tf.Variable(np.ones((300, 300), np.float32))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.exp(x) * x)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), 2 * np.e, rtol=1e-5)


def test_jacobians():
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        y = tf.linalg.matvec([[1.0, 2.0], [3.0, 4.0]], x * x)
        batch = tf.stack([x, 2 * x])
    np.testing.assert_array_equal(tape.jacobian(y, x), [[2, 8], [6, 16]])
    found = tape.jacobian(y, {"x": x, "none": tf.constant(1.0)})
    assert found["none"] is None and found["x"].shape == (2, 2)
    with tf.GradientTape() as tape:
        tape.watch(batch)
        squares = batch ** 2
    np.testing.assert_array_equal(
        tape.batch_jacobian(squares, batch), [[[2, 0], [0, 4]], [[4, 0], [0, 8]]])
