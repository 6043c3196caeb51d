"""What a host does for one interaction, as requests; no I/O."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from .turn_questions import TurnQuestions

if TYPE_CHECKING:
    from .parley_error import ParleyError

LEASE_TTL_MS = 60_000
POLL_MS = 20_000
QUIET_SECONDS = 20.0
"""A claim lasts 60 s and every emit renews it; a handler that is silent for this long gets a sign of life."""

LISTEN_SECONDS = 1.0
"""A host whose turns last longer than this asks as often whether one of them is cancelled, and waits as long for it."""

CANCELLED = "It was cancelled by its sender."

WORKING = {"kind": "extension", "namespace": "parley", "name": "working", "data": None}

RELEASE_SECONDS = 2.0
"""Releasing the name is a courtesy: the lease ends by itself too."""

# After these the claim is over: another host works on the interaction, or it has ended.
CLAIM_OVER = frozenset({"fence_stale", "interaction_ended", "interaction_not_found"})
# After these the lease has to be opened again before the next drain.
LEASE_OVER = frozenset({"fence_stale", "session_not_found"})

_LONGEST_TEXT = 262_144
_LONGEST_DELTA = 65_536
_WITHOUT_TURN = frozenset({"interaction_input_required", "peer_content_ingested", "extension"})


class TurnState:
    """What was emitted and how the interaction ends."""

    def __init__(self, name: str, claim_token: str, interaction: Any) -> None:
        self._name = name
        self.claim_token = claim_token
        self._interaction = interaction
        self._started = False
        self._told = False
        self._completed = False
        self.turn_id = uuid7()
        self.questions = TurnQuestions(interaction.interaction_id)
        self.said = ""
        self.settled = False
        self.lost = threading.Event()
        self.lost_reason: Exception | None = None
        self.cancelled = threading.Event()
        self.last_emit = time.monotonic()

    def lose(self, reason: Exception) -> bool:
        """Makes the turn void; False when it was."""
        if self.lost.is_set():
            return False
        self.lost_reason = reason
        self.lost.set()
        return True

    def claim(self) -> dict[str, Any]:
        """The fields of a request under the claim that counts now."""
        return {
            "name": self._name,
            "claim_token": self.claim_token,
            "interaction_id": self._interaction.interaction_id,
        }

    def take(self) -> None:
        """The outcome is decided now; it can be once."""
        if self.settled:
            raise RuntimeError("this turn already has its outcome")
        self.settled = True

    def text_events(self, delta: str) -> list[dict[str, Any]]:
        """The text in pieces that fit."""
        self.said += delta
        starts = range(0, len(delta), _LONGEST_DELTA)
        return [{"kind": "text_delta", "delta": delta[start : start + _LONGEST_DELTA]} for start in starts]

    def wire_events(self, events: Sequence[Any]) -> list[dict[str, Any]]:
        """The events as they travel; the turn's start goes before its first event.

        A `turn_completed` takes the place of the one that ends the turn, the whole text before it.
        """
        wired: list[dict[str, Any]] = []
        for event in events:
            wire = dict(event.to_wire() if hasattr(event, "to_wire") else event)
            kind = wire.get("kind")
            if kind not in _WITHOUT_TURN:
                wire.setdefault("turn_id", self.turn_id)
            if not self._started and wire != WORKING:
                self._started = True
                if kind != "turn_started":
                    wired.append({"kind": "turn_started", "turn_id": self.turn_id})
            self._told = self._told or kind == "text_complete"
            if kind == "turn_completed":
                wired += self._whole_text()
                self._completed = True
            wired.append(wire)
        self.last_emit = time.monotonic()
        return wired

    def end_events(self) -> list[dict[str, Any]]:
        """What closes the turn, when it began."""
        if not self._started or self._completed:
            return []
        return [{"kind": "turn_completed"}]

    def _whole_text(self) -> list[dict[str, Any]]:
        if self._told or not 0 < len(self.said) <= _LONGEST_TEXT:
            return []
        self._told = True
        return [{"kind": "text_complete", "turn_id": self.turn_id, "text": self.said}]

    def result_of(self, value: Any) -> Any:
        """What a handler that returned has answered: its value, or else what it said."""
        return value if value is not None else self.said or None

    def done(self, result: Any) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """The response that goes to the sender first, and the outcome."""
        if self._interaction.kind != "peer_request":
            return None, {"kind": "done", "result": result}
        return self._response("completed", result), {"kind": "done"}

    def dead(self, message: str, code: str, retryable: bool) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """As `done`, for work that failed."""
        reason = {"code": code, "message": message[:4096], "retryable": retryable}
        answers = self._interaction.kind == "peer_request" and not self._interaction.stream_reserved
        if answers and code != "cancelled":
            # Nobody reads this interaction's events: the answer goes to the sender's inbox, unless it cancelled.
            return self._response("failed", reason), {"kind": "done"}
        return None, {"kind": "dead", **reason}

    def failure_of(self, error: BaseException) -> tuple[str, str]:
        """Message and code of what a handler raised."""
        return f"{type(error).__name__}: {error}", "cancelled" if self.cancelled.is_set() else "executor_error"

    def gave_up(self, value: Any) -> bool:
        """A handler of a cancelled turn returned nothing."""
        return self.cancelled.is_set() and value is None

    def refused(self, error: Exception) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """As `dead`, for an answer that was refused: it would be refused again each time, so the work can only fail."""
        code, retryable = getattr(error, "code", type(error).__name__), getattr(error, "retryable", False)
        return self.dead(f"{code}: {getattr(error, 'message', error)}", "executor_error", retryable)

    def quiet(self) -> bool:
        """Nothing was emitted for so long that the claim needs a sign of life."""
        return not self.settled and time.monotonic() - self.last_emit >= QUIET_SECONDS

    def _response(self, status: str, result: Any) -> dict[str, Any]:
        return {
            "kind": "peer_response",
            "to": self._interaction.from_,
            "in_reply_to": self._interaction.interaction_id,
            "status": status,
            "result": result,
        }


def known(interaction: Any) -> Any:
    """The interaction; one of a kind that only a newer host knows still has what all kinds share."""
    raw = getattr(interaction, "raw", None)
    if not isinstance(raw, dict):
        return interaction
    return SimpleNamespace(**{**raw, "from_": raw.get("from"), "stream_reserved": raw.get("stream_reserved", False)})


def unknown_kind(interaction: Any, turn: Any) -> Any:
    """The handler of interactions whose kind only a newer host knows; returns what `turn.fail` returns."""
    return turn.fail(f"This host does not know interactions of the kind {interaction.kind}.", code="rejected")


def put_back(interaction: Any, turn: Any) -> None:
    """The handler of interactions that arrive at a blocking host after it was stopped."""
    turn.retry_after(0)


def ending() -> ParleyError:
    """Why the turns of a host that ends at once are void."""
    from .._generated.errors import RequestCancelledError

    return RequestCancelledError("The host ends.")


def uuid7() -> str:
    """A time-ordered UUID."""
    bits = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    bits = bits & ~(0xF << 76) | (7 << 76)
    return str(UUID(int=bits & ~(0x3 << 62) | (0x2 << 62)))
