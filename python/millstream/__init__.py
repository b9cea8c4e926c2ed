"""Millstream: deep learning with TensorFlow's programming model.

    import millstream as tf
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    tf.reduce_sum(x @ x)

Ops are the C++ library's, placed under TensorFlow's names by `_names.py`.
"""
from millstream import _core
from millstream import errors, dtypes, nest  # noqa: F401  (errors first: the others may raise)
from millstream._core import Tensor, constant, convert_to_tensor, explain_placement, from_dlpack
from millstream._shape import TensorShape
from millstream._variable import Variable, VariableAggregation, VariableSynchronization
from millstream._tape import GradientTape, UnconnectedGradients, custom_gradient
from millstream._creation import add_n, is_tensor, ones, zeros
from millstream._device import device
from millstream._device_spec import DeviceSpec
from millstream._indexing import where
from millstream.dtypes import (as_dtype, bfloat16, bool, double, float16, float32, float64, half,
                               int8, int16, int32, int64, uint8, uint16, uint32, uint64, DType)
from millstream import (config, datasets, debugging, random, sysconfig,  # noqa: F401
                        test)
from millstream import _names

__version__ = _core.__version__
newaxis = None
_names.place_ops()


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    near = _core.nearest(name, [known for known in globals() if not known.startswith("_")])
    hint = f"; did you mean '{near}'?" if near else ""
    raise AttributeError(f"module 'millstream' has no attribute '{name}'{hint}")
