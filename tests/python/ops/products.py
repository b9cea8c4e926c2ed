"""Products of matrices."""
import numpy as np

import millstream as tf
from ops.table import FLOATING, NUMERIC, case, op

# Sums of products round more often than they are long.
LOOSE = {"float16": 1e-2, "bfloat16": 0.06, "float32": 2e-5, "float64": 1e-11}


def matmul(a, b, transpose_a=False, transpose_b=False):
    a = np.swapaxes(a, -1, -2) if transpose_a else a
    return a @ (np.swapaxes(b, -1, -2) if transpose_b else b)


op("linalg.matmul", matmul,
   [case((2, 3), (3, 4)), case((3, 2), (4, 3), transpose_a=True, transpose_b=True),
    case((2, 3, 4), (2, 4, 5)), case((2, 1, 3, 4), (5, 4, 2)), case((3, 4), (2, 4, 1)),
    case((2, 0), (0, 3)), case((0, 2), (2, 3)), case((20, 33), (33, 17)), case((1, 1), (1, 1))],
   dtypes=NUMERIC, tolerance=LOOSE)
op("linalg.einsum", lambda inputs, equation: np.einsum(equation, *inputs),
   [case((2, 3), (3, 4), equation="ij,jk->ik"), case((2, 3), equation="ij->ji"),
    case((3, 3), equation="ii"), case((2, 3), (3,), (2, 4), equation="ij,j,ik->k"),
    case((2, 5, 3), (2, 3, 4), equation="...ij,...jk->...ik"), case((2, 0), (0, 3), equation="ab,bc"),
    case((2, 3, 4), (4,), equation="bij,j->bi"), case((2, 3), (2, 3), equation="ij,ij->")],
   tensors=True, call=lambda inputs, equation: tf.einsum(equation, *inputs), dtypes=NUMERIC,
   tolerance=LOOSE)
op("tensordot", lambda a, b, axes: np.tensordot(a, b, axes),
   [case((2, 3), (3, 4), axes=1), case((2, 3), (4, 5), axes=0), case((2, 3, 4), (3, 4, 2), axes=2),
    case((2, 3, 4), (3, 5, 2), axes=[[1, 0], [0, 2]]), case((2, 3), (3, 2), axes=[[1], [0]]),
    case((0, 3), (3, 2), axes=1)], dtypes=NUMERIC, tolerance=LOOSE)
op("linalg.matvec", lambda a, b, transpose_a=False: matmul(a, b[..., None], transpose_a)[..., 0],
   [case((2, 3), (3,)), case((3, 2), (3,), transpose_a=True), case((2, 3, 4), (2, 4)),
    case((0, 2), (2,))], dtypes=NUMERIC, tolerance=LOOSE)
op("nn.fused_dense",
   lambda x, kernel, bias, activation=None: (np.tanh if activation else np.asarray)(
       x @ kernel + bias),
   [case((5, 3), (3, 4), (4,)), case((2, 3), (3, 2), (2,), activation="tanh"),
    case((2, 5, 3), (3, 4), (4,))], dtypes=FLOATING, tolerance=LOOSE)
