"""TensorFlow's errors. Each says which op failed, on which inputs, and what to try."""
from millstream import _core


class OpError(Exception):
    """An op failed.

    Attributes:
      message: what went wrong.
      op: name of the op, or None.
      error_code: one of the numbers below, such as INVALID_ARGUMENT.
      device: where it ran; inputs: dtypes and shapes, as text; hint: what to try.
    """

    def __init__(self, node_def, op, message, error_code=None):
        super().__init__(message)
        self.node_def, self.op, self.message = node_def, op, message
        self.error_code = _CODES.get(type(self)) if error_code is None else error_code
        self.device, self.inputs, self.hint = "", [], ""
        self.experimental_payloads = {}

    def __str__(self):
        return self.message

    def __reduce__(self):
        return type(self), (None, self.op, self.message), vars(self)


class CancelledError(OpError):
    """The work was cancelled."""


class UnknownError(OpError):
    """An error of another kind."""


class InvalidArgumentError(OpError, ValueError):
    """A shape, dtype or value does not fit the op; TensorFlow raises some as ValueError."""


class DeadlineExceededError(OpError):
    """The time was up."""


class NotFoundError(OpError):
    """A file or a data set is not there."""


class AlreadyExistsError(OpError):
    """What is to be made exists."""


class PermissionDeniedError(OpError):
    """The system does not allow it."""


class ResourceExhaustedError(OpError):
    """Memory, or another resource, is used up."""


class FailedPreconditionError(OpError, RuntimeError):
    """Not in this state; TensorFlow raises some as RuntimeError."""


class AbortedError(OpError):
    """Stopped, for instance by a conflict."""


class OutOfRangeError(OpError):
    """Past the end."""


class UnimplementedError(OpError):
    """No kernel does this."""


class InternalError(OpError):
    """A defect of the library."""


class UnavailableError(OpError):
    """A service or a device is not there."""


class DataLossError(OpError):
    """A file is damaged."""


class UnauthenticatedError(OpError):
    """No valid credentials."""


OK = 0
_BY_CODE = dict(enumerate([
    CancelledError, UnknownError, InvalidArgumentError, DeadlineExceededError, NotFoundError,
    AlreadyExistsError, PermissionDeniedError, ResourceExhaustedError, FailedPreconditionError,
    AbortedError, OutOfRangeError, UnimplementedError, InternalError, UnavailableError,
    DataLossError, UnauthenticatedError], start=1))
_CODES = {error: code for code, error in _BY_CODE.items()}
(CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS,
 PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED,
 INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED) = _BY_CODE


def _from_core(code, text, message, op, device, inputs, hint):
    error = _BY_CODE[code](None, op or None, text)
    error.device, error.inputs, error.hint = device, inputs, hint
    return error


_core.set_error_factory(_from_core)
