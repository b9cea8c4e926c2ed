"""Devices of this process: which there are, which are used, and how."""
import collections

from millstream import _core

PhysicalDevice = collections.namedtuple("PhysicalDevice", ["name", "device_type"])
PhysicalDevice.__doc__ = "A part of the machine that computes: '/physical_device:GPU:0', 'GPU'."
LogicalDevice = collections.namedtuple("LogicalDevice", ["name", "device_type"])
LogicalDevice.__doc__ = "A device that ops run on: '/device:GPU:0', 'GPU'."
LogicalDeviceConfiguration = collections.namedtuple(
    "LogicalDeviceConfiguration",
    ["memory_limit", "experimental_priority", "experimental_device_ordinal"],
    defaults=[None, None, None])
LogicalDeviceConfiguration.__doc__ = "One part of a physical device; memory_limit is in MB."
for _class in (PhysicalDevice, LogicalDevice, LogicalDeviceConfiguration):
    _class.__module__ = "millstream.config"


def list_physical_devices(device_type=None):
    """The devices of the machine, of one type ("CPU", "GPU") if one is given. Creates none."""
    return _of_type(_core.physical_devices(), PhysicalDevice, device_type)


def list_logical_devices(device_type=None):
    """The devices that ops run on, of one type if one is given. Creates them."""
    return _of_type(_core.logical_devices(), LogicalDevice, device_type)


def get_visible_devices(device_type=None):
    """The physical devices that become logical ones, of one type if one is given."""
    return _of_type(_core.visible_devices(), PhysicalDevice, device_type)


def set_visible_devices(devices, device_type=None):
    """Makes only these devices visible: of one type if one is given, else of all; before the
    first op.

        gpus = tf.config.list_physical_devices("GPU")
        tf.config.set_visible_devices(gpus[1:], "GPU")
    """
    devices = devices if isinstance(devices, list) else [devices]
    known = _core.physical_devices()
    for device in devices:
        if device not in known or device_type not in (None, device[1]):
            raise ValueError(f"Unrecognized device: {device!r}")
    _core.set_visible_devices(devices, device_type or "")


def get_logical_device_configuration(device):
    """The list that set_logical_device_configuration was given, or None."""
    parts = _core.logical_device_configuration(*_recognized(device))
    return parts and [LogicalDeviceConfiguration(*part) for part in parts]


def set_logical_device_configuration(device, logical_devices):
    """Splits a physical device into logical ones, before the first op; None undoes it.

    Each part of a GPU needs a memory limit; a part of the CPU takes none.

        half = tf.config.LogicalDeviceConfiguration(memory_limit=4096)
        tf.config.set_logical_device_configuration(gpus[0], [half, half])
    """
    parts = logical_devices and [tuple(part) for part in logical_devices]
    _core.set_logical_device_configuration(*_recognized(device), parts)


def get_soft_device_placement():
    """Whether an op that has no kernel for its device runs on the CPU."""
    return _core.get_soft_device_placement()


def set_soft_device_placement(enabled):
    """Lets ops that have no kernel for their device run on the CPU, or makes them an error."""
    _core.set_soft_device_placement(enabled)


def _of_type(rows, kind, device_type):
    return [kind(*row) for row in rows if device_type is None or row[1] == device_type]


def _recognized(device):
    if device not in _core.physical_devices():
        raise ValueError(f"Unrecognized device: {device!r}")
    return device


from millstream.config import experimental  # noqa: E402, F401  (it needs the functions above)
