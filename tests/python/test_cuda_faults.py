"""The CUDA backend on a driver that is a fake: devices, memory, and everything that can go wrong."""
import pathlib
import sys

import pytest

import millstream
from program import printed, run

FAKES = pathlib.Path(millstream.__file__).parents[2] / "fakes"  # a toolkit with lib64
ONE_GPU = "devices=1"


def cuda(fake, **others):
    """The environment of a program that finds this fake driver, and a real compiler."""
    return {"LD_LIBRARY_PATH": str(FAKES / "lib64"), "CUDA_HOME": str(FAKES),
            "MILLSTREAM_FAKE_CUDA": fake, "VIRTUAL_ENV": sys.prefix,
            "MILLSTREAM_OPENCL_CPU_AS_GPU": "0", **others}


def test_devices():
    assert printed("""
        print([d.name for d in tf.config.list_physical_devices("GPU")])
        print([d.name for d in tf.config.list_logical_devices("GPU")])
        print(tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[1]))
        """, **cuda("devices=2 capability=8.6")) == [
            "['/physical_device:GPU:0', '/physical_device:GPU:1']",
            "['/device:GPU:0', '/device:GPU:1']",
            "{'device_name': 'Fake GPU', 'compute_capability': (8, 6)}"]


def test_tensors_go_there_and_back():
    assert printed("""
        x = tf.constant([1., 2., 3.])
        print(x.device)
        with tf.device("/GPU:1"):
            y = tf.identity(x)
        print(y.device, y.numpy().shape, x.numpy())
        """, **cuda("devices=2")) == [
            "/job:localhost/replica:0/task:0/device:GPU:0",
            "/job:localhost/replica:0/task:0/device:GPU:1 (3,) [1. 2. 3.]"]


def test_products_by_the_library():
    assert printed("""
        import numpy as np
        rng = np.random.default_rng(1)
        for dtype in ("float32", "float64", "float16", "bfloat16"):
            def numbers(*shape):
                return tf.cast(rng.integers(-4, 5, shape).astype("float32"), dtype)
            def check(got, want):
                assert "GPU:0" in got.device, got.device
                with tf.device("/CPU:0"):
                    np.testing.assert_array_equal(np.asarray(tf.cast(got, "float32")), want)
            with tf.device("/CPU:0"):
                a, b, many, bias = numbers(5, 7), numbers(7, 3), numbers(4, 5, 7), numbers(3)
                x, y, z, w = (np.asarray(tf.cast(t, "float32")) for t in (a, b, many, bias))
                at, bt = tf.identity(tf.transpose(a)), tf.identity(tf.transpose(b))
            with tf.device("/GPU:0"):
                check(tf.matmul(a, b), x @ y)
                check(tf.matmul(at, b, transpose_a=True), x @ y)
                check(tf.matmul(a, bt, transpose_b=True), x @ y)
                check(tf.matmul(at, bt, transpose_a=True, transpose_b=True), x @ y)
                check(tf.matmul(many, b), z @ y)
                check(tf.matmul(many[:, :1], b), z[:, :1] @ y)
                check(tf.matmul(a[:1], b), x[:1] @ y)
                if dtype != "float64":  # there the bias is added by a kernel of ours
                    check(tf.nn.fused_dense(a, b, bias, "relu"), np.maximum(x @ y + w, 0))
        print("right")
        """, **cuda(ONE_GPU)) == ["right"]


# What the driver says, and why there is no GPU then.
ABSENT = [
    ("driver=11080", {}, "the NVIDIA driver supports CUDA 11.8, and 12.0 or later is needed"),
    ("fail=cuInit:1:803", {}, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)"),
    ("fail=cuInit:1:100", {}, "CUDA_ERROR_NO_DEVICE (100)"),
    ("devices=0", {}, "the NVIDIA driver shows no GPU"),
    ("capability=6.1", {}, "Fake GPU has compute capability 6.1, and 7.0 is needed"),
    ("fail=cuDeviceTotalMem_v2:1:719", {}, "GPU 0 does not answer: CUDA_ERROR_LAUNCH_FAILED"),
]


