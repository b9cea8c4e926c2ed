"""tf.Tensor: making it, Python's protocols, NumPy and DLPack."""
import array
import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import millstream as tf

X = [[1.0, 2.0], [3.0, 4.0]]


def values(tensor):
    return tensor.numpy().tolist()


# --- from Python values --------------------------------------------------------------------------


@pytest.mark.parametrize("value, dtype, shape", [
    (1, "int32", []), (2**31, "int64", []), (-2**40, "int64", []), (1.5, "float32", []),
    (True, "bool", []), ([1, 2.5], "float32", [2]), ([1, True], "int32", [2]), ([], "float32", [0]),
    ([[], []], "float32", [2, 0]), (range(3), "int32", [3]), ((1, 2), "int32", [2]),
    (np.float64(1), "float64", []), (np.int64(1), "int64", []), (np.arange(3), "int64", [3]),
    ([np.float32(1), np.float32(2)], "float32", [2]), (np.zeros((2, 0)), "float64", [2, 0]),
    ([np.ones(2), np.zeros(2)], "float64", [2, 2]), (array.array("h", [1, 2]), "int16", [2]),
    (memoryview(b"ab"), "uint8", [2]), (tf.TensorShape([2, 3]), "int32", [2]),
    (np.arange(6.0).reshape(2, 3).T, "float64", [3, 2]), (np.float16([1]), "float16", [1]),
    (np.array([1.5], ">f4"), "float32", [1]), (np.arange(10.0)[::-2], "float64", [5]),
])
def test_constant(value, dtype, shape):
    tensor = tf.constant(value)
    assert tensor.dtype == dtype
    assert tensor.shape == shape
    np.testing.assert_array_equal(np.asarray(tensor), np.asarray(value))


@pytest.mark.parametrize("value, dtype, error, text", [
    ([[1, 2], [3]], None, ValueError, "non-rectangular"),
    ([[1, 2], 3], None, ValueError, "non-rectangular"),
    ([1, [2]], None, ValueError, "non-rectangular"),
    ([True, 1], None, ValueError, "mixed types"),
    (2**63, None, ValueError, "out-of-range"),
    (300, tf.uint8, ValueError, "out-of-range"),
    (-1, tf.uint8, ValueError, "out-of-range"),
    (1e300, None, ValueError, "out of range"),
    (1.5, tf.int32, TypeError, "Cannot convert 1.5"),
    ([1.5], tf.int32, TypeError, "Cannot convert"),
    (1, tf.bool, TypeError, "Cannot convert 1"),
    (None, None, ValueError, "None"),
    ([None], None, ValueError, "None"),
    ({}, None, ValueError, "unsupported type"),
    (object(), None, ValueError, "unsupported type"),
    ("text", None, TypeError, "string"),
    (np.array(["a"]), None, TypeError, "dtype <U1"),
    (1j, None, ValueError, "unsupported type"),
    ([1.0], "float", None, None),
    ([1.0], "quad", TypeError, "'quad'"),
])
def test_constant_refuses(value, dtype, error, text):
    if error is None:
        tf.constant(value, dtype)
        return
    with pytest.raises(error, match=text):
        tf.constant(value, dtype)


def test_a_list_that_holds_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError, match="nested deeper"):
        tf.constant(loop)


def test_constant_with_a_shape():
    assert values(tf.constant([1, 2, 3, 4], shape=[2, 2])) == [[1, 2], [3, 4]]
    assert values(tf.constant(7, shape=[2, 2])) == [[7, 7], [7, 7]]
    with pytest.raises(TypeError, match="3 elements"):
        tf.constant([1, 2, 3], shape=[2, 2])


def test_constant_copies_arrays():
    source = np.ones(1000, np.float32)
    tensor = tf.constant(source)
    source[0] = 5
    assert tensor.numpy()[0] == 1


def test_convert_to_tensor():
    x = tf.constant(X)
    assert tf.convert_to_tensor(x) is x
    assert tf.convert_to_tensor([1, 2], dtype_hint=tf.float32).dtype == tf.float32
    assert tf.convert_to_tensor([1.5], dtype_hint=tf.int32).dtype == tf.float32
    with pytest.raises(ValueError, match="requested dtype int32"):
        tf.convert_to_tensor(x, tf.int32)


def test_objects_that_know_how_to_become_a_tensor():
    class Own:
        def __tf_tensor__(self, dtype=None, name=None):
            return tf.constant([1.0, 2.0])

    assert values(tf.constant([1.0, 1.0]) + Own()) == [2, 3]
    assert values(tf.exp(Own())) == pytest.approx([np.exp(1), np.exp(2)])


