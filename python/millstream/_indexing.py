"""Functions that are several ops under one name."""
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


where.__module__ = "millstream"
