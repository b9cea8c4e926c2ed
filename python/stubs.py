"""Writes type stubs (.pyi) of the built package beside it. usage: stubs.py PACKAGE_FOLDER

Every op is a loop over the registry; classes and functions are read from the live modules.
"""
import ast
import inspect
import pathlib
import sys
import types

HEADER = '''from collections.abc import Iterator, Sequence
from typing import Any

_bool = bool  # the package has a dtype of this name
TensorLike = Any  # a Tensor, a Variable, a number, a nested list or an array
DTypeLike = Any  # a DType, its name, or a NumPy dtype
'''
COMPARISONS = {"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"}
BINARY = {f"__{side}{name}__" for side in ("", "r") for name in (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")}
EQUALITY = {"__eq__", "__ne__"}
UNARY = {"__neg__", "__pos__", "__abs__", "__invert__"}
RESULTS = {"__len__": "int", "__bool__": "_bool", "__iter__": "Iterator[Any]", "__float__": "float", "__int__": "int",
           "__index__": "int", "__repr__": "str", "__str__": "str", "__hash__": "int"}
SKIPPED = {"__module__", "__doc__", "__dict__", "__weakref__", "__new__", "__slots__", "__init__",
           "__qualname__", "__annotations__", "__static_attributes__", "__firstlineno__"}


def signature_text(function):
    """"(x, axis=None)" with defaults as "...": always valid, whatever they are."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return "(*args: Any, **kwargs: Any)"
    shown = [p.replace(annotation=p.empty, default=p.empty if p.default is p.empty else ...)
             for p in parameters]
    return str(inspect.Signature(shown)).replace("Ellipsis", "...")


def op_text(name, function):
    parameters = [
        p.replace(default=p.default if isinstance(p.default, (bool, int, float, str, type(None)))
                  or p.default is p.empty else ...)
        for p in inspect.signature(function).parameters.values()]
    text = ", ".join(f"{p.name}: {p.annotation.replace('bool', '_bool')}" + (
        "" if p.default is p.empty else " = ..." if p.default is ... else f" = {p.default!r}")
        for p in parameters)
    doc = function.op_summary.replace("\\", "\\\\").replace('"', "'")
    returned = inspect.signature(function).return_annotation
    return f'def {name}({text}) -> {returned}:\n    """{doc}"""'


def method_text(name, value):
    if name in COMPARISONS | BINARY:
        return f"    def {name}(self, other: Any) -> {'Any' if name in EQUALITY else 'Tensor'}: ..."
    if name == "__getitem__":
        return "    def __getitem__(self, key: Any) -> Any: ..."
    if name in UNARY:
        return f"    def {name}(self) -> Tensor: ..."
    if name in RESULTS:
        return f"    def {name}(self) -> {RESULTS[name]}: ..."
    if isinstance(value, (property, types.GetSetDescriptorType)):
        return f"    @property\n    def {name}(self) -> Any: ..."
    if inspect.isroutine(value) and type(value).__name__ in ("function", "nb_method"):
        text = signature_text(value)
        return f"    def {name}{text} -> Any: ..." if text.startswith("(self") else \
            f"    def {name}(self, *args: Any, **kwargs: Any) -> Any: ..."
    return None


def class_text(name, value):
    bases = [base.__name__ for base in value.__bases__
             if base is not object and issubclass(base, BaseException)]
    lines = [f"class {name}({', '.join(bases)}):" if bases else f"class {name}:"]
    lines.append("    def __init__(self, *args: Any, **kwargs: Any) -> None: ...")
    seen = {}
    for base in reversed(value.__mro__):
        if base.__module__.startswith("millstream"):
            seen.update(vars(base))
    for attribute, member in sorted(seen.items()):
        if attribute not in SKIPPED and (not attribute.startswith("_") or attribute[1] == "_"):
            if text := method_text(attribute, member):
                lines.append(text)
    return "\n".join(lines)


def member_text(name, value):
    if type(value).__name__ == "OpFunction":
        return op_text(name, value)
    if isinstance(value, type):
        return class_text(name, value)
    if isinstance(value, types.ModuleType):
        return f"from {value.__name__.rpartition('.')[0]} import {name} as {name}"
    if inspect.isroutine(value):
        return f"def {name}{signature_text(value)} -> Any: ..."
    if type(value).__name__ == "DType":
        return f"{name}: DType"
    if isinstance(value, (int, float, str, tuple, type(None))):
        return f"{name}: {type(value).__name__ if value is not None else 'None'}"
    return None


def belongs(module, name, value):
    """Whether `name` is part of the module's own interface."""
    if name.startswith("_") and name != "__version__":
        return False
    if isinstance(value, types.ModuleType):
        return value.__name__ == f"{module.__name__}.{name}"
    return True


def stub_of(module):
    parts = [HEADER]
    if module.__name__ != "millstream":
        parts.append("from millstream import DType, Tensor, Variable\n")
    members = sorted(vars(module).items(), key=lambda item: (not isinstance(item[1], type), item[0]))
    for name, value in members:
        if belongs(module, name, value) and (text := member_text(name, value)):
            parts.append(text)
    return "\n".join(parts) + "\n"


def main(folder):
    sys.path.insert(0, str(folder.parent))
    import millstream  # noqa: F401
    packages = {"millstream"} | {name for name, module in sys.modules.items()
                                 if name.startswith("millstream.") and hasattr(module, "__path__")}
    for name, module in sorted(sys.modules.items()):
        last = name.rpartition(".")[2]
        if not (name == "millstream" or name.startswith("millstream.")) or last.startswith("_"):
            continue
        path = folder.joinpath(*name.split(".")[1:])
        path = path / "__init__.pyi" if name in packages else path.with_suffix(".pyi")
        text = stub_of(module)
        ast.parse(text, str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
