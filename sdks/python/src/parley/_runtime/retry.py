"""Which failures are tried again, and when."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .operation import Operation
    from .parley_error import ParleyError


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how fast. The delay doubles from `base` up to `longest`; half of it is chance."""

    retries: int = 3
    base: float = 0.25
    longest: float = 8.0
    longest_retry_after: float = 60.0

    def delay(self, attempt: int, error: ParleyError | None = None) -> float:
        """Seconds to wait after the failed try `attempt` (from 0); what the daemon asks for wins."""
        full = min(self.longest, self.base * 2 ** min(attempt, 16))
        jittered = full / 2 + random.random() * full / 2
        if error is None or error.retry_after_ms is None:
            return jittered
        return max(error.retry_after_ms / 1000, 0) + random.random() * self.base

    def should_retry(self, operation: Operation, attempt: int, error: ParleyError, *, sent: bool) -> bool:
        """Whether the call may go out again.

        Args:
            sent: The request may have reached the daemon; if not, repeating it is always safe.
        """
        if attempt >= self.retries or not error.retryable:
            return False
        if error.retry_after_ms is not None and error.retry_after_ms / 1000 > self.longest_retry_after:
            return False
        return not sent or operation.idempotency in ("natural", "keyed")
