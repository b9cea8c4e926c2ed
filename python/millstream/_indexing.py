"""Functions of positions that are several ops under one name, or take any number of tensors."""
from millstream import _core

_ops = {name: op for op in _core.all_ops() for name in op.op_names}


def where(condition, x=None, y=None, name=None):
    """x where the condition holds, y elsewhere; without x and y, the positions where it holds.

    where(condition) gives int64[count, rank], in row-major order.
    """
    if x is None and y is None:
        return _ops["raw_ops.Where"](condition)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return _ops["where"](condition, x, y)


def meshgrid(*args, indexing="xy", name=None):
    """Each vector's elements along an axis of their own, repeated along the others."""
    return _ops["meshgrid"](list(args), indexing=indexing)


for _public in (where, meshgrid):
    _public.__module__ = "millstream"
