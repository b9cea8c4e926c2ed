"""tf.sysconfig: how this build was made."""
import collections

from millstream import _core


def get_build_info():
    """What this build can use, whatever the machine has: a dict with is_cuda_build and others."""
    backends = _core.backends()
    return collections.OrderedDict(
        is_cuda_build="cuda" in backends, is_rocm_build=False, is_tensorrt_build=False,
        gpu_backends=[name for name in backends if name != "cpu"])
