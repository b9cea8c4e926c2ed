"""Functions that make tensors and are no ops of their own."""
from millstream import _core, dtypes
from millstream._variable import Variable


def zeros(shape, dtype=dtypes.float32, name=None, layout=None):
    """A tensor of zeros."""
    return _filled(shape, 0, dtype)


def ones(shape, dtype=dtypes.float32, name=None, layout=None):
    """A tensor of ones."""
    return _filled(shape, 1, dtype)


def add_n(inputs, name=None):
    """The sum of a list of tensors of one shape and dtype."""
    inputs = list(inputs) if hasattr(inputs, "__iter__") else []
    if not inputs:
        raise ValueError("Inputs must be an iterable of at least one Tensor/IndexedSlices with the "
                         "same dtype and shape.")
    total = _core.convert_to_tensor(inputs[0])
    for term in inputs[1:]:
        term = _core.convert_to_tensor(term, dtype_hint=total.dtype)
        if term.shape != total.shape:
            raise ValueError(f"Inputs to add_n must have one shape, not {total.shape} and "
                             f"{term.shape}.")
        total = total + term
    return total


def is_tensor(x):
    """Whether x is a tensor or a variable."""
    return isinstance(x, (_core.Tensor, Variable))


def restore_tensor(array, dtype):
    """What a pickled tensor becomes."""
    return _core.constant(array, dtype)


def _filled(shape, value, dtype):
    return _fill(shape, _core.constant(value if dtypes.as_dtype(dtype) != dtypes.bool
                                       else value == 1, dtype))


_fill = next(f for f in _core.all_ops() if "fill" in f.op_names)
for _public in (zeros, ones, add_n, is_tensor):
    _public.__module__ = "millstream"
