"""Puts every op under its TensorFlow names: "math.tanh tanh" is tf.math.tanh and tf.tanh."""
import importlib
import sys
import types

from millstream import _core

# Ops of C++ alone, and those of a part of the API that Python does not have yet.
HIDDEN = ("internal.", "keras.")


def _module(path):
    """millstream.<path>: the one that is written, else a new one."""
    full = f"millstream.{path}" if path else "millstream"
    if full in sys.modules:
        return sys.modules[full]
    module = types.ModuleType(full, f"TensorFlow's tf.{path}.")
    sys.modules[full] = module
    outer, _, name = path.rpartition(".")
    setattr(_module(outer), name, module)
    return module


# Ops whose list of tensors TensorFlow takes as arguments of their own, and how many come before it.
ONE_BY_ONE = {"meshgrid": 0, "linalg.einsum": 1}


def _one_by_one(function, before):
    def spread(*args, name=None, optimize=None, **arguments):
        return function(*args[:before], list(args[before:]), **arguments)
    spread.__doc__ = function.__doc__
    return spread


def place_ops():
    for function in _core.all_ops():
        names = [name for name in function.op_names if not name.startswith(HIDDEN)]
        if not names:
            continue
        if names[0] in ONE_BY_ONE:
            function = _one_by_one(function, ONE_BY_ONE[names[0]])
        path, _, function.__name__ = names[0].rpartition(".")
        function.__module__ = f"millstream.{path}" if path else "millstream"
        function.__qualname__ = function.__name__
        for name in names:
            path, _, last = name.rpartition(".")
            vars(_module(path)).setdefault(last, function)
