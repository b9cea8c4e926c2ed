"""Reading and writing at positions."""
import numpy as np

from ops.table import ALL, FLOATING, NUMERIC, case, op

index = dict(input_dtypes={1: "int32"}, gradient_of=(0,), dtypes=ALL, exact=True)
scatter = dict(input_dtypes={1: "int64"}, gradient_of=(0, 2), exact=True)


def gather(params, indices, axis=None, batch_dims=0):
    axis = batch_dims if axis is None else axis % params.ndim
    if batch_dims == 0:
        return np.take(params, indices, axis)
    return np.stack([gather(p, i, axis - 1, batch_dims - 1) for p, i in zip(params, indices)])


def gather_grad(dy, indices, shape, axis=None, batch_dims=0, validate_indices=None):
    places = gather(np.arange(np.prod(shape)).reshape(shape), indices, axis, batch_dims)
    return accumulate(places, dy, shape)


def gather_nd(params, indices, batch_dims=0):
    if batch_dims == 0:
        depth = indices.shape[-1]
        return params[tuple(np.moveaxis(indices, -1, 0))] if depth else np.broadcast_to(
            params, indices.shape[:-1] + params.shape)
    return np.stack([gather_nd(p, i, batch_dims - 1) for p, i in zip(params, indices)])


def gather_nd_grad(indices, dy, shape, batch_dims=0):
    places = gather_nd(np.arange(np.prod(shape)).reshape(shape), indices, batch_dims)
    return accumulate(places, dy, shape)


def accumulate(places, values, shape):
    result = np.zeros(int(np.prod(shape)), values.dtype)
    np.add.at(result, places.ravel(), values.ravel())
    return result.reshape(shape)


def combined(combine):
    def reference(tensor, indices, updates):
        result = tensor.copy()
        for position in np.ndindex(indices.shape[:-1]):
            place = tuple(indices[position])
            result[place] = combine(result[place], updates[position])
        return result
    return reference


GATHERS = [case((4, 3), [2, 0, 2]), case((4, 3), [[1, 2], [0, 0]], axis=-1), case((4,), 3),
           case((2, 3), [[0, 2], [1, 1]], batch_dims=1),
           case((2, 3, 4), [[1], [0]], axis=2, batch_dims=1), case((3, 2), np.zeros((0,))),
           case((2, 40), [1, 0, 1])]
ENTRIES = [case((3, 4), [[0, 1], [2, 3], [0, 1]]), case((3, 4), [[2], [0]]), case((3,), [1]),
           case((2, 3), np.zeros((2, 0))), case((2, 3, 2), [[[1], [2]], [[0], [0]]], batch_dims=1)]

op("gather", gather, GATHERS, **index)
op("internal.gather_grad", gather_grad,
   [case((3, 2), [2, 0, 2], shape=[4, 2]), case((2, 2), [[0, 2], [1, 1]], shape=[2, 3], batch_dims=1),
    case((3, 2), [1, 1], shape=[3, 4], axis=1)], **{**index, "exact": False})
op("gather_nd", gather_nd, ENTRIES, **index)
op("internal.gather_nd_grad", gather_nd_grad,
   [case([[0, 1], [1, 1], [0, 1]], (3, 2), shape=[2, 2, 2]),
    case([[[1], [2]], [[0], [0]]], (2, 2), shape=[2, 3], batch_dims=1)],
   input_dtypes={0: "int32"}, gradient_of=(1,), dtypes=ALL)
op("scatter_nd", gather_nd_grad,
   [case([[2], [0], [2]], (3, 2), shape=[4, 2]), case([[0, 1]], (1,), shape=[2, 2]),
    case(np.zeros((0, 1)), (0, 3), shape=[2, 3])],
   input_dtypes={0: "int32"}, gradient_of=(1,), dtypes=ALL)

UPDATES = [case((4, 3), [[2], [0]], (2, 3)), case((4, 3), [[0, 1], [3, 2]], (2,)),
           case((3,), np.zeros((0, 1)), (0,))]
op("tensor_scatter_nd_update", combined(lambda old, new: new), UPDATES, dtypes=ALL, **scatter)
op("tensor_scatter_nd_add", combined(np.add), UPDATES, dtypes=ALL,
   **{**scatter, "exact": False})
op("tensor_scatter_nd_sub", combined(np.subtract), UPDATES, dtypes=NUMERIC, refuses=False,
   **{**scatter, "exact": False})
op("tensor_scatter_nd_max", combined(np.maximum), UPDATES, dtypes=ALL, second=False, **scatter)
op("tensor_scatter_nd_min", combined(np.minimum), UPDATES, dtypes=ALL, second=False, **scatter)


def embedding_lookup(params, ids, max_norm=None):
    rows = params[ids]
    if max_norm is None:
        return rows
    axes = tuple(range(ids.ndim, rows.ndim))
    length = np.sqrt(np.sum(rows * rows, axes, keepdims=True))
    return rows * max_norm / np.maximum(length, max_norm)


def boolean_mask(tensor, mask, axis=None):
    axis = 0 if axis is None else axis
    return np.moveaxis(np.moveaxis(tensor, axis, 0)[mask], 0, axis) if axis else tensor[mask]


op("nn.embedding_lookup", embedding_lookup,
   [case((4, 3), [[1, 2], [1, 0]]), case((4, 3), [3], max_norm=0.5)],
   refuses=False,  # integers, without max_norm
   **{**index, "dtypes": FLOATING, "exact": False})
op("boolean_mask", boolean_mask,
   [case((3, 2), [True, False, True]), case((2, 2, 2), [[True, False], [False, True]]),
    case((3, 4), [False, True, True, False], axis=1), case((2,), [False, False])],
   input_dtypes={1: "bool"}, gradient_of=(0,), dtypes=ALL, exact=True)
op("raw_ops.Where", np.argwhere,
   [case([[0, 5], [-1, 0]]), case([0, 0]), case(np.zeros((2, 0))), case(1)], dtypes=ALL,
   gradient=False, exact=True, result_dtype="int64")
op("reverse_sequence",
   lambda input, seq_lengths, seq_axis=1, batch_axis=0: reversed_upto(
       input, seq_lengths, seq_axis, batch_axis),
   [case((3, 4), [4, 0, 2]), case((5, 2, 3), [1, 4], seq_axis=0, batch_axis=1)],
   **index)


def reversed_upto(x, lengths, seq_axis, batch_axis):
    result = np.moveaxis(x, (batch_axis, seq_axis), (0, 1)).copy()
    for row, length in zip(result, lengths):
        row[:length] = row[:length][::-1].copy()
    return np.moveaxis(result, (0, 1), (batch_axis, seq_axis))