def test_objects_that_know_how_to_be_added():
    class Other:
        def __radd__(self, left):
            return "mine"

    assert tf.constant(1.0) + Other() == "mine"


# --- attributes and protocols --------------------------------------------------------------------


def test_attributes():
    x = tf.constant(X)
    assert (x.dtype, x.ndim, x.shape.as_list()) == (tf.float32, 2, [2, 2])
    assert x.device.endswith("device:CPU:0")
    x.set_shape([None, 2])
    with pytest.raises(ValueError, match="not compatible"):
        x.set_shape([3, 2])
    with pytest.raises(AttributeError, match="nothing"):
        x.nothing


def test_takes_attributes_and_weak_references():
    x = tf.constant(X)
    x._keras_mask = "mask"
    assert x._keras_mask == "mask"
    reference = weakref.ref(x)
    cycle = [x]
    x.cycle = cycle
    del x, cycle
    gc.collect()
    assert reference() is None


def test_printing():
    assert repr(tf.constant(1.5)) == "<tf.Tensor: shape=(), dtype=float32, numpy=1.5>"
    assert repr(tf.constant([[1, 2]])) == (
        "<tf.Tensor: shape=(1, 2), dtype=int32, numpy=array([[1, 2]], dtype=int32)>")
    assert repr(tf.constant(X)).count("\n") == 2
    assert f"{tf.constant(1.0):.2f}" == "1.00" and "%d" % tf.constant(3) == "3"


def test_numbers():
    assert float(tf.constant(1.5)) == 1.5 and int(tf.constant(2.7)) == 2
    assert int(tf.constant(2**63, tf.uint64)) == 2**63
    assert [10, 20, 30][tf.constant(1)] == 20
    assert bool(tf.constant(True)) and not tf.constant(0.0) and tf.constant([3])
    for convert, error in [(float, TypeError), (int, TypeError), (bool, ValueError)]:
        with pytest.raises(error):
            convert(tf.constant([1.0, 2.0]))
    with pytest.raises(TypeError, match="integer tensor"):
        [1, 2][tf.constant(1.0)]


def test_hash_and_references():
    x = tf.constant(X)
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)
    assert {x.ref(): 1}[x.ref()] == 1 and x.ref().deref() is x
    assert x.ref() != tf.constant(X).ref()


def test_copies_and_pickles():
    x = tf.constant(X, tf.float16)
    assert copy.copy(x) is x
    for same in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert same.dtype == tf.float16 and values(same) == X
    half = tf.constant(X, tf.bfloat16)
    assert pickle.loads(pickle.dumps(half)).dtype == tf.bfloat16


# --- operators -----------------------------------------------------------------------------------


@pytest.mark.parametrize("calculate", [
    lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: x / y,
    lambda x, y: x // y, lambda x, y: x % y, lambda x, y: x ** y, lambda x, y: -x,
    lambda x, y: abs(x), lambda x, y: +x, lambda x, y: x < y, lambda x, y: x <= y,
    lambda x, y: x > y, lambda x, y: x >= y, lambda x, y: x == y, lambda x, y: x != y,
    lambda x, y: 2 * x, lambda x, y: 2 - x, lambda x, y: 1 / x,
    lambda x, y: x + np.array([1.0, 2.0], np.float32), lambda x, y: np.float32(2) * x,
    lambda x, y: np.array([1.0, 2.0], np.float32) * x, lambda x, y: x * True,
])
def test_operators(calculate):
    x, y = np.float32([1.5, -2.5]), np.float32([2, 2])
    result = calculate(tf.constant(x), tf.constant(y))
    want = np.asarray(calculate(x, y))
    assert isinstance(result, tf.Tensor) and result.dtype == want.dtype
    np.testing.assert_allclose(result.numpy(), want, rtol=1e-6)


def test_lists_are_operands():
    x = tf.constant([1.0, 2.0])
    assert values(x + [1, 2]) == values([1, 2] + x) == [2, 4]


def test_logical_and_bitwise_operators():
    a, b = tf.constant([True, True, False]), tf.constant([True, False, False])
    assert values(a & b) == [True, False, False] and values(a | b) == [True, True, False]
    assert values(a ^ b) == [False, True, False] and values(~a) == [False, False, True]
    assert values(tf.constant([6, 5]) & 3) == [2, 1] and values(~tf.constant([0])) == [-1]


