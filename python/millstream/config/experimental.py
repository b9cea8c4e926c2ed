"""tf.config.experimental: memory, determinism, and what may still change its name."""
from millstream import _core
from millstream.config import (  # noqa: F401
    LogicalDeviceConfiguration as VirtualDeviceConfiguration,
    PhysicalDevice,
    _recognized,
    get_logical_device_configuration as get_virtual_device_configuration,
    get_visible_devices,
    list_logical_devices,
    list_physical_devices,
    set_logical_device_configuration as set_virtual_device_configuration,
    set_visible_devices,
)


def get_memory_growth(device):
    """Whether a GPU's memory is taken as it is needed."""
    return _core.get_memory_growth(*_recognized(device))


def set_memory_growth(device, enable):
    """Takes a GPU's memory as it is needed (the default), or all at once; before the first op."""
    _core.set_memory_growth(*_recognized(device), enable)


def get_memory_info(device):
    """{"current": bytes that tensors hold on the device, "peak": the most so far}.

        tf.config.experimental.get_memory_info("GPU:0")["peak"]
    """
    current, peak = _core.memory_info(device)
    return {"current": current, "peak": peak}


def get_memory_usage(device):
    """The bytes that tensors hold on the device: get_memory_info(device)["current"]."""
    return get_memory_info(device)["current"]


def reset_memory_stats(device):
    """From now on "peak" counts anew."""
    _core.reset_memory_stats(device)


class MemoryScope:
    """The memory that a part of the program takes on a device. Scopes may nest.

        with tf.config.experimental.MemoryScope("GPU:0") as memory:
            train_step(x, y)
        print(memory.peak)  # the most bytes that tensors held meanwhile
    """

    def __init__(self, device):
        self._device = device
        self.peak = 0

    def __enter__(self):
        self._scope = _core.MemoryScope(self._device)
        return self

    def __exit__(self, *error):
        self.peak = self._scope.peak
        self._scope = None  # ends it


def get_device_details(device):
    """What is known of a GPU: {"device_name": ..., "compute_capability": (9, 0)}; {} of a CPU."""
    if not isinstance(device, PhysicalDevice):
        raise ValueError(f"device must be a tf.config.PhysicalDevice, but got: {device}")
    if device not in _core.physical_devices():
        raise ValueError("The PhysicalDevice must be one obtained from calling "
                         f"`tf.config.list_physical_devices`, but got: {device}")
    name, capability = _core.device_details(*device)
    details = {"device_name": name, "compute_capability": capability}
    return {key: value for key, value in details.items() if value is not None}


def get_device_policy():
    """What happens on this thread when an input of an op is on another device than the op."""
    return _core.get_device_policy()


def set_device_policy(device_policy):
    """Sets that for this thread: None or "silent" copies, "warn" copies and says so, "explicit" is
    an error, "silent_for_int32" copies int32 only."""
    if device_policy is not None and not isinstance(device_policy, str):
        raise ValueError(f"Invalid argument `device_policy`: {device_policy!r}.")
    _core.set_device_policy(device_policy)


def enable_op_determinism():
    """Makes ops give the same bits each time; random ops without a seed are an error then."""
    _core.enable_op_determinism()


def enable_tensor_float_32_execution(enabled):
    """Lets products of float32 use TF32 on a GPU that has it (the default), or not."""
    _core.enable_tensor_float_32_execution(enabled)


def tensor_float_32_execution_enabled():
    """Whether products of float32 may use TF32."""
    return _core.tensor_float_32_execution_enabled()




def get_absent_device_placement():
    """Whether naming a device that is not there gives the CPU instead of an error."""
    return _core.get_absent_device_placement()


def set_absent_device_placement(enabled):
    """Lets the CPU stand in, with one line on stderr, for a device that is named and not there."""
    _core.set_absent_device_placement(enabled)
