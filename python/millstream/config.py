"""Devices of this process."""
import collections

from millstream import _core

PhysicalDevice = collections.namedtuple("PhysicalDevice", ["name", "device_type"])
LogicalDevice = collections.namedtuple("LogicalDevice", ["name", "device_type"])
LogicalDeviceConfiguration = collections.namedtuple(
    "LogicalDeviceConfiguration",
    ["memory_limit", "experimental_priority", "experimental_device_ordinal"],
    defaults=[None, None, None])

_CPU = PhysicalDevice("/physical_device:CPU:0", "CPU")
_configuration = {}


def list_physical_devices(device_type=None):
    """The devices of the machine, of one type if a type is given. Creates none."""
    return [_CPU] if device_type in (None, "CPU") else []


def list_logical_devices(device_type=None):
    """The devices that programs name, of one type if a type is given. Creates them."""
    devices = [LogicalDevice(*row) for row in _core.logical_devices()]
    return [d for d in devices if device_type in (None, d.device_type)]


def set_logical_device_configuration(device, logical_devices):
    """Splits a physical device into several logical ones; before the first op."""
    if device != _CPU:
        raise ValueError(f"Unrecognized device: {device!r}")
    for wanted in logical_devices:
        for field, what in zip(wanted, ("memory limit", "priority", "device ordinal")):
            if field is not None:
                raise ValueError(f"Setting {what} on CPU virtual devices is currently not "
                                 "supported")
    try:
        _core.configure_cpus(len(logical_devices))
    except _failed_precondition() as error:
        raise RuntimeError(
            "Virtual devices cannot be modified after being initialized") from error
    _configuration[device] = list(logical_devices)


def get_logical_device_configuration(device):
    """What set_logical_device_configuration was given, or None."""
    if device != _CPU:
        raise ValueError(f"Unrecognized device: {device!r}")
    return _configuration.get(device)


def _failed_precondition():
    from millstream import errors
    return errors.FailedPreconditionError
