"""What is said when memory runs out, and where the memory is."""
from program import printed, run

LIMIT = {"MILLSTREAM_CPU_MEMORY_LIMIT": str(8 << 20), "MILLSTREAM_OPENCL_CPU_AS_GPU": "0",
         "CUDA_VISIBLE_DEVICES": ""}


def test_the_report(tmp_path):
    program = tmp_path / "train.py"
    program.write_text("import millstream as tf\n"
                       "x = tf.ones([1024, 1024])\n"
                       "y = tf.tanh(x[:512])\n"
                       "z = tf.concat([x, x], 0)\n")
    result = run(f"import runpy; runpy.run_path({str(program)!r})", **LIMIT)
    error = result.stderr.splitlines()[-1]
    assert "ResourceExhaustedError: out of memory: 8388608 bytes were asked for, 6291456 are in " \
        "use, 6291456 reserved, the largest free block has 2097152, and the limit is 8388608 " \
        f"bytes; the largest tensors: 4194304 bytes by fill at {program}:2, 2097152 bytes by tanh " \
        f"at {program}:3 [Op:concat(float32[1024,1024], float32[1024,1024])" in error
    assert error.endswith("Try: at most 512 instead of 2048 along the first axis, or a higher memory "
                          "limit")


def test_memory_that_was_freed_is_used_again():
    assert printed("""
        for size in (1 << 20, 3 << 18, 5 << 17, 7 << 16):
            x = tf.ones([size]); del x  # each in a block of another size; none is kept for good
        print(tf.config.experimental.get_memory_info("CPU:0")["current"])
        """, **LIMIT) == ["0"]


def test_the_peak_of_a_scope():
    assert printed("""
        scope = tf.config.experimental.MemoryScope
        with scope("CPU:0") as outer:
            tf.ones([1 << 19])
            with scope("CPU:0") as inner:
                tf.ones([1 << 18])
        print(inner.peak, outer.peak, tf.config.experimental.get_memory_info("CPU:0")["peak"])
        def absent():
            with scope("GPU:99"): pass
        print(tried(absent))
        """, **LIMIT) == [f"{1 << 20} {1 << 21} {1 << 21}",
                          "ValueError: No matching devices found for 'GPU:99'"]


def test_places_do_not_keep_threads_waiting():
    assert printed("""
        import threading
        def work():
            for _ in range(50):
                x = tf.ones([1 << 17]) * 2.0
        threads = [threading.Thread(target=work) for _ in range(4)]
        [t.start() for t in threads], [t.join() for t in threads]
        print("done")
        """) == ["done"]


def test_determinism_wants_a_seed():
    assert printed("""
        tf.config.experimental.enable_op_determinism()
        try:
            tf.random.normal([2])
        except RuntimeError as error:
            print(error)
        tf.random.set_seed(1)
        print(tf.random.normal([2]).shape)
        """)[0].startswith("Random ops require a seed to be set when determinism is enabled")
