"""tf.config: each program in a process of its own, beside what it prints."""
import pytest

from program import printed, run

CPU = "PhysicalDevice(name='/physical_device:CPU:0', device_type='CPU')"
HOST = "/job:localhost/replica:0/task:0/device:CPU:0"
NO_GPU = {"MILLSTREAM_OPENCL_CPU_AS_GPU": "0", "CUDA_VISIBLE_DEVICES": ""}

PROGRAMS = {
    "lists": ("""
        print(tf.config.list_physical_devices("CPU"))
        print(tf.config.list_physical_devices("cpu"), tf.config.list_physical_devices(3))
        print(tf._core.initialised())
        print(tf.config.list_logical_devices("CPU"))
        print(tf._core.initialised())
        """, [f"[{CPU}]", "[] []", "False",
              "[LogicalDevice(name='/device:CPU:0', device_type='CPU')]", "True"]),
    "two CPUs": ("""
        cpu, = tf.config.list_physical_devices("CPU")
        print(tf.config.get_logical_device_configuration(cpu))
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        print(tf.config.get_logical_device_configuration(cpu))
        print([d.name for d in tf.config.list_logical_devices("CPU")])
        with tf.device("/CPU:1"):
            print((tf.constant(1.0) + 1).device)
        """, ["None", "[LogicalDeviceConfiguration(memory_limit=None, experimental_priority=None, "
              "experimental_device_ordinal=None), LogicalDeviceConfiguration(memory_limit=None, "
              "experimental_priority=None, experimental_device_ordinal=None)]",
              "['/device:CPU:0', '/device:CPU:1']", HOST.replace("CPU:0", "CPU:1")]),
    "None undoes a split": ("""
        cpu, = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        tf.config.set_logical_device_configuration(cpu, None)
        print(len(tf.config.list_logical_devices("CPU")))
        """, ["1"]),
    "errors": ("""
        cpu, = tf.config.list_physical_devices("CPU")
        C = tf.config.LogicalDeviceConfiguration
        gone = tf.config.PhysicalDevice("a", "GPU")
        e = tf.config.experimental
        for f in (
            lambda: tf.config.set_visible_devices("CPU:0"),
            lambda: tf.config.set_visible_devices(None),
            lambda: tf.config.set_visible_devices(cpu, "GPU"),
            lambda: tf.config.set_visible_devices(cpu),
            lambda: tf.config.set_logical_device_configuration(gone, [C()]),
            lambda: tf.config.set_logical_device_configuration(cpu, [C(memory_limit=3)]),
            lambda: tf.config.set_logical_device_configuration(cpu, [C(experimental_priority=3)]),
            lambda: tf.config.set_logical_device_configuration(
                cpu, [C(experimental_device_ordinal=3)]),
            lambda: e.set_memory_growth("GPU:0", True),
            lambda: e.set_memory_growth(cpu, True),
            lambda: e.get_memory_growth(cpu),
            lambda: e.get_device_details("x"),
            lambda: e.get_device_details(gone),
            lambda: e.get_device_details(cpu),
            lambda: e.set_device_policy("x"),
            lambda: e.get_memory_info("GPU"),
            lambda: e.get_memory_info("GPU:99"),
            lambda: e.get_memory_info("CPU:x"),
            lambda: e.reset_memory_stats("foo"),
            lambda: e.reset_memory_stats("CPU:0"),
        ):
            print(tried(f))
        """, ["ValueError: Unrecognized device: 'CPU:0'", "ValueError: Unrecognized device: None",
              f"ValueError: Unrecognized device: {CPU}", "None",
              "ValueError: Unrecognized device: PhysicalDevice(name='a', device_type='GPU')",
              "ValueError: Setting memory limit on CPU virtual devices is currently not supported",
              "ValueError: Setting experimental_priority on CPU virtual  devices is currently not "
              "supported",
              "ValueError: Setting experimental_device_ordinal on CPU virtual  devices is currently "
              "not supported",
              "ValueError: Unrecognized device: 'GPU:0'",
              "ValueError: Cannot set memory growth on non-GPU and non-Pluggable devices",
              "ValueError: Cannot get memory growth of non-GPU and non-Pluggable devices",
              "ValueError: device must be a tf.config.PhysicalDevice, but got: x",
              "ValueError: The PhysicalDevice must be one obtained from calling "
              "`tf.config.list_physical_devices`, but got: PhysicalDevice(name='a', "
              "device_type='GPU')",
              "{}",
              "ValueError: Invalid argument `device_policy`: 'x'. Valid are silent, warn, explicit "
              "and silent_for_int32",
              "ValueError: Failed parsing device name: 'GPU'. Note a valid device string should at "
              "least contain a device type and a device index, like \"GPU:0\".",
              "ValueError: No matching devices found for 'GPU:99'",
              "ValueError: Failed parsing device name: 'CPU:x'. Note a valid device string should "
              "at least contain a device type and a device index, like \"GPU:0\".",
              "ValueError: Failed parsing device name: 'foo'. Note a valid device string should at "
              "least contain a device type and a device index, like \"GPU:0\".",
              "None"]),
    "too late": ("""
        cpu, = tf.config.list_physical_devices("CPU")
        tf.ones([2])
        tf.config.set_visible_devices(tf.config.get_visible_devices())
        tf.config.set_logical_device_configuration(cpu, None)
        print(tried(lambda: tf.config.set_visible_devices([], "CPU")))
        print(tried(lambda: tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * 2)))
        """, ["RuntimeError: Visible devices cannot be modified after being initialized. Try: do it "
              "before the first op, which ran at <string>:10",
              "RuntimeError: Virtual devices cannot be modified after being initialized. Try: do it "
              "before the first op, which ran at <string>:10"]),
    "memory": ("""
        before = tf.config.experimental.get_memory_info("CPU:0")["current"]
        x = tf.zeros([1 << 18])
        info = tf.config.experimental.get_memory_info("CPU:0")
        print(info["current"] - before, info["peak"] >= info["current"])
        del x
        tf.config.experimental.reset_memory_stats("/device:CPU:0")
        print(tf.config.experimental.get_memory_info("CPU:0")["peak"] == before,
              tf.config.experimental.get_memory_usage("CPU:0") == before)
        """, ["1048576 True", "True True"]),
    "switches": ("""
        e = tf.config.experimental
        print(tf.config.get_soft_device_placement(), e.tensor_float_32_execution_enabled(),
              e.get_device_policy(), tf.debugging.get_log_device_placement())
        tf.config.set_soft_device_placement(False)
        e.enable_tensor_float_32_execution(False)
        e.set_device_policy("explicit")
        print(tf.config.get_soft_device_placement(), e.tensor_float_32_execution_enabled(),
              e.get_device_policy())
        e.set_device_policy(None)
        e.enable_op_determinism()
        print(e.get_device_policy())
        """, ["True True silent False", "False False explicit", "silent"]),
    "no device at all": ("""
        tf.config.set_visible_devices([])
        print(tf.config.get_visible_devices())
        print(tried(tf.config.list_logical_devices))
        tf.config.set_visible_devices(tf.config.list_physical_devices())
        print(len(tf.config.list_logical_devices("CPU")))
        """, ["[]", "NotFoundError: No CPU devices are available in this process", "1"]),
    "build": ("""
        info = tf.sysconfig.get_build_info()
        print(info["is_rocm_build"], info["is_tensorrt_build"],
              info["is_cuda_build"] == tf.test.is_built_with_cuda(), tf.test.is_built_with_rocm())
        """, ["False False True False"]),
    "a machine without a GPU": ("""
        print(tf.config.list_physical_devices("GPU"), tf.config.list_logical_devices("GPU"))
        print(repr(tf.test.gpu_device_name()), tf.test.is_gpu_available())
        """, ["[] []", "'' False"]),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    code, expected = PROGRAMS[name]
    assert printed(code, **NO_GPU) == expected


DEVICES = [
    ("CPU", HOST), ("/cpu:0", HOST), ("/device:cpu:0", HOST), ("device:CPU:0", HOST),
    ("/device:CPU:*", HOST), ("CPU:*", HOST), ("", HOST), ("/", HOST), (None, HOST),
    ("/job:localhost", HOST), (HOST, HOST),
    ("/XPU:0", "ValueError: Unknown attribute 'XPU' is encountered while parsing the device spec: "
               "'/XPU:0'."),
    ("CPU:1:2", "ValueError: Unknown attribute 'CPU' is encountered while parsing the device spec: "
                "'CPU:1:2'."),
    ("/device:CPU", "ValueError: Unknown attribute 'device' is encountered while parsing the device "
                    "spec: '/device:CPU'."),
    ("/CPU:0/GPU:0", "ValueError: Multiple device types are not allowed while parsing the device "
                     "spec: /CPU:0/GPU:0."),
    ("GPU:x", "ValueError: invalid literal for int() with base 10: 'x'"),
    ("task:x", "ValueError: invalid literal for int() with base 10: 'x'"),
    (3, "ValueError: Expecting a string device name. Got <class 'int'>(3)"),
    (["a"], "ValueError: Expecting a string device name. Got <class 'list'>(['a'])"),
    (len, "RuntimeError: tf.device does not support functions."),
    ("/job:foo", "InvalidArgumentError: /job:foo/replica:0/task:0/device:CPU:0 unknown device."),
    ("/task:3", "InvalidArgumentError: /job:localhost/replica:0/task:3/device:CPU:0 unknown device."),
    ("CPU:-1", "InvalidArgumentError: Malformed device specification '/job:localhost/replica:0/"
               "task:0/device:CPU:-1'."),
    ("/GPU:0", "InvalidArgumentError: Could not satisfy device specification '/job:localhost/"
               "replica:0/task:0/device:GPU:0'. enable_soft_placement=1. Supported device types "
               f"[CPU]. All available devices [{HOST}]."),
    ("/device:XYZ:0", "InvalidArgumentError: Could not satisfy device specification"),
    ("/CPU:1", "InvalidArgumentError: Could not satisfy device specification"),
]


def test_device_names():
    names = [name if name is not len else "len" for name, _ in DEVICES]
    got = printed(f"""
        def on(name):
            with tf.device(len if name == "len" else name):
                return tf.ones([2]).device
        for name in {names!r}:
            print(tried(lambda: on(name)).split("\\n")[0])
        """, **NO_GPU)
    for (name, expected), line in zip(DEVICES, got, strict=True):
        line = line.replace(". Try: ", ". ")
        assert line == expected or expected.startswith(("Inv", "Mal")) and (
            line.startswith(expected.rstrip("."))), name


def test_the_cpu_stands_in_for_an_absent_device_if_asked_to():
    result = run("""
        tf.config.experimental.set_absent_device_placement(True)
        for _ in range(2):
            with tf.device("/GPU:0"):
                print((tf.constant([1.0]) * 2).device)
        """, **NO_GPU)
    assert result.stdout.splitlines() == [HOST, HOST]
    assert result.stderr.count("the CPU stands in for it") == 1


def test_cuda_visible_devices_that_comes_too_late():
    environment = {**NO_GPU, "CUDA_VISIBLE_DEVICES": "0"}
    early = run("""
        import os
        os.environ["CUDA_VISIBLE_DEVICES"] = "1"
        tf.config.list_physical_devices()
        """, **environment)
    assert early.stderr == ""
    late = run("""
        import os
        tf.config.list_physical_devices()
        os.environ["CUDA_VISIBLE_DEVICES"] = "1"
        for _ in range(2):
            tf.config.list_physical_devices()
        """, **environment)
    assert late.stderr.count("CUDA_VISIBLE_DEVICES became '1' after the devices had been") == 1


def test_placement_is_logged():
    result = run("""
        tf.debugging.set_log_device_placement(True)
        x = tf.add(tf.fill([2], 1.0), 2.0)
        tf.reshape(tf.matmul([[1.0]], [[2.0]]), [1])
        tf.debugging.set_log_device_placement(False)
        tf.add(x, x)
        """, **NO_GPU)
    assert result.stderr.splitlines() == [
        f"Executing op {name} in device {HOST}" for name in ("fill", "add", "matmul", "reshape")]


def test_scopes_merge():
    assert printed(f"""
        import threading
        spec = tf.DeviceSpec(device_type="CPU", device_index=0)
        with tf.device("/job:localhost"), tf.device(spec), tf.device("/task:0"):
            print(tf.ones([]).device)
            with tf.device(None):
                print(tf.ones([]).device)
            with tf.device("/replica:1") if False else tf.device(""):
                print(tf.ones([]).device)
        with tf.device(tf.config.list_logical_devices("CPU")[0]) as nothing:
            print(nothing, tf.ones([]).device)
        first, second = tf.device("CPU:0"), tf.device("CPU:0")
        first.__enter__(), second.__enter__()
        print(tried(lambda: first.__exit__(None, None, None)))
        """, **NO_GPU) == [HOST] * 3 + [f"None {HOST}"] + [
            "RuntimeError: Exiting device scope without proper scope nesting"]


def test_device_spec():
    import millstream as tf
    spec = tf.DeviceSpec(job=1, device_type="cpu")
    assert repr(spec) == ("<DeviceSpec(job=1, replica=None, task=None, device_type=CPU, "
                          "device_index=None)>")
    assert spec.to_string() == "/job:1/device:CPU:*"
    parsed = tf.DeviceSpec.from_string("/job:w/gpu:2")
    assert parsed.to_string() == "/job:w/device:GPU:2"
    assert (parsed.job, parsed.replica, parsed.device_type, parsed.device_index) == (
        "w", None, "GPU", 2)
    assert spec.parse_from_string("/job:w/gpu:2") == parsed and hash(parsed) == hash(
        tf.DeviceSpec("w", device_type="gpu", device_index="2"))
    assert parsed.make_merged_spec(tf.DeviceSpec(task=3)).to_string() == "/job:w/task:3/device:GPU:2"
    assert parsed.replace(device_index=None, job=None).to_string() == "/device:GPU:*"
    with pytest.raises(TypeError):
        parsed.replace(foo=1)
    with pytest.raises(AttributeError):
        parsed.job = "other"


def test_too_late_names_the_line_of_the_first_op(tmp_path):
    program = tmp_path / "train.py"
    program.write_text("import millstream as tf\n\n\ndef first():\n    return tf.zeros([1000, 1000])\n"
                       "\n\nfirst()\ntf.config.set_visible_devices([], 'CPU')\n")
    result = run(f"import runpy; runpy.run_path({str(program)!r})")
    assert f"which ran at {program}:5" in result.stderr


def test_threads_that_start_at_once():
    assert printed("""
        import threading
        def first():
            x = tf.zeros([1 << 16])
            names.append(tf.config.list_logical_devices("CPU")[0].name)
        names = []
        threads = [threading.Thread(target=first) for _ in range(8)]
        [t.start() for t in threads], [t.join() for t in threads]
        print(set(names))
        """) == ["{'/device:CPU:0'}"]
