"""A try that got no answer."""

from __future__ import annotations

from .parley_error import ParleyError


class TransportFailure(Exception):
    """Internal: carries the typed error and whether the request may have reached the daemon."""

    def __init__(self, error: ParleyError, *, sent: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.sent = sent


def unreachable(place: object, cause: BaseException, *, sent: bool) -> TransportFailure:
    """The daemon does not answer, or stopped answering."""
    from .._generated.errors import DaemonUnreachableError

    verb = "The connection to the daemon broke" if sent else "No daemon answers"
    hint = "" if sent else " Start one with `npm start` or `parley up`."
    error = DaemonUnreachableError(f"{verb} at {place} ({cause or type(cause).__name__}).{hint}")
    error.__cause__ = cause
    return TransportFailure(error, sent=sent)


def timed_out(place: object, seconds: float) -> TransportFailure:
    """No answer came in time; the operation may still complete."""
    from .._generated.errors import DeadlineExceededError

    error = DeadlineExceededError(f"No answer from {place} in {seconds:g} s; the operation may still complete.")
    error.retryable = False
    return TransportFailure(error, sent=True)
