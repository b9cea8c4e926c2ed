"""The programs of the documents that this project began with, but for Keras, datasets and
distribution: as a user writes them, with two GPUs (PoCL's, if it is installed) and with none."""
import os
import pathlib
import subprocess
import sys

import pytest

import millstream

FOLDER = pathlib.Path(__file__).parent
PACKAGE = pathlib.Path(millstream.__file__).parent.parent
NO_GPU = {"MILLSTREAM_OPENCL_CPU_AS_GPU": "0", "CUDA_VISIBLE_DEVICES": ""}
TWO_GPUS = {"MILLSTREAM_OPENCL_CPU_AS_GPU": "2", "CUDA_VISIBLE_DEVICES": ""}

HOST = "/job:localhost/replica:0/task:0/device:CPU:0"
CPU = "PhysicalDevice(name='/physical_device:CPU:0', device_type='CPU')"
GPUS = ["PhysicalDevice(name='/physical_device:GPU:%d', device_type='GPU')" % i for i in (0, 1)]
PRODUCT = ["tf.Tensor(", "[[ 58.  64.]", " [139. 154.]], shape=(2, 2), dtype=float32)"]

# program: (what it prints without a GPU, what it prints with two)
PROGRAMS = {
    "enable_matmul": (
        ["The GPU is not utilized. Check installation.", *PRODUCT, *PRODUCT, HOST],
        ["GPU is available and will be utilized.", *PRODUCT, *PRODUCT,
         HOST.replace("CPU:0", "GPU:0")]),
    "enable_two_gpus": (
        [f"Available devices: [{CPU}]", "No GPUs detected."],
        [f"Available devices: [{CPU}, {', '.join(GPUS)}]",
         "Result on GPU 0: tf.Tensor([2. 4. 6.], shape=(3,), dtype=float32)",
         "Result on GPU 1: tf.Tensor([ 8. 10. 12.], shape=(3,), dtype=float32)",
         HOST.replace("CPU:0", "GPU:1")]),
    "count_gpus": (["Num GPUs Available:  0"], ["Num GPUs Available:  2"]),
    "memory_growth": ([], ["2 Physical GPUs, 2 Logical GPUs"]),
    "verify_gpus": (
        ["Num GPUs Available:  0", "The GPU is NOT used. Check your CUDA installation."],
        ["Num GPUs Available:  2", "The GPU is used.", "GPU Device Name: /physical_device:GPU:0",
         "GPU Device Name: /physical_device:GPU:1"]),
    "large_matmul": (["(1000, 1000) True", HOST],
                     ["(1000, 1000) True", HOST.replace("CPU:0", "GPU:0")]),
    "visible_gpus": ([], ["2 Physical GPUs, 2 Logical GPUs"]),
}


def run(name, environment):
    return subprocess.run([sys.executable, FOLDER / f"{name}.py"], capture_output=True, text=True,
                          timeout=300, env={**os.environ, "PYTHONPATH": str(PACKAGE), **environment})


def gpus_of(environment):
    return int(run("count_gpus", environment).stdout.split()[-1])


@pytest.mark.parametrize("name", PROGRAMS)
def test_without_a_gpu(name):
    # One of them names /GPU:0 whether there is one or not; this setting lets the CPU stand in.
    result = run(name, {**NO_GPU, "MILLSTREAM_ABSENT_DEVICE": "cpu"})
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == PROGRAMS[name][0]


def test_an_absent_gpu_is_an_error():
    result = run("enable_matmul", NO_GPU)
    assert result.returncode == 1
    assert "InvalidArgumentError: Could not satisfy device specification '/job:localhost/replica:0/" \
        "task:0/device:GPU:0'" in result.stderr


@pytest.mark.skipif(gpus_of(TWO_GPUS) != 2, reason="no OpenCL device that could be two GPUs")
@pytest.mark.parametrize("name", PROGRAMS)
def test_with_two_gpus(name):
    result = run(name, TWO_GPUS)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == PROGRAMS[name][1]
