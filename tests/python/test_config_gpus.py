"""tf.config with two GPUs, which PoCL makes of the CPU where it is installed."""
import pytest

from program import printed, run

TWO_GPUS = {"MILLSTREAM_OPENCL_CPU_AS_GPU": "2", "CUDA_VISIBLE_DEVICES": ""}
COUNT = printed("print(len(tf.config.list_physical_devices('GPU')))", **TWO_GPUS)
pytestmark = pytest.mark.skipif(COUNT != ["2"], reason="no OpenCL device that could be two GPUs")

START = """
gpus = tf.config.list_physical_devices("GPU")
e = tf.config.experimental
C = tf.config.LogicalDeviceConfiguration
def names(kind=None):
    return [d.name for d in tf.config.list_logical_devices(kind)]
def where(x):
    return x.device[-5:]
"""

PROGRAMS = {
    "lists": ("""
        print([gpu.name for gpu in gpus])
        print(names())
        print(tf.test.gpu_device_name(), tf.test.is_gpu_available())
        print(list(e.get_device_details(gpus[0])))
        """, ["['/physical_device:GPU:0', '/physical_device:GPU:1']",
              "['/device:CPU:0', '/device:GPU:0', '/device:GPU:1']", "/device:GPU:0 True",
              "['device_name']"]),
    "parts with limits": ("""
        print(tried(lambda: tf.config.set_logical_device_configuration(gpus[0], [C()])))
        tf.config.set_logical_device_configuration(gpus[0], [C(memory_limit=64), C(memory_limit=8)])
        print(tf.config.get_logical_device_configuration(gpus[0])[1])
        print(names("GPU"))
        with tf.device("/GPU:1"):
            x = tf.ones([1 << 20])
            print(where(x))
            print(tried(lambda: tf.concat([x, x], 0)).split(";")[0])
        with tf.device("/GPU:2"):
            print(where(tf.concat([x, x], 0)))
        """, ["ValueError: Setting memory limit is required for GPU virtual devices",
              "LogicalDeviceConfiguration(memory_limit=8, experimental_priority=None, "
              "experimental_device_ordinal=None)",
              "['/device:GPU:0', '/device:GPU:1', '/device:GPU:2']", "GPU:1",
              "ResourceExhaustedError: out of memory: 8388608 bytes were asked for, 4194304 are in "
              "use, 4194304 reserved, the largest free block has 4194304, and the limit is 8388608 "
              "bytes", "GPU:2"]),
    "growth": ("""
        print(e.get_memory_growth(gpus[0]))
        for gpu in gpus:
            e.set_memory_growth(gpu, True)
        tf.config.set_logical_device_configuration(gpus[0], [C(memory_limit=64)])
        print(names("GPU"))
        e.set_memory_growth(gpus[0], True)
        print(tried(lambda: e.set_memory_growth(gpus[0], False))[:80])
        """, ["True", "['/device:GPU:0', '/device:GPU:1']",
              "RuntimeError: Physical devices cannot be modified after being initialized. Try: "]),
    "growth that differs": ("""
        e.set_memory_growth(gpus[0], False)
        print(tried(names))
        e.set_memory_growth(gpus[0], True)
        print(len(names()))
        """, ["ValueError: Memory growth cannot differ between GPU devices", "3"]),
    "only the second": ("""
        tf.config.set_visible_devices(gpus[1:], "GPU")
        print([d.name for d in tf.config.get_visible_devices()])
        print(names(), where(tf.ones([4]) + 1))
        def absent():
            with tf.device("/GPU:1"):
                tf.ones([4])
        print(tried(absent)[:61])
        print(tried(lambda: tf.config.set_visible_devices(gpus, "GPU"))[:75])
        """, ["['/physical_device:CPU:0', '/physical_device:GPU:1']",
              "['/device:CPU:0', '/device:GPU:0'] GPU:0",
              "InvalidArgumentError: Could not satisfy device specification ",
              "RuntimeError: Visible devices cannot be modified after being initialized. T"]),
    "no GPU": ("""
        tf.config.set_visible_devices([], "GPU")
        print(names(), where(tf.ones([4]) + 1))
        """, ["['/device:CPU:0'] CPU:0"]),
    "no CPU": ("""
        tf.config.set_visible_devices(gpus)
        print(names(), where(tf.ones([4]) + 1), tf.constant([1.0, 2.0]).numpy())
        """, ["['/device:GPU:0', '/device:GPU:1'] GPU:0 [1. 2.]"]),
    "memory": ("""
        before = e.get_memory_info("GPU:1")["current"]
        with tf.device("/GPU:1"):
            x = tf.ones([1 << 18]) * 2
        print(e.get_memory_info("GPU:1")["current"] - before, e.get_memory_usage("GPU:0"))
        del x
        e.reset_memory_stats("GPU:1")
        print(e.get_memory_info("GPU:1")["peak"] == before)
        """, ["1048576 0", "True"]),
    "scopes": ("""
        with tf.device("/GPU:1"):
            with tf.device("/task:0"):
                print(where(tf.ones([4])))
            with tf.device("gpu"):
                print(where(tf.ones([4])))
            with tf.device("/cpu:0"):
                print(where(tf.ones([4])))
            with tf.device(None):
                print(where(tf.ones([4])))
        with tf.device(tf.config.list_logical_devices("GPU")[1]):
            print(where(tf.ones([4])))
        """, ["GPU:1", "GPU:1", "CPU:0", "GPU:0", "GPU:1"]),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    code, expected = PROGRAMS[name]
    lines = "\n".join(line[8:] for line in code.splitlines())
    assert printed(START + lines, **TWO_GPUS) == expected


def test_placement_is_logged():
    result = run("""
        x = tf.ones([4])
        tf.debugging.set_log_device_placement(True)
        tf.add(x, x)
        with tf.device("/CPU:0"):
            tf.add(x, x)
        """, **TWO_GPUS)
    host = "/job:localhost/replica:0/task:0/device:"
    assert result.stderr.splitlines()[-2:] == [
        f"Executing op add in device {host}GPU:0", f"Executing op add in device {host}CPU:0"]


def test_the_policy_for_copies():
    result = run("""
        with tf.device("/GPU:0"):
            x = tf.ones([4])
            n = tf.constant([1, 2, 3]) + tf.zeros([3], tf.int32)
        def on_second(y):
            with tf.device("/GPU:1"):
                return (y + y).shape
        for policy in ("silent", "warn", "explicit", "silent_for_int32"):
            tf.config.experimental.set_device_policy(policy)
            for y in x, n:
                print(policy, str(tried(lambda: on_second(y)))[:60])
        """, **TWO_GPUS)
    error = "InvalidArgumentError: Tensors on conflicting devices: cannot "
    assert [line.rstrip() for line in result.stdout.splitlines()] == [
        "silent (4,)", "silent (3,)", "warn (4,)", "warn (3,)",
        f"explicit {error[:60]}".rstrip(), f"explicit {error[:60]}".rstrip(),
        f"silent_for_int32 {error[:60]}".rstrip(), "silent_for_int32 (3,)"]
    assert result.stderr.count("is copied from") == 4  # two calls of two inputs


def test_soft_placement_can_be_turned_off():
    result = run("""
        tf.config.set_soft_device_placement(False)
        with tf.device("/GPU:0"):
            print(tried(lambda: tf.unique_with_counts(tf.ones([3]))))
        """, **TWO_GPUS)
    assert "InvalidArgumentError: Could not satisfy device specification '/job:localhost/replica:0/" \
        "task:0/device:GPU:0'. enable_soft_placement=0. Supported device types [CPU]. All available " \
        "devices [" in result.stdout
