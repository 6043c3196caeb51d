"""A try that got no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .parley_error import ParleyError

if TYPE_CHECKING:
    from .target import Target


class TransportFailure(Exception):
    """Internal: carries the typed error and whether the request may have reached the daemon."""

    def __init__(self, error: ParleyError, *, sent: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.sent = sent


def unreachable(place: Target, cause: BaseException, *, sent: bool) -> TransportFailure:
    """The daemon does not answer, or stopped answering."""
    from .._generated.errors import DaemonUnreachableError

    reason = str(cause) or type(cause).__name__
    if not sent and _is_absent(cause):
        error = DaemonUnreachableError(place.absence())
    else:
        error = DaemonUnreachableError(f"The connection to {place} {'broke' if sent else 'failed'}: {reason}.")
    error.__cause__ = cause
    return TransportFailure(error, sent=sent)


def _is_absent(cause: BaseException | None) -> bool:
    """Nothing listens there; httpx keeps the system's error as a cause of its own."""
    while cause is not None and not isinstance(cause, (ConnectionRefusedError, FileNotFoundError)):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


def timed_out(place: object, seconds: float) -> TransportFailure:
    """No answer came in time; the operation may still complete."""
    from .._generated.errors import DeadlineExceededError

    error = DeadlineExceededError(f"No answer from {place} in {seconds:g} s; the operation may still complete.")
    error.retryable = False
    return TransportFailure(error, sent=True)
