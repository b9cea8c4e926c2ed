"""Diagonals of matrices."""
import itertools

import numpy as np

import millstream as tf
from ops.table import ALL, FLOATING, NUMERIC, case, op

same = dict(dtypes=ALL, exact=True, gradient_of=(0,))


def places(rows, columns, k, align):
    """(row in the band, place in it, row, column) of every element of the diagonals."""
    low, high = (k, k) if isinstance(k, int) else (k[0], k[-1])
    length = min(rows + min(high, 0), columns - max(low, 0))
    above, below = align.split("_")
    for row, d in enumerate(range(high, low - 1, -1)):
        own = min(rows + min(d, 0), columns - max(d, 0))
        shift = length - own if (above if d >= 0 else below) == "RIGHT" else 0
        for i in range(own):
            yield row, shift + i, max(-d, 0) + i, max(d, 0) + i


def band_shape(rows, columns, k):
    low, high = (k, k) if isinstance(k, int) else (k[0], k[-1])
    length = min(rows + min(high, 0), columns - max(low, 0))
    return (length,) if low == high else (high - low + 1, length)


def diag_part(input, padding_value=0, *, k=0, align="RIGHT_LEFT"):
    rows, columns = input.shape[-2:]
    band = band_shape(rows, columns, k)
    result = np.full(input.shape[:-2] + band, padding_value, input.dtype)
    wide = result.reshape(input.shape[:-2] + (-1, band[-1])) if result.size else result
    for row, place, i, j in places(rows, columns, k, align):
        wide[..., row, place] = input[..., i, j]
    return result


def set_diag(input, diagonal, *, k=0, align="RIGHT_LEFT"):
    result = input.copy()
    rows, columns = input.shape[-2:]
    single = len(band_shape(rows, columns, k)) == 1
    wide = diagonal[..., None, :] if single else diagonal
    for row, place, i, j in places(rows, columns, k, align):
        result[..., i, j] = wide[..., row, place]
    return result


def diag(diagonal, padding_value=0, *, k=0, num_rows=-1, num_cols=-1, align="RIGHT_LEFT"):
    low, high = (k, k) if isinstance(k, int) else (k[0], k[-1])
    batch = diagonal.shape[:-1] if low == high else diagonal.shape[:-2]
    rows, columns = diagonal.shape[-1] - min(high, 0), diagonal.shape[-1] + max(low, 0)
    if num_rows == num_cols == -1:
        rows = columns = max(rows, columns)
    else:
        rows, columns = max(rows, num_rows), max(columns, num_cols)
    empty = np.full(batch + (rows, columns), padding_value, diagonal.dtype)
    return set_diag(empty, diagonal, k=k, align=align)


def padded(padding):
    """The padding value is an argument by name, behind the others."""
    return {"padding_value": padding[0]} if padding else {}


def with_bands(shapes_of):
    return [case(*shapes_of(k), **arguments) for k, arguments in BANDS]


ALIGNMENTS = ["_".join(pair) for pair in itertools.product(("LEFT", "RIGHT"), repeat=2)]
BANDS = [(0, {}), (1, dict(k=1)), (-2, dict(k=-2)), ([-1, 2], dict(k=[-1, 2]))] + [
    ([-2, 1], dict(k=[-2, 1], align=each)) for each in ALIGNMENTS]

op("linalg.diag_part", diag_part,
   with_bands(lambda k: [(2, 3, 4)]) + [case((2, 2), (), k=[0, 1]), case((0, 3))], call=lambda input, *padding, **arguments: tf.linalg.diag_part(
       input, **arguments, **padded(padding)), **same)
op("linalg.set_diag", set_diag, with_bands(lambda k: [(2, 3, 4), (2,) + band_shape(3, 4, k)]),
   **{**same, "gradient_of": (0, 1)})
op("linalg.diag", diag,
   [case((3,)), case((2, 3)), case((2, 3), k=1), case((3,), k=-2), case((3,), num_rows=3, num_cols=5),
    case((2, 2), (), k=[0, 1]), case((3, 3), k=[-1, 1]), case((0,))],
   call=lambda diagonal, *padding, **arguments: tf.linalg.diag(
       diagonal, **arguments, **padded(padding)), **same)
op("linalg.band_part", lambda input, num_lower, num_upper: np.where(band(
    input.shape[-2:], num_lower, num_upper), input, np.zeros_like(input)),
   [case((2, 4, 5), num_lower=1, num_upper=0), case((4, 3), num_lower=-1, num_upper=1),
    case((3, 3), num_lower=0, num_upper=-1), case((0, 3), num_lower=1, num_upper=1)], **same)
op("linalg.trace", lambda x: np.trace(x, axis1=-2, axis2=-1), [case((2, 3, 4)), case((3, 3))],
   dtypes=NUMERIC)
op("eye", lambda num_rows, num_columns=None, batch_shape=(): np.broadcast_to(
    np.eye(num_rows, num_columns), tuple(batch_shape) + np.eye(num_rows, num_columns).shape),
   [case(num_rows=3), case(num_rows=2, num_columns=4), case(num_rows=2, batch_shape=[3]),
    case(num_rows=0)], dtypes=("float32",), gradient=False, exact=True)


def band(shape, lower, upper):
    distance = np.arange(shape[1]) - np.arange(shape[0])[:, None]
    return ((lower < 0) | (-distance <= lower)) & ((upper < 0) | (distance <= upper))
