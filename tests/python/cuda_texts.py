"""Compiles every kernel of the op test table for the GPU that the fake driver pretends to be.

Run by test_cuda_texts.py in a process of its own. Kernels compute nothing there, so results are not
looked at; what counts is that NVIDIA's compiler takes every text.
"""
import millstream as tf
from ops import load_rows
from ops.table import FLOATING, make_inputs, pairs, run, to_tensors


def call(row, case, dtype):
    tensors = to_tensors(row, make_inputs(row, case, dtype), dtype)
    with tf.GradientTape() as tape:
        watched = [tensor for tensor in tensors if tensor.dtype.is_floating]
        tape.watch(watched)
        results = run(row, tensors, case.arguments)
    if row.gradient and dtype in FLOATING:
        tape.gradient(results, watched)


def main(dtypes=None):
    refused = {}
    cases = list(pairs(load_rows().values()))
    for row, case in cases:
        for dtype in row.dtypes if dtypes is None else set(row.dtypes) & set(dtypes):
            try:
                call(row, case, dtype)
            except tf.errors.InternalError as error:
                if "does not compile" in str(error):
                    refused[f"{row.name} {dtype}"] = str(error)
            except (tf.errors.OpError, AssertionError, IndexError, TypeError, ValueError):
                pass  # of numbers that no kernel computed
    for name, error in refused.items():
        print(name, error)
    print(len(cases), "cases,", len(refused), "refused")
