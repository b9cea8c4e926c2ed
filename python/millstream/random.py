"""Random numbers: the ops tf.random.*, and the seed that those without one start from."""
from millstream import _core


def set_seed(seed):
    """Sets the global seed: the numbers that follow are the same in every run.

    An op with a seed of its own goes on with a stream of its own; setting the global seed starts
    all streams anew.
    """
    _core.set_seed(int(seed))


set_seed.__module__ = "millstream.random"
