"""Softmax, cross-entropies and normalization."""
import numpy as np

from ops.references import erf, softplus
from ops.table import FLOATING, NUMERIC, case, op

LOOSE = {"float16": 1e-2, "bfloat16": 0.06, "float32": 2e-5, "float64": 1e-11}
rows = dict(dtypes=FLOATING, tolerance=LOOSE)


def log_softmax(x, axis=-1):
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def gelu(features, approximate=False):
    if approximate:
        inner = np.sqrt(2 / np.pi) * (features + 0.044715 * features**3)
        return 0.5 * features * (1 + np.tanh(inner))
    return 0.5 * features * (1 + erf(features / np.sqrt(2)))


def last(axis):
    return -1 if axis is None else axis


SOFTMAX = [case((3, 5)), case((2, 3, 4), axis=1), case((7,)), case((0, 3)), case((3, 300))]
op("nn.gelu", gelu, [case((3, 4)), case((3, 4), approximate=True), case((0,))], **rows)
op("nn.softmax", lambda logits, axis=None: np.exp(log_softmax(logits, last(axis))), SOFTMAX, **rows)
op("nn.log_softmax", lambda logits, axis=None: log_softmax(logits, last(axis)), SOFTMAX, **rows)
op("internal.softmax_gradient", lambda softmax, gradient, axis=None: softmax * (
    gradient - np.sum(softmax * gradient, axis=last(axis), keepdims=True)),
   [case((3, 5), (3, 5)), case((2, 3, 4), (2, 3, 4), axis=1), case((3, 300), (3, 300))],
   domain=[(0, 1), (-1, 1)], **rows)
op("internal.log_softmax_gradient", lambda log_softmax, gradient, axis=None: gradient - np.exp(
    log_softmax) * np.sum(gradient, axis=last(axis), keepdims=True),
   [case((3, 5), (3, 5)), case((2, 3, 4), (2, 3, 4), axis=1)], domain=[(-3, 0), (-1, 1)], **rows)
op("nn.softmax_cross_entropy_with_logits",
   lambda labels, logits, axis=-1: -np.sum(labels * log_softmax(logits, axis), axis=axis),
   [case((3, 5), (3, 5)), case((2, 4, 3), (2, 4, 3), axis=1)], domain=[(0.1, 0.5), (-3, 3)],
   **rows)
op("nn.sparse_softmax_cross_entropy_with_logits",
   lambda labels, logits: -np.take_along_axis(log_softmax(logits), labels[..., None], -1)[..., 0],
   [case(np.array([0, 4, 2]), (3, 5)), case(np.array([[0, 1], [2, 3]]), (2, 2, 4)),
    case(np.zeros(0, int), (0, 3))], input_dtypes={0: "int32"}, **rows)
op("nn.sigmoid_cross_entropy_with_logits",
   lambda labels, logits: softplus(logits) - logits * labels,
   [case((3, 4), (3, 4))], domain=[(0, 1), (-3, 3)], **rows)


def batch_normalization(x, mean, variance, offset, scale, variance_epsilon):
    return (x - mean) / np.sqrt(variance + variance_epsilon) * scale + offset


def layer_normalization(x, gamma, beta, axis=(-1,), epsilon=0.001):
    axis = tuple(np.atleast_1d(axis))
    return batch_normalization(x, x.mean(axis, keepdims=True), x.var(axis, keepdims=True), beta,
                               gamma, epsilon)


op("nn.moments", lambda x, axes, keepdims=False: [
    f(x, axis=tuple(axes), keepdims=keepdims) for f in (np.mean, np.var)],
   [case((3, 4), axes=[0]), case((2, 3, 4), axes=[0, 2], keepdims=True)], dtypes=FLOATING,
   tolerance={**LOOSE, "float32": 1e-4})
op("nn.batch_normalization", batch_normalization,
   [case((5, 3), (3,), (3,), (3,), (3,), variance_epsilon=1e-3)],
   domain=[(-3, 3), (-1, 1), (0.5, 2), (-1, 1), (0.5, 2)], **rows)
op("keras.ops.layer_normalization", layer_normalization,
   [case((5, 8), (8,), (8,)), case((2, 3, 4), (3, 4), (3, 4), axis=[1, 2])], dtypes=FLOATING,
   tolerance={**LOOSE, "float32": 1e-4, "bfloat16": 0.1, "float16": 0.02})


def normalize_rows_gradient(x, gamma, gradient, epsilon):
    variance = x.var(-1, keepdims=True) + epsilon
    h = (x - x.mean(-1, keepdims=True)) / np.sqrt(variance)
    a = gradient * gamma
    of_x = a - a.mean(-1, keepdims=True) - h * np.mean(a * h, -1, keepdims=True)
    others = tuple(range(x.ndim - 1))
    return [of_x / np.sqrt(variance), np.sum(gradient * h, others), np.sum(gradient, others)]


ROWS = dict(dtypes=FLOATING,
            tolerance={**LOOSE, "float32": 1e-4, "bfloat16": 0.1, "float16": 0.02})
op("internal.normalize_rows", lambda x, gamma, beta, epsilon: layer_normalization(
    x, gamma, beta, -1, epsilon), [case((5, 8), (8,), (8,), epsilon=0.1)], **ROWS)
op("internal.normalize_rows_gradient", normalize_rows_gradient,
   [case((5, 8), (8,), (5, 8), epsilon=0.1), case((2, 3, 7), (7,), (2, 3, 7), epsilon=0.1)], **ROWS)


def normalize_columns_gradient(x, gamma, gradient, mean, variance, epsilon):
    h = (x - mean) / np.sqrt(variance + epsilon)
    others = tuple(range(x.ndim - 1))
    of_gamma, of_beta = np.sum(gradient * h, others), np.sum(gradient, others)
    rows = x.size // x.shape[-1]
    of_x = gamma / np.sqrt(variance + epsilon) * (gradient - of_beta / rows - h * of_gamma / rows)
    return [of_x, of_gamma, of_beta]


# Given statistics that are not those of x, the gradients are not the derivatives.
COLUMNS = dict(gradient=False, domain=[(-3, 3)] * 4 + [(0.5, 2)], **ROWS)
op("internal.normalize_columns", lambda x, gamma, beta, mean, variance, epsilon:
   batch_normalization(x, mean, variance, beta, gamma, epsilon),
   [case((5, 3), (3,), (3,), (3,), (3,), epsilon=0.1)], **COLUMNS)
op("internal.normalize_columns_gradient", normalize_columns_gradient,
   [case((4, 5, 3), (3,), (4, 5, 3), (3,), (3,), epsilon=0.1)], **COLUMNS)
op("math.l2_normalize", lambda x, axis=None: x / np.sqrt(np.maximum(np.sum(
    x * x, axis=None if axis is None else tuple(np.atleast_1d(axis)), keepdims=True), 1e-12)),
   [case((3, 4)), case((3, 4), axis=1)], **rows)
op("nn.bias_add", lambda value, bias, data_format=None: value + (
    bias[:, None, None] if data_format == "NCHW" else bias),
   [case((2, 3), (3,)), case((2, 3, 4, 5), (3,), data_format="NCHW")],
   dtypes=NUMERIC, tolerance=LOOSE)
