"""Tensors put together, and made larger."""
import numpy as np

from ops.table import ALL, case, op

same = dict(dtypes=ALL, exact=True)
listed = dict(same, tensors=True)

op("concat", lambda values, axis: np.concatenate(values, axis),
   [case((2, 3), (4, 3), axis=0), case((2, 1), (2, 3), (2, 0), axis=-1), case((3,), axis=0),
    case((0,), (0,), axis=0), case((2, 2, 3), (2, 5, 3), axis=1)], **listed)
op("stack", lambda values, axis=0: np.stack(values, axis),
   [case((2, 3), (2, 3)), case((2, 3), (2, 3), (2, 3), axis=1), case((2,), (2,), axis=-1),
    case((), ()), case((0, 2), (0, 2), axis=2)], **listed)
op("tile", lambda input, multiples: np.tile(input, multiples) if len(multiples) else input,
   [case((2, 3), multiples=[2, 3]), case((3, 1), multiples=[1, 4]), case((2,), multiples=[0]),
    case((1, 2, 1, 3), multiples=[3, 1, 2, 1]), case((), multiples=[]),
    case((0, 2), multiples=[2, 2])], **same)
op("repeat", lambda input, repeats, axis=None: np.repeat(input, repeats, axis),
   [case((2, 3), repeats=2), case((2, 3), repeats=[1, 0, 2], axis=1), case((2, 3), repeats=3, axis=-2),
    case((), repeats=2), case((0, 2), repeats=2, axis=0)], **same)


def pad(tensor, paddings, mode="CONSTANT", constant_values=0):
    if mode != "CONSTANT":
        return np.pad(tensor, paddings, mode=mode.lower())
    return np.pad(tensor, paddings, constant_values=constant_values)


op("pad", pad,
   [case((2, 3), paddings=[[1, 0], [0, 2]]), case((2, 3), paddings=[[0, 0], [0, 0]]),
    case((3, 3), paddings=[[2, 1], [0, 2]], mode="REFLECT"),
    case((2, 3), paddings=[[2, 0], [1, 3]], mode="SYMMETRIC"),
    case((1, 4, 4, 2), paddings=[[0, 0], [1, 1], [2, 0], [0, 0]]),
    case((0,), paddings=[[1, 2]])], **same)
op("roll", lambda input, shift, axis: np.roll(input, shift, axis),
   [case((5,), shift=2, axis=0), case((3, 4), shift=[1, -2], axis=[0, 1]),
    case((3, 4), shift=[7, 1], axis=[1, 1]), case((0, 2), shift=1, axis=0)], **same)
