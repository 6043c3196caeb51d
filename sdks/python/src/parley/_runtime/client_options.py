"""What a client knows besides its transport: session, timeouts, retries. Shared by both clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .calls import CallOptions
from .retry import RetryPolicy

if TYPE_CHECKING:
    from .operation import Operation

SHORT_SECONDS = 30.0
IDLE_SECONDS = 30.0


@dataclass(frozen=True)
class ClientOptions:
    """Defaults of every call of a client."""

    session: str | None = None
    timeout: float | None = None
    idle_timeout: float = IDLE_SECONDS
    headers: Mapping[str, str] = field(default_factory=dict)
    policy: RetryPolicy = field(default_factory=RetryPolicy)

    def session_of(self, call: CallOptions) -> str | None:
        """The session that a call acts as."""
        return call.session if call.session is not None else self.session

    def headers_of(self, call: CallOptions) -> dict[str, str]:
        """Headers that the caller added."""
        return {**self.headers, **(call.headers or {})}

    def timeout_of(self, operation: Operation, call: CallOptions, fields: Any) -> float:
        """Seconds for the whole call; an operation that waits on purpose gets that time on top."""
        if call.timeout is not None:
            return call.timeout
        seconds = self.timeout if self.timeout is not None else SHORT_SECONDS
        waits = fields.get("wait_ms", 0) if operation.timeout == "wait" and isinstance(fields, dict) else 0
        return seconds + waits / 1000
