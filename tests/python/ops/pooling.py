"""Pooling of images."""
import numpy as np

from ops.table import FLOATING, NUMERIC, case, op


def geometry(size, window, stride, padding):
    """Number of windows along one axis, and how much stands before the first element."""
    if padding == "VALID":
        return (size - window) // stride + 1, 0
    count = -(-size // stride)
    return count, max((count - 1) * stride + window - size, 0) // 2


def pooled(reduce):
    def reference(input, ksize, strides, padding, data_format="NHWC"):
        if data_format == "NCHW":
            return np.moveaxis(reference(np.moveaxis(input, 1, 3), ksize, strides, padding), 3, 1)
        window, stride = np.broadcast_to(ksize, 2), np.broadcast_to(strides, 2)
        (rows, top), (columns, left) = (geometry(input.shape[1 + i], window[i], stride[i], padding)
                                        for i in range(2))
        result = np.zeros((input.shape[0], rows, columns, input.shape[3]))
        for i in range(rows):
            for j in range(columns):
                y, x = i * stride[0] - top, j * stride[1] - left
                part = input[:, max(y, 0):y + window[0], max(x, 0):x + window[1]]
                result[:, i, j] = reduce(part, axis=(1, 2))
        return result
    return reference


CASES = [case((2, 6, 6, 3), ksize=2, strides=2, padding="VALID"),
         case((1, 7, 5, 2), ksize=3, strides=2, padding="SAME"),
         case((1, 7, 5, 2), ksize=[3, 2], strides=[1, 2], padding="SAME"),
         case((2, 3, 6, 6), ksize=2, strides=2, padding="VALID", data_format="NCHW"),
         case((0, 6, 6, 3), ksize=2, strides=2, padding="VALID")]

op("nn.max_pool2d", pooled(np.max), CASES, dtypes=NUMERIC)
op("nn.avg_pool2d", pooled(np.mean), CASES, dtypes=FLOATING)
