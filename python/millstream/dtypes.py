"""Element types: tf.float32 and its like."""
from millstream import _core

_LIMITS = {"float16": 65504.0, "bfloat16": 3.3895313892515355e38,
           "float32": 3.4028234663852886e38, "float64": 1.7976931348623157e308}
# The numbers of TensorFlow's DataType.
_ENUM = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "int64": 9,
         "bool": 10, "bfloat16": 14, "uint16": 17, "float16": 19, "uint32": 22, "uint64": 23}


class DType:
    """An element type. Equal to its name and to the NumPy dtype: tf.float32 == "float32"."""

    __slots__ = ("name", "size", "_position", "__weakref__")

    def __new__(cls, value):
        return as_dtype(value)

    def __repr__(self):
        return f"tf.{self.name}"

    def __str__(self):
        return f"<dtype: '{self.name}'>"

    def __hash__(self):
        return hash(self.name)

    def __eq__(self, other):
        return self is other or _core.find_dtype(other) == self._position

    def __reduce__(self):
        return as_dtype, (self.name,)

    @property
    def is_floating(self):
        return "float" in self.name

    @property
    def is_integer(self):
        return "int" in self.name

    @property
    def is_unsigned(self):
        return self.name.startswith("uint")

    @property
    def is_bool(self):
        return self.name == "bool"

    @property
    def is_complex(self):
        return False

    @property
    def is_quantized(self):
        return False

    @property
    def is_numeric(self):
        return not self.is_bool

    @property
    def base_dtype(self):
        return self

    @property
    def real_dtype(self):
        return self

    @property
    def as_datatype_enum(self):
        return _ENUM[self.name]

    @property
    def as_numpy_dtype(self):
        """The NumPy type; bfloat16 is that of the package ml_dtypes."""
        if self.name == "bfloat16":
            import ml_dtypes
            return ml_dtypes.bfloat16
        import numpy
        return numpy.dtype(self.name).type

    @property
    def max(self):
        if self.is_floating:
            return _LIMITS[self.name]
        if self.is_bool:
            raise TypeError(f"Cannot find maximum value of {self} with type {self}.")
        return 2 ** (8 * self.size - (0 if self.is_unsigned else 1)) - 1

    @property
    def min(self):
        if self.is_floating:
            return -_LIMITS[self.name]
        if self.is_bool:
            raise TypeError(f"Cannot find minimum value of {self} with type {self}.")
        return 0 if self.is_unsigned else -2 ** (8 * self.size - 1)

    @property
    def limits(self):
        return (self.min, self.max)

    def is_compatible_with(self, other):
        return self == other


def as_dtype(value):
    """The DType of a DType, a name, a NumPy dtype, float or bool; TypeError for anything else."""
    position = _core.find_dtype(value)
    if position < 0:
        raise TypeError(
            f"Cannot convert the argument `type_value`: {value!r} to a TensorFlow DType.")
    return _ALL[position]


def _make(position, name, size):
    dtype = object.__new__(DType)
    dtype.name, dtype.size, dtype._position = name, size, position
    return dtype


_ALL = [_make(i, name, size) for i, (name, size) in enumerate(_core.dtype_table())]
_core.set_dtypes(_ALL)
(bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, bfloat16, float32,
 float64) = _ALL
half, double = float16, float64
