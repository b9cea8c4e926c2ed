"""tf.GradientTape and tf.custom_gradient."""
import contextlib
import enum
import functools

from millstream import _core, nest
from millstream._variable import Variable, variables_of


class UnconnectedGradients(enum.Enum):
    """What a gradient is where the target does not depend on the source."""

    NONE = "none"
    ZERO = "zero"


def _is_zero(unconnected_gradients):
    if unconnected_gradients is UnconnectedGradients.NONE:  # as it is most often
        return False
    try:
        return UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
    except ValueError:
        raise ValueError(
            f"Unknown value for unconnected_gradients: {unconnected_gradients!r}") from None


class GradientTape(_core.Tape):
    """Records the ops of its scope, for gradients.

        with GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, variables)

    Trainable variables are watched when they are used, tensors by watch(). Tapes nest.
    """

    def __init__(self, persistent=False, watch_accessed_variables=True):
        super().__init__(persistent, watch_accessed_variables)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        if self.recording:
            self.stop()

    def watch(self, tensor):
        """Records what depends on these tensors or variables."""
        for leaf in nest.flatten(tensor):
            self.watch_one(leaf)

    def watched_variables(self):
        """The variables watched so far, in the order of their first use."""
        return variables_of(self.watched_ids())

    @contextlib.contextmanager
    def stop_recording(self):
        """A scope in which this tape does not record."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def gradient(self, target, sources, output_gradients=None,
                 unconnected_gradients=UnconnectedGradients.NONE):
        """The gradient of the sum of target's elements with respect to each of the sources.

        Args:
          target: tensor, or a structure of them.
          sources: variable or watched tensor, or a structure of them, which the result has too.
          output_gradients: what flows into each target, instead of ones.
          unconnected_gradients: "none", or "zero" for zeros where nothing flows.
        """
        zero = _is_zero(unconnected_gradients)
        targets = nest.flatten(target)
        if output_gradients is None:
            given = []
        else:  # one target takes a list as its gradient
            given = nest.flatten(output_gradients) if nest.is_nested(target) else \
                [output_gradients]
        if type(sources) in (Variable, _core.Tensor):
            return self.flat_gradient(targets, [sources], given, zero)[0]
        gradients = self.flat_gradient(targets, nest.flatten(sources), given, zero)
        return gradients if type(sources) is list and not any(map(nest.is_nested, sources)) \
            else nest.pack_sequence_as(sources, gradients)

    def jacobian(self, target, sources, unconnected_gradients=UnconnectedGradients.NONE,
                 parallel_iterations=None, experimental_use_pfor=True):
        """Derivatives of every element of target by every element of each of the sources.

        Their shape is target.shape + source.shape. The last two arguments are TensorFlow's and
        change nothing.
        """
        zero = _is_zero(unconnected_gradients)
        found = self.flat_jacobian(target, nest.flatten(sources), zero, False)
        return nest.pack_sequence_as(sources, found) if nest.is_nested(sources) else found[0]

    def batch_jacobian(self, target, source, unconnected_gradients=UnconnectedGradients.NONE,
                       parallel_iterations=None, experimental_use_pfor=True):
        """The Jacobian of each example of a batch: [b, ...] by [b, ...] gives [b, ..., ...]."""
        return self.flat_jacobian(target, [source], _is_zero(unconnected_gradients), True)[0]


def custom_gradient(f=None):
    """Decorates f(*args) -> (result, gradient) so that tapes use its own gradient.

        @tf.custom_gradient
        def log1pexp(x):
            e = tf.exp(x)
            return tf.math.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))

    `gradient(*upstream)` gets one tensor for each output and returns one for each argument. If f
    uses variables that are no arguments, gradient must accept `variables=` and return
    (gradients of arguments, gradients of variables).
    """
    if f is None:
        return custom_gradient

    @functools.wraps(f)
    def decorated(*args, **kwargs):
        return _call_with_gradient(f, args, kwargs)

    return decorated


def _call_with_gradient(f, args, kwargs):
    leaves = [_core.convert_to_tensor(arg) for arg in nest.flatten(args)]
    structure = {}

    def run(tensors):
        with GradientTape() as used:  # learns which variables f reads
            result, gradient = f(*nest.pack_sequence_as(args, tensors), **kwargs)
        structure["result"] = result
        structure["variables"] = [v for v in used.watched_variables()]
        return nest.flatten(result), functools.partial(_input_gradients, gradient, len(leaves))

    flat = _core.call_custom_gradient(run, leaves)
    return nest.pack_sequence_as(structure["result"], flat)


def _input_gradients(gradient, count, upstream):
    found = gradient(*upstream)
    flat = nest.flatten(found) if nest.is_nested(found) else [found]
    if len(flat) != count:
        raise ValueError(f"custom_gradient function expected to return {count} gradients, but "
                         f"returned {len(flat)} instead.")
    return flat


for _public in (GradientTape, UnconnectedGradients, custom_gradient):
    _public.__module__ = "millstream"
