"""tf.Variable: a named tensor that can be assigned to."""
import enum
import weakref

from millstream import _core


class VariableSynchronization(enum.Enum):
    AUTO, NONE, ON_WRITE, ON_READ = range(4)


class VariableAggregation(enum.Enum):
    NONE, SUM, MEAN, ONLY_FIRST_REPLICA = range(4)


_living = weakref.WeakValueDictionary()  # by id, for GradientTape.watched_variables


class Variable(_core.Variable):
    """A named tensor that can be assigned to, and is used wherever a tensor is.

        w = Variable([[1.0], [2.0]], name="kernel")
        w.assign_sub(0.1 * gradient)
    """

    def __init__(self, initial_value=None, trainable=None, validate_shape=True,
                 caching_device=None, name=None, variable_def=None, dtype=None, import_scope=None,
                 constraint=None, synchronization=VariableSynchronization.AUTO,
                 aggregation=VariableAggregation.NONE, shape=None,
                 experimental_enable_variable_lifting=True):
        if initial_value is None:
            raise ValueError("The `initial_value` arg to `tf.Variable` must be specified except "
                             "when you are not providing a `variable_def`. You provided neither.")
        if callable(initial_value):
            initial_value = initial_value()
        super().__init__(initial_value, dtype, trainable is None or bool(trainable),
                         name or "Variable", shape)
        self.constraint = constraint
        self.synchronization = synchronization
        self.aggregation = aggregation
        _living[self.id] = self

    @property
    def name(self):
        return f"{self.plain_name}:0"

    @property
    def _shared_name(self):
        return self.plain_name

    @property
    def _unique_id(self):
        return f"{self.plain_name}_{self.id}"

    def numpy(self):
        return self.value().numpy().copy() if self.shape.rank else self.value().numpy()

    def get_shape(self):
        return self.shape

    def initialized_value(self):
        return self.value()

    def ref(self):
        return Reference(self)

    def __array__(self, dtype=None, copy=None):
        return self.value().__array__(dtype, copy)

    def __repr__(self):
        value = repr(self.value())
        return (f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}, "
                f"numpy={value[value.index('numpy=') + 6:]}")

    __str__ = __repr__

    def __format__(self, spec):
        return format(self.value(), spec) if spec else repr(self)

    def __len__(self):
        raise TypeError("object of type 'Variable' has no len()")

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        copy = Variable(self.value(), trainable=self.trainable, name=self.plain_name,
                        constraint=self.constraint, synchronization=self.synchronization,
                        aggregation=self.aggregation, shape=self.shape)
        memo[id(self)] = copy
        return copy

    def __reduce__(self):
        return _restore, (self.value(), self.trainable, self.plain_name)


def _restore(value, trainable, name):
    return Variable(value, trainable=trainable, name=name)


class Reference:
    """A key for dicts and sets that stands for a tensor or a variable, by identity."""

    __slots__ = ("_wrapped",)

    def __init__(self, wrapped):
        self._wrapped = wrapped

    def deref(self):
        return self._wrapped

    def __eq__(self, other):
        return isinstance(other, Reference) and _identity(self) == _identity(other)

    def __hash__(self):
        return hash(_identity(self))

    def __repr__(self):
        return f"<Reference wrapping {self._wrapped!r}>"


def _identity(reference):
    wrapped = reference._wrapped
    return ("Variable", wrapped.id) if isinstance(wrapped, Variable) else ("Tensor", wrapped._id)


def variables_of(ids):
    return tuple(_living[i] for i in ids if i in _living)


_core.Tensor.ref = lambda self: Reference(self)
Variable.__module__ = "millstream"
