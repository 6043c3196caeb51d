"""Outages of the daemon as a host handles them; no I/O."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from .retry import RetryPolicy

if TYPE_CHECKING:
    from .parley_error import ParleyError

# The daemon is away, stopped or about to stop. It may come back, and then the call can be repeated.
_OUTAGES = frozenset({"daemon_unreachable", "deadline_exceeded", "shutting_down", "storage_unavailable"})
LONGEST_PAUSE = 1.0
"""Between two tries, seconds."""

LIMITED_TRIES = 12
"""Tries of a call that the daemon answers with a limit."""


class OutageWatch:
    """Reports when the daemon stops answering a host and when it answers again; safe to share between threads."""

    def __init__(
        self,
        on_outage: Callable[[ParleyError], None] | None,
        on_recovery: Callable[[], None] | None,
    ) -> None:
        self._on_outage = on_outage
        self._on_recovery = on_recovery
        self._lock = threading.Lock()
        self.away = False
        self.attached = True
        """The session was opened since the last outage."""

    def failed(self, error: ParleyError) -> None:
        """A call was ended by an outage."""
        self.attached = False
        if self._turn(True) and self._on_outage is not None:
            self._on_outage(error)

    def answered(self) -> None:
        """A call was answered."""
        if self.away and self._turn(False) and self._on_recovery is not None:
            self._on_recovery()

    def _turn(self, away: bool) -> bool:
        with self._lock:
            changed = self.away != away
            self.away = away
            return changed


class Tries:
    """The tries of one call that is repeated for as long as the daemon is away: an outage is not a failure of the work."""

    def __init__(self, watch: OutageWatch) -> None:
        self._watch = watch
        self._policy = RetryPolicy()
        self._failed = 0
        self._limited = 0

    def pause_after(self, error: ParleyError) -> float:
        """Seconds until the next try; raises the error when it is the daemon's answer."""
        if is_outage(error):
            self._watch.failed(error)
        elif is_limit(error) and self._limited < LIMITED_TRIES:
            self._limited += 1
        else:
            raise error
        return max(self.pause(), (error.retry_after_ms or 0) / 1000)

    def pause(self) -> float:
        """Seconds until the next try, whatever ended this one."""
        self._failed += 1
        return min(LONGEST_PAUSE, self._policy.delay(self._failed - 1))


def is_limit(error: ParleyError) -> bool:
    """The daemon asks for patience; a conflict may be retryable too, but only its caller knows when."""
    from .._generated.errors import LimitFailure, UnavailableFailure

    return error.retryable and isinstance(error, (LimitFailure, UnavailableFailure))


def passes(error: ParleyError) -> bool:
    """Trying again later helps."""
    return is_outage(error) or is_limit(error)


def is_outage(error: ParleyError) -> bool:
    """The daemon is away, as opposed to an address where none can be."""
    return error.code in _OUTAGES and (error.retryable or error.code == "deadline_exceeded")
