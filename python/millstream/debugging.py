"""tf.debugging: what the runtime does, as it does it."""
from millstream import _core


def get_log_device_placement():
    """Whether each op says where it runs."""
    return _core.get_log_device_placement()


def set_log_device_placement(enabled):
    """Makes each op write "Executing op add in device /job:..." to stderr, or not."""
    _core.set_log_device_placement(enabled)
