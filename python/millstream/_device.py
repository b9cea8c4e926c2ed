"""tf.device: the scope whose ops run on a named device."""
from millstream import _core


class device:
    """A scope in which ops run on the named device; None leaves it as it is.

        with tf.device("/CPU:0"):
            y = x @ w
    """

    def __init__(self, device_name):
        if callable(device_name):
            raise RuntimeError("tf.device does not support functions.")
        device_name = getattr(device_name, "name", device_name)
        if device_name is not None and not isinstance(device_name, str):
            raise ValueError(f"Expecting a string device name. Got {type(device_name)}"
                             f"({device_name})")
        self._name = device_name
        self._depths = []
        if device_name:
            _core.find_device(device_name)  # an absent device is an error here, not later

    def __enter__(self):
        if self._name:
            self._depths.append(_core.enter_device(self._name))
        return self

    def __exit__(self, *error):
        if self._name:
            _core.leave_device(self._depths.pop())


device.__module__ = "millstream"
