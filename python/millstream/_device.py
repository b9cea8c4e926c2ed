"""tf.device: the scope whose ops run on a named device."""
from millstream import _core
from millstream._device_spec import DeviceSpec
from millstream.config import LogicalDevice


class device:
    """A scope in which ops run on the named device: "/GPU:0", "cpu", a DeviceSpec, a LogicalDevice.

    A name may be partial: fields that it leaves out come from the scope around it. None frees the
    scope of all constraints. A device that is not there is an InvalidArgumentError.

        with tf.device("/GPU:0"):
            y = x @ w
    """

    def __init__(self, device_name):
        if callable(device_name):
            raise RuntimeError("tf.device does not support functions.")
        if isinstance(device_name, LogicalDevice):
            device_name = device_name.name
        elif isinstance(device_name, DeviceSpec):
            device_name = device_name.to_string()
        self._name = device_name
        self._depths = []

    def __enter__(self):
        if self._name is not None and not isinstance(self._name, str):
            raise ValueError(f"Expecting a string device name. Got {type(self._name)}"
                             f"({self._name})")
        self._depths.append(_core.enter_device(self._name))

    def __exit__(self, *error):
        _core.leave_device(self._depths.pop())


device.__module__ = "millstream"
