"""Convolutions, by their definition."""
import itertools

import numpy as np

from ops.table import FLOATING, NUMERIC, case, op

LOOSE = {"float16": 2e-2, "bfloat16": 0.2, "float32": 5e-5, "float64": 1e-11}
conv = dict(dtypes=NUMERIC, domain=(-1, 1), tolerance=LOOSE)


def spatial(value, rank):
    """One number for each spatial axis, of TensorFlow's 1, n or n + 2 numbers."""
    values = [1] if value is None else list(np.atleast_1d(value))
    if len(values) == rank + 2:
        values = values[1:-1]
    return values * rank if len(values) == 1 else values


def pads(padding, sizes, windows, strides):
    if isinstance(padding, list):
        return [tuple(pair) for pair in padding[1:-1]]
    if padding == "VALID":
        return [(0, 0)] * len(sizes)
    totals = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(sizes, windows, strides)]
    return [(total // 2, total - total // 2) for total in totals]


def positions(image, filters, strides, padding, dilations):
    """Yields (output position, the slices of the padded image under the filter), and the shape."""
    rank = image.ndim - 2
    strides, dilations = spatial(strides, rank), spatial(dilations, rank)
    windows = [(k - 1) * d + 1 for k, d in zip(filters.shape, dilations)]
    edges = pads(padding, image.shape[1:-1], windows, strides)
    padded = np.pad(image, [(0, 0), *edges, (0, 0)])
    shape = [(n - w) // s + 1 for n, w, s in zip(padded.shape[1:-1], windows, strides)]
    each = []
    for at in itertools.product(*map(range, shape)):
        window = tuple(slice(i * s, i * s + w, d)
                       for i, s, w, d in zip(at, strides, windows, dilations))
        each.append((at, window))
    return padded, shape, each


def convolve(input, filters, strides=1, padding="VALID", data_format=None, dilations=None):
    if data_format is not None and data_format.startswith("NC"):
        channels_last = convolve(np.moveaxis(input, 1, -1), filters,
                                 strides if np.ndim(strides) == 0 else
                                 [1, *strides[2:], 1] if len(strides) == input.ndim else strides,
                                 padding, None, dilations)
        return np.moveaxis(channels_last, -1, 1)
    rank = input.ndim - 2
    groups = input.shape[-1] // filters.shape[-2]
    padded, shape, each = positions(input, filters, strides, padding, dilations)
    result = np.zeros((input.shape[0], *shape, filters.shape[-1]))
    per = filters.shape[-1] // groups
    for at, window in each:
        part = padded[(slice(None), *window)]
        for g in range(groups):
            channels = part[..., g * filters.shape[-2]:(g + 1) * filters.shape[-2]]
            out = np.tensordot(channels, filters[..., g * per:(g + 1) * per],
                               (range(1, rank + 2), range(rank + 1)))
            result[(slice(None), *at, slice(g * per, (g + 1) * per))] = out
    return result


def depthwise(input, filter, strides, padding, data_format=None, dilations=None):
    """One convolution for each channel, side by side."""
    outputs = [convolve(input[..., c:c + 1], filter[:, :, c:c + 1], strides, padding,
                        None, dilations) for c in range(input.shape[-1])]
    return np.concatenate(outputs, -1)


def transposed(input, filters, output_shape, strides, padding="SAME", data_format=None,
               dilations=None):
    """The adjoint of convolve: every input pixel adds its filter to the output."""
    image = np.zeros(output_shape)
    forward = np.swapaxes(filters, -1, -2)  # [.., out, in] reads out and gives in
    padded, _, each = positions(image, forward, strides, padding, dilations)
    rank = image.ndim - 2
    for at, window in each:
        pixel = input[(slice(None), *at)]
        padded[(slice(None), *window)] += np.tensordot(pixel, filters, ((1,), (rank + 1,)))
    windows = [k for k in filters.shape[:rank]]
    dilated = [(k - 1) * d + 1 for k, d in zip(windows, spatial(dilations, rank))]
    edges = pads(padding, image.shape[1:-1], dilated, spatial(strides, rank))
    inner = tuple(slice(before, before + n) for (before, _), n in zip(edges, image.shape[1:-1]))
    return padded[(slice(None), *inner)]


op("nn.conv2d", convolve, [
    case((2, 5, 5, 3), (3, 3, 3, 4), strides=1, padding="VALID"),
    case((1, 6, 5, 2), (3, 2, 2, 3), strides=2, padding="SAME"),
    case((1, 7, 7, 2), (3, 3, 2, 2), strides=[1, 1, 1, 1], padding="SAME", dilations=2),
    case((1, 5, 5, 4), (3, 3, 2, 4), strides=1, padding="SAME"),          # two groups
    case((1, 5, 5, 2), (2, 2, 2, 3), strides=1, padding=[[0, 0], [1, 0], [0, 2], [0, 0]]),
    case((2, 3, 5, 5), (3, 3, 3, 4), strides=[1, 1, 2, 2], padding="VALID", data_format="NCHW"),
    case((0, 5, 5, 3), (3, 3, 3, 4), strides=1, padding="VALID"),
    case((1, 4, 4, 1), (1, 1, 1, 1), strides=1, padding="SAME"),
], **conv)
op("nn.conv1d", lambda input, filters, stride, padding, **k: convolve(
    input, filters, stride, padding, **k),
   [case((2, 7, 3), (3, 3, 4), stride=1, padding="VALID"),
    case((1, 7, 2), (3, 2, 2), stride=2, padding="SAME")], **conv)
op("nn.conv3d", convolve, [
    case((1, 4, 4, 3, 2), (2, 2, 2, 2, 3), strides=[1, 1, 1, 1, 1], padding="VALID"),
    case((1, 3, 4, 3, 1), (2, 3, 2, 1, 2), strides=[1, 2, 1, 2, 1], padding="SAME")], **conv)
op("nn.convolution", convolve, [
    case((1, 5, 5, 2), (3, 3, 2, 2)),
    case((1, 6, 2), (3, 2, 2), strides=2, padding="SAME")], **conv)
op("nn.depthwise_conv2d", depthwise, [
    case((1, 5, 5, 3), (3, 3, 3, 2), strides=[1, 1, 1, 1], padding="SAME"),
    case((2, 5, 4, 2), (2, 3, 2, 1), strides=[1, 2, 2, 1], padding="VALID")], **conv)
op("nn.separable_conv2d",
   lambda input, depthwise_filter, pointwise_filter, strides, padding: convolve(
       depthwise(input, depthwise_filter, strides, padding), pointwise_filter),
   [case((1, 5, 5, 2), (3, 3, 2, 2), (1, 1, 4, 3), strides=[1, 1, 1, 1], padding="SAME")], **conv)
op("nn.conv2d_transpose", transposed, [
    case((1, 3, 3, 2), (3, 3, 4, 2), output_shape=[1, 6, 6, 4], strides=2, padding="SAME"),
    case((1, 3, 3, 2), (3, 3, 1, 2), output_shape=[1, 5, 5, 1], strides=1, padding="VALID"),
], **conv)
op("nn.conv1d_transpose", transposed, [
    case((1, 4, 2), (3, 3, 2), output_shape=[1, 8, 3], strides=2)], **conv)
op("nn.conv3d_transpose", transposed, [
    case((1, 2, 2, 2, 1), (2, 2, 2, 2, 1), output_shape=[1, 4, 4, 4, 2], strides=2)], **conv)
op("nn.conv_transpose", transposed, [
    case((1, 3, 3, 2), (3, 3, 4, 2), output_shape=[1, 6, 6, 4], strides=2)], **conv)
op("nn.fused_conv2d", lambda input, filters, bias, strides, padding, activation=None:
   (np.tanh if activation == "tanh" else np.asarray)(
       convolve(input, filters, strides, padding) + bias),
   [case((1, 5, 5, 2), (3, 3, 2, 3), (3,), strides=1, padding="SAME"),
    case((1, 5, 5, 2), (3, 3, 2, 3), (3,), strides=1, padding="SAME", activation="tanh")],
   **{**conv, "dtypes": FLOATING})
