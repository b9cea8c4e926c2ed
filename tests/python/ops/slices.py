"""Parts of a tensor."""
import numpy as np

from ops.table import ALL, case, op

same = dict(dtypes=ALL, exact=True)


def strided_slice(input_, begin, end, strides=None, begin_mask=0, end_mask=0, ellipsis_mask=0,
                  new_axis_mask=0, shrink_axis_mask=0):
    index = []
    for i, (first, last) in enumerate(zip(begin, end)):
        def has(mask, bit=1 << i):
            return mask & bit
        if has(ellipsis_mask):
            index.append(...)
        elif has(new_axis_mask):
            index.append(None)
        elif has(shrink_axis_mask):
            index.append(first)
        else:
            index.append(slice(None if has(begin_mask) else first,
                               None if has(end_mask) else last, strides[i] if strides else 1))
    return input_[tuple(index)]


SLICES = [dict(begin=[1], end=[3]), dict(begin=[0, -2], end=[0, 0], begin_mask=1, end_mask=3),
          dict(begin=[3, 0], end=[0, 4], strides=[-1, 2]),
          dict(begin=[0, 1], end=[0, 2], ellipsis_mask=1),
          dict(begin=[0, 0, 1], end=[0, 0, 2], new_axis_mask=1, shrink_axis_mask=2),
          dict(begin=[-1], end=[0], shrink_axis_mask=1), dict(begin=[2], end=[1]), dict(begin=[], end=[]),
          dict(begin=[5], end=[-9], strides=[-3])]


def put_back(dy, shape, **arguments):
    result = np.zeros(shape, dy.dtype)
    strided_slice(result, **arguments)[...] = dy
    return result


def split(value, num_or_size_splits, axis=0):
    if isinstance(num_or_size_splits, int):
        return np.split(value, num_or_size_splits, axis)
    sizes = list(num_or_size_splits)
    if -1 in sizes:
        sizes[sizes.index(-1)] = value.shape[axis] - sum(sizes) - 1
    return np.split(value, np.cumsum(sizes)[:-1], axis)


op("strided_slice", strided_slice, [case((4, 5, 2), **each) for each in SLICES], **same)
op("internal.strided_slice_grad", put_back,
   [case((2, 3), shape=[4, 3], begin=[1], end=[3]),
    case((2, 3), shape=[4, 3], begin=[0], end=[0], begin_mask=1, end_mask=1, strides=[-2])], **same)
op("slice", lambda input_, begin, size: input_[tuple(
    slice(b, None if s == -1 else b + s) for b, s in zip(begin, size))],
   [case((4, 5), begin=[1, 0], size=[2, -1]), case((4, 5), begin=[4, 5], size=[0, -1]),
    case((), begin=[], size=[])], **same)
op("split", split,
   [case((4, 6), num_or_size_splits=2), case((4, 6), num_or_size_splits=[1, -1, 2], axis=-1),
    case((4, 0), num_or_size_splits=2), case((3,), num_or_size_splits=[3])], **same)
op("unstack", lambda value, num=None, axis=0: list(np.moveaxis(value, axis, 0)),
   [case((2, 3)), case((2, 3), axis=-1, num=3), case((1,))], **same)
op("reverse", lambda tensor, axis: np.flip(tensor, axis),
   [case((3, 4), axis=[0]), case((3, 4), axis=[1, 0]), case((0, 2), axis=[0]), case((2,), axis=[])],
   **same)
op("nn.space_to_depth", lambda input, block_size, data_format="NHWC": to_depth(
    input, block_size, data_format),
   [case((2, 4, 6, 3), block_size=2), case((1, 2, 3, 6), block_size=3, data_format="NCHW"),
    case((0, 4, 4, 1), block_size=2)], dtypes=ALL, exact=True)
op("nn.depth_to_space", lambda input, block_size, data_format="NHWC": to_space(
    input, block_size, data_format),
   [case((2, 4, 6, 12), block_size=2), case((1, 18, 3, 6), block_size=3, data_format="NCHW")],
   dtypes=ALL, exact=True)


def to_depth(x, b, data_format):
    if data_format == "NCHW":
        return np.moveaxis(to_depth(np.moveaxis(x, 1, 3), b, "NHWC"), 3, 1)
    n, h, w, c = x.shape
    result = np.zeros((n, h // b, w // b, b * b * c), x.dtype)
    for i in range(b):
        for j in range(b):
            result[..., (i * b + j) * c:(i * b + j + 1) * c] = x[:, i::b, j::b]
    return result


def to_space(x, b, data_format):
    if data_format == "NCHW":
        return np.moveaxis(to_space(np.moveaxis(x, 1, 3), b, "NHWC"), 3, 1)
    n, h, w, c = x.shape
    result = np.zeros((n, h * b, w * b, c // (b * b)), x.dtype)
    for i in range(b):
        for j in range(b):
            place = (i * b + j) * result.shape[3]
            result[:, i::b, j::b] = x[..., place:place + result.shape[3]]
    return result
