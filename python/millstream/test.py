"""tf.test: what tests ask of the build and of the machine."""
from millstream import config, sysconfig


def is_built_with_cuda():
    """Whether this build can use CUDA GPUs, on a machine that has one."""
    return sysconfig.get_build_info()["is_cuda_build"]


def is_built_with_rocm():
    """Whether this build can use ROCm; AMD's GPUs are used by way of OpenCL instead."""
    return sysconfig.get_build_info()["is_rocm_build"]


def is_built_with_gpu_support():
    """Whether this build can use GPUs, on a machine that has one."""
    return bool(sysconfig.get_build_info()["gpu_backends"])


def is_gpu_available(cuda_only=False, min_cuda_compute_capability=None):
    """Whether there is a GPU: of CUDA, and of this compute capability or a later one, if asked."""
    for gpu in config.list_physical_devices("GPU"):
        capability = config.experimental.get_device_details(gpu).get("compute_capability")
        if cuda_only and capability is None:
            continue
        if not min_cuda_compute_capability or (capability or (0, 0)) >= min_cuda_compute_capability:
            return True
    return False


def gpu_device_name():
    """The name of the first GPU, "/device:GPU:0", or "" if there is none."""
    gpus = config.list_logical_devices("GPU")
    return gpus[0].name if gpus else ""