def test_literals_take_the_dtype_beside_them():
    for dtype in (tf.float16, tf.bfloat16, tf.float64):
        assert (tf.constant([1.0], dtype) * 2.5).dtype == dtype
        assert (3 + tf.constant([1.0], dtype)).dtype == dtype
    assert (tf.constant([1], tf.int64) + 1).dtype == tf.int64
    with pytest.raises(tf.errors.InvalidArgumentError, match="int32"):
        tf.constant([1]) + 1.5
    with pytest.raises(tf.errors.InvalidArgumentError, match="float32"):
        tf.constant([1.0]) + tf.constant([1])
    with pytest.raises(ValueError, match="out-of-range"):
        tf.constant([1]) + 2**40
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.constant([1]) + np.array([1.5])  # would lose the half


def test_integers_divide_to_real_numbers():
    assert (tf.constant([1]) / 2).dtype == tf.float64
    assert (tf.constant([1], tf.int8) / 2).dtype == tf.float32
    assert values(tf.divide(3, 2)) == 1.5 and values(tf.constant([7]) // 2) == [3]


def test_equality_answers_for_anything():
    x = tf.constant([1.0, 2.0])
    assert (x == None) is False and (x != None) is True  # noqa: E711
    assert values(x == [1.0, 3.0]) == [True, False]
    assert values(x == [1.0, 2.0, 3.0]) is False


@pytest.mark.parametrize("calculate, error", [
    (lambda x: x + None, ValueError), (lambda x: x + "a", TypeError),
    (lambda x: x < {}, ValueError), (lambda x: x + test_numbers, (TypeError, ValueError)),
    (lambda x: x + [1.0, 2.0, 3.0], tf.errors.InvalidArgumentError),
    (lambda x: pow(x, 2, 3), TypeError), (lambda x: divmod(x, 2), TypeError),
])
def test_operators_refuse(calculate, error):
    with pytest.raises(error):
        calculate(tf.constant([1.0, 2.0]))


# --- NumPy, buffers, DLPack ----------------------------------------------------------------------


@pytest.mark.parametrize("make", [
    lambda x: x.numpy(), lambda x: np.asarray(x), lambda x: np.asarray(memoryview(x)),
    lambda x: np.from_dlpack(x)])
def test_out_without_a_copy(make):
    x = tf.constant(np.arange(1000.0))
    first, second = make(x), np.asarray(x)
    assert np.shares_memory(first, second)
    assert not first.flags.writeable
    want = second.copy()
    del x, second
    gc.collect()
    np.testing.assert_array_equal(first, want)  # the memory lives as long as the array


def test_out_with_strides():
    x = tf.transpose(tf.constant(np.arange(6.0).reshape(2, 3)))
    assert x.numpy().strides == (8, 24)
    np.testing.assert_array_equal(np.from_dlpack(x), np.arange(6.0).reshape(2, 3).T)
    with pytest.raises(BufferError):
        memoryview(x).cast("B")[0] if not memoryview(x).contiguous else None
        bytes(np.frombuffer(x))


def test_numpy_of_a_scalar_is_a_numpy_scalar():
    assert isinstance(tf.constant(1.5).numpy(), np.float32)


def test_bfloat16_without_ml_dtypes_comes_out_as_float32():
    x = tf.constant([1.5, 2.5], tf.bfloat16)
    assert [float(v) for v in x.numpy()] == [1.5, 2.5]


def test_array_protocol():
    x = tf.constant([1.0, 2.0])
    assert np.array(x).flags.writeable
    assert np.asarray(x, np.float64).dtype == np.float64
    assert np.sum(x) == 3


def test_in_without_a_copy():
    source = np.arange(12.0).reshape(3, 4)
    x = tf.from_dlpack(source.T)
    assert x.shape == [4, 3]
    source[0, 1] = 99
    assert x.numpy()[1, 0] == 99
    del source
    gc.collect()
    assert x.numpy()[1, 0] == 99


def test_dlpack_refuses():
    capsule = tf.constant([1.0]).__dlpack__()
    tf.from_dlpack(capsule)
    for wrong in (capsule, 3, "a"):
        with pytest.raises((TypeError, ValueError, AttributeError)):
            tf.from_dlpack(wrong)
    with pytest.raises(tf.errors.InvalidArgumentError, match="no dtype"):
        tf.from_dlpack(np.zeros(2, np.complex64))


def test_unused_capsules_and_buffers_are_freed():
    x = tf.constant(np.zeros(1000))
    reference = weakref.ref(x)
    x.__dlpack__()
    view = memoryview(x)
    del x
    assert reference() is not None
    view.release()
    gc.collect()
    assert reference() is None