@pytest.mark.parametrize("fake, environment, reason", ABSENT, ids=[row[2][:40] for row in ABSENT])
def test_the_reason_why_there_is_none(fake, environment, reason):
    result = run("""
        print(tf.config.list_physical_devices("GPU"))
        with tf.device("/GPU:0"):
            tf.constant(1.0)
        """, **cuda(fake, **environment))
    assert result.stdout.splitlines()[0] == "[]"
    assert reason in result.stderr


# A call that fails, and what the program is told, line by line.
FAULTS = [
    ("fail=cuLaunchKernel:1:719", ["InternalError", "CUDA_ERROR_LAUNCH_FAILED (719)", "tanh"]),
    ("fail=cuStreamSynchronize:1:700", ["InternalError", "CUDA_ERROR_ILLEGAL_ADDRESS", "tanh"]),
    ("fail=cuMemcpyHtoDAsync_v2:2:700", ["InternalError", "CUDA_ERROR_ILLEGAL_ADDRESS"]),
    ("fail=cuModuleLoadData:1:218", ["InternalError", "cuModuleLoadData", "218"]),
]


@pytest.mark.parametrize("fake, words", FAULTS, ids=[row[0] for row in FAULTS])
def test_faults_name_what_failed(fake, words):
    lines = printed("""
        x = tf.constant([1.0] * 100)
        try:
            tf.tanh(x).numpy(); tf.constant([2.0] * 100).numpy()
        except Exception as error:
            print(type(error).__name__, error)
        """, **cuda(fake))
    assert len(lines) == 1
    for word in words:
        assert word in lines[0]


def test_a_lost_device_stays_lost():
    assert printed("""
        x = tf.constant([1.0] * 100)
        for _ in range(2):
            try:
                tf.tanh(x).numpy()
            except tf.errors.OpError as error:
                print(type(error).__name__, "restart the program" in str(error))
        """, **cuda("fail=cuLaunchKernel:1:700")) == ["InternalError True", "UnavailableError True"]


def test_no_memory_left():
    lines = printed("""
        held = tf.ones([1 << 20])
        try:
            tf.ones([1 << 20])
        except tf.errors.ResourceExhaustedError as error:
            print(error)
        del held
        print(tf.ones([3 << 18]).shape)
        """, **cuda("memory=6000000"))
    assert "out of memory" in lines[0] and "GPU:0" in lines[0]
    assert lines[1] == "(786432,)"


def test_after_a_fork():
    assert printed("""
        import os
        x = tf.constant([1.0] * 100)
        if os.fork() == 0:
            try:
                tf.tanh(x)
            except tf.errors.FailedPreconditionError as error:
                print("spawn" in str(error), flush=True)
            os._exit(0)
        os.wait()
        """, **cuda(ONE_GPU)) == ["True"]


def test_compiled_kernels_are_kept(tmp_path):
    program = "tf.tanh(tf.constant([1.0] * 100)).numpy()"
    environment = cuda(ONE_GPU, MILLSTREAM_CACHE=str(tmp_path))
    run(program, **environment).check_returncode()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "kernels").iterdir()}
    assert kept
    run(program, **environment).check_returncode()
    assert kept == {path: path.stat().st_mtime_ns for path in (tmp_path / "kernels").iterdir()}


def test_threads_that_start_the_runtime_at_once():
    assert printed("""
        import threading
        found = []
        def work():
            found.append(tf.constant([1.0] * 100).device)
        threads = [threading.Thread(target=work) for _ in range(4)]
        [t.start() for t in threads], [t.join() for t in threads]
        print(len(found), len(set(found)))
        """, **cuda("devices=2")) == ["4 1"]


def test_exit_with_work_in_flight():
    result = run("x = tf.constant([1.0] * 100)\nfor _ in range(100): x = tf.tanh(x)", **cuda(ONE_GPU))
    assert result.returncode == 0 and result.stderr == ""
