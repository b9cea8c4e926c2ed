"""Docstrings and signatures of ops, made from the text of the op when they are asked for."""
import inspect

_ANNOTATIONS = {"tensor": "TensorLike", "tensors": "Sequence[TensorLike]", "bool": "bool",
                "int": "int", "float": "float", "str": "str", "dtype": "DTypeLike",
                "ints": "int | Sequence[int]", "floats": "Sequence[float]",
                "str|ints": "str | Sequence[int]", "int|ints": "int | Sequence[int]"}


def signature(function):
    parameters = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD,
                          default=default if has_default else inspect.Parameter.empty,
                          annotation=annotation(kind, optional))
        for name, kind, optional, has_default, default in function.op_parameters]
    parameters = _defaults_last(parameters)
    parameters.append(inspect.Parameter("name", inspect.Parameter.POSITIONAL_OR_KEYWORD,
                                        default=None, annotation="str | None"))
    return inspect.Signature(parameters, return_annotation=returns(function))


def annotation(kind, optional):
    return _ANNOTATIONS[kind] + (" | None" if optional else "")


def returns(function):
    if function.op_outputs == "tensors":
        return "list[Tensor]"
    if function.op_outputs:
        return f"tuple[{', '.join('Tensor' for _ in function.op_outputs.split(','))}]"
    return "Tensor"


def docstring(function):
    lines = [f"tf.{function.op_names[0]}{_plain(signature(function))}", "", function.op_summary]
    if function.op_outputs and function.op_outputs != "tensors":
        lines += ["", f"Returns ({function.op_outputs})."]
    if not function.op_differentiable:
        lines += ["", "No gradient flows through it."]
    others = ", ".join(f"tf.{name}" for name in function.op_names[1:])
    if others:
        lines += ["", f"Also {others}."]
    return "\n".join(lines)


def _plain(signature):
    """Without annotations, as people write it."""
    bare = [parameter.replace(annotation=inspect.Parameter.empty)
            for parameter in signature.parameters.values()]
    return str(inspect.Signature(bare))


def _defaults_last(parameters):
    """Python's own rule: once a parameter has a default, those after it have one."""
    seen = False
    result = []
    for parameter in parameters:
        seen = seen or parameter.default is not inspect.Parameter.empty
        if seen and parameter.default is inspect.Parameter.empty:
            parameter = parameter.replace(default=None)
        result.append(parameter)
    return result
