"""tf.DeviceSpec: a device's name, whole or in part."""
from millstream import _core


class DeviceSpec:
    """A device's name, whole or in part: job, replica, task, device type and device index.

        tf.DeviceSpec(job="worker", device_type="GPU", device_index=1).to_string()
        # "/job:worker/device:GPU:1"
    """

    __slots__ = ("_fields",)

    def __init__(self, job=None, replica=None, task=None, device_type=None, device_index=None):
        def convert(kind, value):
            return None if value is None else kind(value)
        if device_type in ("cpu", "gpu"):
            device_type = device_type.upper()
        self._fields = (convert(str, job), convert(int, replica), convert(int, task),
                        convert(str, device_type), convert(int, device_index))

    @classmethod
    def from_string(cls, spec):
        """Of "/job:worker/task:1/device:GPU:0", "/GPU:0", "cpu" and the like."""
        return cls(*_core.parse_device_spec(spec or ""))

    def parse_from_string(self, spec):
        """The same as from_string: a DeviceSpec does not change."""
        return self.from_string(spec)

    def to_string(self):
        """"/job:<name>/replica:<id>/task:<id>/device:<type>:<id>", without what is not given."""
        return _core.device_spec_text(self._fields)

    def make_merged_spec(self, dev):
        """A spec with the fields of `dev` where it has them, else with those of this one."""
        return type(self)(*(own if inner is None else inner
                            for own, inner in zip(self._fields, dev._fields)))

    def replace(self, **kwargs):
        """A spec with other values for some fields."""
        names = ("job", "replica", "task", "device_type", "device_index")
        return type(self)(**{**dict(zip(names, self._fields)), **kwargs})

    job = property(lambda self: self._fields[0])
    replica = property(lambda self: self._fields[1])
    task = property(lambda self: self._fields[2])
    device_type = property(lambda self: self._fields[3])
    device_index = property(lambda self: self._fields[4])

    def __eq__(self, other):
        return isinstance(other, DeviceSpec) and self._fields == other._fields

    def __hash__(self):
        return hash(self._fields)

    def __repr__(self):
        return (f"<DeviceSpec(job={self.job}, replica={self.replica}, task={self.task}, "
                f"device_type={self.device_type}, device_index={self.device_index})>")


DeviceSpec.__module__ = "millstream"
