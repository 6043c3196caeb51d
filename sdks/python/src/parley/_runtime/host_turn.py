"""What a host does for one interaction, as requests; no I/O."""

from __future__ import annotations

import os
import threading
import time
from typing import Any
from uuid import UUID

LEASE_TTL_MS = 60_000
POLL_MS = 5_000
QUIET_SECONDS = 20.0
"""A claim lasts 60 s and every emit renews it; a handler that is silent for this long gets a sign of life."""

KEEP_ALIVE = {"kind": "extension", "namespace": "parley", "name": "keep_alive", "data": None}

# After these the claim is over: somebody else works on the interaction, or it has ended.
CLAIM_OVER = frozenset({"fence_stale", "interaction_ended", "interaction_not_found"})
# After these the lease has to be opened again before the next drain.
LEASE_OVER = frozenset({"fence_stale", "session_not_found"})


class TurnState:
    """What was emitted and how the interaction was settled."""

    def __init__(self, name: str, claim_token: str, interaction: Any) -> None:
        self._base = {
            "name": name,
            "claim_token": claim_token,
            "interaction_id": interaction.interaction_id,
        }
        self.turn_id = uuid7()
        self.started = False
        self.outcome: dict[str, Any] | None = None
        self.lost = threading.Event()
        self.last_emit = time.monotonic()

    def text_events(self, delta: str) -> list[dict[str, Any]]:
        """The piece of text, after the turn's start when it is the first."""
        return self._started([{"kind": "text_delta", "turn_id": self.turn_id, "delta": delta}])

    def end_events(self) -> list[dict[str, Any]]:
        """The turn's end, when it began."""
        return [{"kind": "turn_completed", "turn_id": self.turn_id}] if self.started else []

    def emit_fields(self, events: list[Any]) -> dict[str, Any]:
        """Request of `sessions.emit`."""
        self.last_emit = time.monotonic()
        return {**self._base, "events": events}

    def settle_fields(self, outcome: dict[str, Any]) -> dict[str, Any]:
        """Request of `sessions.settle`."""
        self.outcome = outcome
        return {**self._base, "outcome": outcome}

    def quiet(self) -> bool:
        """Nothing was emitted for so long that the claim needs a sign of life."""
        return time.monotonic() - self.last_emit >= QUIET_SECONDS

    def _started(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.started:
            return events
        self.started = True
        return [{"kind": "turn_started", "turn_id": self.turn_id}, *events]


def done(result: Any) -> dict[str, Any]:
    """Outcome of work that is done; without a result none is sent."""
    return {"kind": "done"} if result is None else {"kind": "done", "result": result}


def dead(message: str, code: str, retryable: bool) -> dict[str, Any]:
    """Outcome of work that failed."""
    return {"kind": "dead", "code": code, "message": message[:4096], "retryable": retryable}


def outcome_of_error(error: BaseException) -> dict[str, Any]:
    """Outcome of a handler that raised."""
    return dead(f"{type(error).__name__}: {error}", "executor_error", False)


def uuid7() -> str:
    """A time-ordered UUID."""
    bits = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    bits = bits & ~(0xF << 76) | (7 << 76)
    return str(UUID(int=bits & ~(0x3 << 62) | (0x2 << 62)))
