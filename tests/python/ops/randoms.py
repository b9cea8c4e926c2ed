"""Random numbers: facts about many of them, and the same numbers for the same seed.

tests/cpp/ops/random_test.cc compares them with those of TensorFlow.
"""
import numpy as np

import millstream as tf
from ops.table import case, function_named, op

COUNT = 20000
SEED = [7, 11]
LOGITS = [[0.0, 1.0, 2.0], [1.0, -30.0, 1.0]]
rows = dict(dtypes=("float64",), refuses=False, gradient=False, tolerance={"float64": 0.03})


def draw(name, *args, **arguments):
    """Two draws that must be equal: from one seed, or from the global seed set anew."""
    arguments |= {"seed": SEED} if "stateless" in name else {}
    draws = []
    for _ in range(2):
        tf.random.set_seed(5)
        draws.append(function_named(name)(*args, **arguments))
    np.testing.assert_array_equal(*[tf.cast(each, tf.float64).numpy() for each in draws])
    return tf.cast(draws[0], tf.float64)


def facts(numbers):
    """Mean, standard deviation, least and most."""
    return [tf.reduce_mean(numbers), tf.math.reduce_std(numbers), tf.reduce_min(numbers),
            tf.reduce_max(numbers)]


def uniform_facts(minval=0.0, maxval=1.0, dtype="float32"):
    most = maxval - 1 if "int" in dtype else maxval
    width = most - minval
    spread = np.sqrt(((width + 1) ** 2 - 1) / 12) if "int" in dtype else width / np.sqrt(12)
    return [(minval + most) / 2, spread, minval, most]


UNIFORM = [case(), case(minval=-1.0, maxval=1.5), case(dtype="float64"), case(dtype="bfloat16"),
           case(minval=-2, maxval=3, dtype="int32"), case(minval=-2, maxval=3, dtype="int64")]
NORMAL = [case(), case(mean=-1.0, stddev=0.5), case(dtype="float64"), case(dtype="float16")]
for prefix in ("random.", "random.stateless_"):
    op(prefix + "uniform", uniform_facts, UNIFORM, **rows, call=lambda name=prefix + "uniform",
       **arguments: facts(draw(name, [COUNT], **arguments)))
    op(prefix + "normal", lambda mean=0.0, stddev=1.0, dtype=None: [mean, stddev], NORMAL, **rows,
       call=lambda name=prefix + "normal", **arguments: facts(
           draw(name, [COUNT // 100, 100], **arguments))[:2])
    # The spread of a standard normal number that lies within two of its deviations is 0.87963.
    op(prefix + "truncated_normal",
       lambda mean=0.0, stddev=1.0, dtype=None: [
           mean, stddev * 0.87963, mean - 2 * stddev, mean + 2 * stddev], NORMAL, **rows,
       call=lambda name=prefix + "truncated_normal", **arguments: facts(
           draw(name, [COUNT], **arguments)))
    op(prefix + "categorical",
       lambda logits: np.exp(logits) / np.sum(np.exp(logits), 1, keepdims=True), [case(LOGITS)],
       **rows, call=lambda logits, name=prefix + "categorical": tf.reduce_mean(
           tf.one_hot(tf.cast(draw(name, logits, COUNT), tf.int32), 3, dtype=tf.float64), 1))

for name in ("random.shuffle", "random.experimental.stateless_shuffle"):
    # Another order of the same rows.
    op(name, lambda value: [value, np.zeros(())], [case(np.arange(60.0).reshape(30, 2))], **rows,
       call=lambda value, name=name: in_order(value, draw(name, value)))
for name, wanted in (("random.split", (2, 2)), ("random.fold_in", (2,))):
    op(name, lambda seed, wanted=wanted: np.array(wanted), [case([1, 2])], **rows,
       call=lambda seed, name=name, wanted=wanted: new_seeds(name, seed))


def in_order(value, shuffled):
    moved = np.any(value.numpy() != shuffled.numpy())
    return [tf.sort(shuffled, axis=0), tf.constant(0.0 if moved else 1.0, tf.float64)]


def new_seeds(name, seed):
    seeds = [function_named(name)(tf.cast(seed, tf.int32), data) for data in (2, 2, 3)]
    np.testing.assert_array_equal(seeds[0].numpy(), seeds[1].numpy())
    assert np.any(seeds[0].numpy() != seeds[2].numpy()[: seeds[0].shape[0]]) or name == "random.split"
    return tf.cast(tf.shape(seeds[0]), tf.float64)
