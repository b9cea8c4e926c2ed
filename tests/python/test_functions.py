"""What all op functions share: arguments, errors, names, documentation; dtypes, shapes, config."""
import ast
import copy
import inspect
import pathlib
import pickle
import subprocess
import sys

import numpy as np
import pytest

import millstream as tf

X = tf.constant([[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize("call, text", [
    (lambda: tf.add(X), "missing required argument 'y'"),
    (lambda: tf.add(X, X, 3, 4), "takes 2 arguments but 4"),
    (lambda: tf.add(X, z=1), "unexpected keyword argument 'z'"),
    (lambda: tf.add(X, X, y=X), "multiple values for argument 'y'"),
    (lambda: tf.reduce_sum(X, axes=0), "did you mean 'axis'"),
    (lambda: tf.reduce_sum(X, keep_dims=True), "did you mean 'keepdims'"),
    (lambda: tf.reduce_sum(X, axis="a"), "axis must be an int or a list of ints"),
    (lambda: tf.reduce_sum(X, axis=1.5), "axis must be"),
    (lambda: tf.reduce_sum(X, keepdims="no"), "keepdims must be True or False"),
    (lambda: tf.cast(X, "quad"), "'quad'"),
    (lambda: tf.reshape(X, [2.0]), "shape must be"),
    (lambda: tf.expand_dims(X, [0]), "axis must be an int"),
])
def test_wrong_arguments(call, text):
    with pytest.raises(TypeError, match=text):
        call()


@pytest.mark.parametrize("axis", [
    0, [0], (0,), np.int64(0), np.array([0]), tf.constant(0), tf.constant([0]), [tf.constant(0)],
    range(1), -2])
def test_axes_of_any_kind(axis):
    assert tf.reduce_sum(X, axis=axis).numpy().tolist() == [4, 6]


def test_names_are_ignored():
    assert tf.add(X, X, name="sum").shape == tf.add(X, X, "sum").shape == [2, 2]


def test_the_error_says_what_failed():
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        tf.add(X, [1.0, 2.0, 3.0])
    error = caught.value
    assert error.error_code == tf.errors.INVALID_ARGUMENT and error.op == "add"
    assert error.inputs == ["float32[2,2]", "float32[3]"] and "CPU:0" in error.device
    assert error.hint and "Incompatible shapes" in error.message
    assert isinstance(error, (tf.errors.OpError, ValueError))
    again = pickle.loads(pickle.dumps(error))
    assert (again.message, again.hint) == (error.message, error.hint)


def test_every_error_has_its_code():
    codes = {getattr(tf.errors, name)(None, None, "m").error_code for name in dir(tf.errors)
             if name.endswith("Error") and name != "OpError"}
    assert codes == set(range(1, 17))


def test_functions_are_documented():
    for function in tf._core.all_ops():
        lines = function.__doc__.splitlines()
        assert lines[0].startswith(f"tf.{function.op_names[0]}(") and lines[2]
        assert "name" in inspect.signature(function).parameters
    assert str(inspect.signature(tf.math.reduce_sum)).startswith("(input_tensor")
    assert "tf.math.tanh(x, name=None)" in tf.tanh.__doc__


def test_functions_are_known_by_name():
    assert tf.nn.tanh is tf.math.tanh is tf.tanh
    assert (tf.tanh.__name__, tf.tanh.__module__) == ("tanh", "millstream.math")
    assert pickle.loads(pickle.dumps(tf.tanh)) is tf.tanh and copy.deepcopy(tf.tanh) is tf.tanh
    from millstream.nn import relu
    assert relu is tf.nn.relu and repr(relu) == "<function tf.nn.relu>"


def test_absent_names():
    with pytest.raises(AttributeError, match="did you mean 'reduce_sum'"):
        tf.reduce_sun


# --- dtypes and shapes ---------------------------------------------------------------------------


def test_dtypes():
    assert tf.float32 == "float32" == tf.float32 and tf.float32 == np.float32
    assert tf.float32 == np.dtype("float32") and tf.float32 != "foo" and tf.float32 != tf.float64
    assert repr(tf.float32) == "tf.float32" and str(tf.float32) == "<dtype: 'float32'>"
    assert tf.int8.limits == (-128, 127) and tf.uint16.max == 65535
    assert tf.float32.as_numpy_dtype is np.float32 and tf.half is tf.float16
    assert tf.bfloat16.is_floating and tf.uint8.is_unsigned and tf.bool.is_bool
    assert tf.as_dtype(np.int32) is tf.int32 and tf.as_dtype(float) is tf.float32
    assert pickle.loads(pickle.dumps(tf.int64)) is tf.int64 and len({tf.int8, tf.int8}) == 1
    assert tf.float32.max == np.finfo(np.float32).max
    for wrong in ("foo", None, 3, int, complex):
        with pytest.raises(TypeError, match="DType"):
            tf.as_dtype(wrong)


def test_shapes():
    shape = tf.TensorShape([2, None])
    assert shape == [2, None] and shape.rank == 2 and shape[0] == 2 and shape[-1] is None
    assert str(shape) == "(2, None)" and repr(shape) == "TensorShape([2, None])"
    assert shape + [3] == [2, None, 3] and [4] + shape == [4, 2, None] and shape[:1] == [2]
    assert shape.merge_with([None, 3]) == [2, 3] and shape.is_compatible_with([2, 5])
    assert not shape.is_fully_defined() and tf.TensorShape([2, 3]).num_elements() == 6
    assert tf.TensorShape(None).rank is None and str(tf.TensorShape(None)) == "<unknown>"
    assert hash(tf.TensorShape([1, 2])) == hash(tf.TensorShape((1, 2)))
    for wrong, error in [([-1], ValueError), ([1.5], TypeError), (["a"], TypeError)]:
        with pytest.raises(error):
            tf.TensorShape(wrong)
    with pytest.raises(ValueError):
        shape.merge_with([3, 3])


# --- creation, config, process -------------------------------------------------------------------


def test_creation():
    assert tf.zeros([2, 3]).shape == [2, 3] and tf.ones(3, tf.int32).numpy().tolist() == [1, 1, 1]
    assert tf.zeros((), tf.bool).numpy() == False  # noqa: E712
    assert tf.zeros_like(X, dtype=tf.int32).dtype == tf.int32
    assert tf.add_n([X, X, X]).numpy().tolist() == [[3, 6], [9, 12]]
    for call, error in [(lambda: tf.zeros([-1]), tf.errors.InvalidArgumentError),
                        (lambda: tf.zeros([2.5]), TypeError),
                        (lambda: tf.zeros([10**9, 10**9]), tf.errors.ResourceExhaustedError),
                        (lambda: tf.zeros([2**62, 2**62]), tf.errors.InvalidArgumentError),
                        (lambda: tf.add_n([]), ValueError),
                        (lambda: tf.add_n([X, tf.ones(3)]), ValueError)]:
        with pytest.raises(error):
            call()


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          timeout=60).stdout.split()


def test_import_takes_little():
    seconds, kibibytes, numpy = run(
        "import time; start = time.process_time()\n"
        "import sys, millstream\n"
        "seconds = time.process_time() - start\n"
        "peak = [line for line in open('/proc/self/status') if line.startswith('VmHWM')][0]\n"
        "print(seconds, peak.split()[1], 'numpy' in sys.modules)")
    assert float(seconds) < 0.1 and int(kibibytes) < 40 * 1024 and numpy == "False"


def test_the_module_describes_itself():
    out = subprocess.run([sys.executable, "-m", "millstream"], capture_output=True, text=True,
                         check=True).stdout
    assert tf.__version__ in out and "CPU:0" in out and "MILLSTREAM_NUM_THREADS" in out


def test_stubs_name_every_op():
    package = pathlib.Path(tf.__file__).parent
    stubs = {path.relative_to(package): path.read_text() for path in package.rglob("*.pyi")}
    for text in stubs.values():
        ast.parse(text)
    for function in tf._core.all_ops():
        for name in function.op_names:
            folder, _, last = name.rpartition(".")
            if not name.startswith(("internal.", "keras.")):
                text = stubs[pathlib.Path(f"{folder.replace('.', '/') or '__init__'}.pyi")]
                assert f"def {last}(" in text
