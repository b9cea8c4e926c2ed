"""How a row of the op test table is written.

    op("math.sigmoid", reference=lambda x: 1 / (1 + np.exp(-x)), domain=(-20, 20)),

A row of an elementwise op needs no more: the cases (shapes that broadcast, scalars, empty tensors,
transposed inputs) are made for it. Other ops give theirs:

    op("math.reduce_sum", reference=np.sum, cases=[case((2, 3, 4), axis=1, keepdims=True)]),

The tests (test_ops.py, test_fuzz.py) compare each case with `reference`, which gets float64 (or
int64, or bool) arrays, in every dtype of the row; try a refused dtype; check gradients against
central differences; and call the op with random arguments.
"""
import dataclasses
import itertools
from typing import Any, Callable

import numpy as np

import millstream as tf

FLOATING = ("float16", "bfloat16", "float32", "float64")
SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
INTEGER = SIGNED + UNSIGNED
NUMERIC = FLOATING + INTEGER
BOOL = ("bool",)
ALL = NUMERIC + BOOL

# Relative and absolute tolerance by dtype; of float64 results unless the row says otherwise.
TOLERANCE = {"float16": 2e-3, "bfloat16": 1.6e-2, "float32": 4e-6, "float64": 1e-12}


@dataclasses.dataclass
class Case:
    """One call: shapes (filled from the domain) or arrays, one for each tensor, and arguments."""

    inputs: tuple
    arguments: dict

    def __repr__(self):
        shapes = [x if isinstance(x, tuple) else f"array{np.shape(x)}" for x in self.inputs]
        arguments = [f"{name}={value!r}" for name, value in self.arguments.items()]
        return "(" + ", ".join(map(str, shapes + arguments)) + ")"


def case(*inputs, **arguments):
    return Case(inputs, arguments)


@dataclasses.dataclass
class Row:
    name: str
    reference: Callable
    cases: list
    domain: Any = (-3, 3)          # (low, high) of the values, or one such pair for each input
    dtypes: tuple = FLOATING       # which the op takes
    refuses: bool = True           # whether other dtypes are refused
    gradient: bool = True          # whether gradients flow
    second: bool = True            # whether gradients of gradients are checked
    tolerance: dict = dataclasses.field(default_factory=dict)  # by dtype, instead of TOLERANCE
    gradient_of: tuple = None      # positions of the inputs that have gradients; None: all
    input_dtypes: dict = dataclasses.field(default_factory=dict)  # position: its dtype
    result_dtype: Any = None       # a name, or a function of the inputs' dtype; None: the same
    tensors: bool = False          # the op takes its tensors as one list
    elementwise: bool = False
    exact: bool = False            # the values are what the reference gives, bit by bit
    call: Callable = None          # instead of the op itself, for unusual arguments
    fuzz: Callable = None          # rng -> Case, for random calls that must work
    random: bool = False           # the values differ from call to call: the reference checks them

    def function(self):
        return self.call or function_named(self.name)

    def result_dtype_of(self, dtype):
        if self.result_dtype is None:
            return dtype
        return self.result_dtype(dtype) if callable(self.result_dtype) else self.result_dtype

    def tolerance_of(self, dtype):
        return {**TOLERANCE, **self.tolerance}[dtype]

    def domain_of(self, position):
        pair = self.domain
        return pair[position] if isinstance(pair, list) else pair


ROWS = {}

_SHAPES = {1: [((3, 4),), ((),), ((0, 3),), ((2, 3, 2, 2),), ((67,),)],
           2: [((3, 4), (3, 4)), ((2, 1, 3), (4, 1)), ((5,), ()), ((), ()), ((0, 3), (3,)),
               ((67,), (67,))],
           3: [((3, 4), (3, 4), (3, 4)), ((2, 3), (3,), ()), ((0,), (0,), ()),
               ((2, 1), (1, 3), (2, 3))]}


def op(name, reference, cases=None, **fields):
    """Adds a row. Without cases the op is elementwise, with as many inputs as tensor parameters."""
    elementwise = cases is None
    if elementwise:
        kinds = [kind for _, kind, _, _, _ in function_named(name).op_parameters]
        cases = [case(*shapes) for shapes in _SHAPES[kinds.count("tensor")]]
    if name in ROWS:
        raise ValueError(f"two rows for {name}")
    ROWS[name] = Row(name, reference, cases, elementwise=elementwise, **fields)


def function_named(name):
    if name not in _FUNCTIONS:
        raise LookupError(f"no op is named {name}")
    return _FUNCTIONS[name]


def all_functions():
    return list(dict.fromkeys(_FUNCTIONS.values()))


_FUNCTIONS = {name: function for function in tf._core.all_ops() for name in function.op_names}


def make_inputs(row, case, dtype, seed=0):
    """The float64, int64 or bool arrays of a case, with values that `dtype` represents."""
    rng = np.random.default_rng(seed)
    arrays = []
    for position, given in enumerate(case.inputs):
        own = row.input_dtypes.get(position, dtype)
        if isinstance(given, tuple):
            arrays.append(_random_values(rng, given, row.domain_of(position), own))
        else:
            arrays.append(_as_dtype(np.asarray(given), own))
    return arrays


def _random_values(rng, shape, domain, dtype):
    if dtype == "bool":
        return rng.random(shape) < 0.5
    low, high = domain
    if "int" in dtype:
        low = max(low, 0) if dtype.startswith("u") else low
        return rng.integers(int(np.ceil(low)), max(int(np.floor(high)), int(np.ceil(low)) + 1),
                            shape, endpoint=True)
    return _as_dtype(rng.uniform(low, high, shape), dtype)


def _as_dtype(array, dtype):
    """Rounded to the dtype, in a NumPy type that holds its values."""
    if dtype == "bool":
        return array.astype(bool)
    if "int" in dtype:
        return array.astype(np.int64)
    if dtype == "bfloat16":
        return tf.cast(tf.cast(tf.constant(array, tf.float64), dtype), tf.float64).numpy().copy()
    return array.astype(dtype).astype(np.float64)


def to_tensors(row, arrays, dtype):
    return [tf.cast(tf.constant(array), row.input_dtypes.get(position, dtype))
            for position, array in enumerate(arrays)]


def run(row, tensors, arguments):
    """The op's outputs as a list."""
    function = row.function()
    result = function(tensors, **arguments) if row.tensors else function(*tensors, **arguments)
    return list(result) if isinstance(result, (list, tuple)) else [result]


def expected(row, arrays, arguments):
    with np.errstate(all="ignore"):
        result = row.reference(arrays, **arguments) if row.tensors else \
            row.reference(*arrays, **arguments)
    return [np.asarray(r) for r in result] if isinstance(result, (list, tuple)) else \
        [np.asarray(result)]


def to_array(tensor):
    return np.asarray(tf.cast(tensor, tf.float64) if tensor.dtype.is_floating else tensor)


def pairs(rows):
    """(row, case) for every case of the rows, with readable ids."""
    return list(itertools.chain.from_iterable(
        [(row, each) for each in row.cases] for row in rows))
