"""tf.Variable."""
import copy
import pickle

import numpy as np
import pytest

import millstream as tf


def test_what_it_is():
    v = tf.Variable([[1, 2]], dtype=tf.float32, name="kernel")
    assert (v.name, v.trainable) == ("kernel:0", True)
    assert (v.dtype, v.shape.as_list()) == (tf.float32, [1, 2])
    assert repr(v) == ("<tf.Variable 'kernel:0' shape=(1, 2) dtype=float32, "
                       "numpy=array([[1., 2.]], dtype=float32)>")
    assert tf.Variable([1.0]).name == "Variable:0"
    assert not tf.Variable([1.0], trainable=False).trainable
    assert tf.Variable(lambda: tf.constant(3.0)).numpy() == 3
    assert not isinstance(v, tf.Tensor) and tf.is_tensor(v)
    with pytest.raises(ValueError, match="initial_value"):
        tf.Variable()


def test_assignments():
    v = tf.Variable([1.0, 2.0])
    before = v.value()
    assert v.assign([3, 4]) is v
    v.assign_add([1.0, 1.0])
    v.assign_sub(tf.constant([0.5, 0.5]))
    assert v.numpy().tolist() == [3.5, 4.5]
    assert before.numpy().tolist() == [1, 2]
    assert v.read_value().numpy().tolist() == [3.5, 4.5]


@pytest.mark.parametrize("change, error", [
    (lambda v: v.assign([1.0, 2.0, 3.0]), ValueError),
    (lambda v: v.assign(tf.constant([1, 2])), ValueError),
    (lambda v: v.assign("a"), TypeError),
    (lambda v: v.assign_add(1.0), tf.errors.InvalidArgumentError),
    (lambda v: v.assign_sub([1.0, 2.0, 3.0]), tf.errors.InvalidArgumentError),
    (lambda v: len(v), TypeError),
    (lambda v: hash(v), TypeError),
])
def test_refuses(change, error):
    v = tf.Variable([1.0, 2.0])
    with pytest.raises(error):
        change(v)
    assert v.numpy().tolist() == [1, 2]


def test_stands_wherever_a_tensor_does():
    v = tf.Variable([1.0, 4.0])
    assert (v + 1).numpy().tolist() == [2, 5] and (1 - v).numpy().tolist() == [0, -3]
    assert tf.sqrt(v).numpy().tolist() == [1, 2] and tf.reduce_sum(v).numpy() == 5
    assert np.asarray(v).tolist() == [1, 4] and tf.convert_to_tensor(v).shape == [2]
    assert (v == v).numpy().all() and (v > 2).numpy().tolist() == [False, True]
    assert float(tf.Variable(2.0)) == 2


def test_shapes_that_may_change():
    v = tf.Variable([[1.0, 2.0]], shape=[None, 2])
    assert v.shape.as_list() == [None, 2]
    v.assign([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ValueError, match="[Ss]hape"):
        v.assign([[1.0]])


def test_numpy_is_a_copy():
    v = tf.Variable([1.0, 2.0])
    array = v.numpy()
    array[0] = 9
    assert v.numpy()[0] == 1


def test_copies_are_variables_of_their_own():
    v = tf.Variable([1.0], name="w", trainable=False)
    assert copy.copy(v) is v
    for other in (copy.deepcopy(v), pickle.loads(pickle.dumps(v))):
        assert (other.name, other.trainable) == ("w:0", False)
        other.assign([2.0])
        assert v.numpy() == [1]


def test_references():
    v = tf.Variable([1.0])
    assert {v.ref(): "w"}[v.ref()] == "w" and v.ref().deref() is v
