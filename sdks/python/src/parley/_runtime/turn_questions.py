"""The questions of a host's turns and their answers; no I/O."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from typing import Any

_MOST_ACKNOWLEDGED = 64


class TurnQuestions:
    """The questions of one turn and the answers that have come."""

    def __init__(self, interaction_id: str) -> None:
        self._interaction_id = interaction_id
        self._answers: dict[str, str] = {}
        self._asked: dict[str, int] = {}

    def next_id(self, prompt: str) -> str:
        """The id of the next question with this text.

        A handler that runs again, because its first host was lost, asks under the same ids, so that an answer which
        came meanwhile is not lost.
        """
        count = self._asked.get(prompt, 0) + 1
        self._asked[prompt] = count
        return str(uuid.uuid5(uuid.UUID(self._interaction_id), f"{count} {prompt}"))

    def answer(self, request_id: str) -> str | None:
        """The answer that has come already."""
        return self._answers.get(request_id)

    def take(self, answers: Iterable[Any]) -> bool:
        """Takes in the answers of this turn's interaction; False without one. The first answer of a question counts."""
        mine = [one for one in answers if one.interaction_id == self._interaction_id]
        for one in mine:
            self._answers.setdefault(one.request_id, one.body)
        return len(mine) > 0


class AnswersReceived:
    """Envelopes of answers that drains returned and that no drain has acknowledged yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._envelopes: dict[str, None] = {}

    def pending(self) -> list[str]:
        """What the next drain acknowledges."""
        with self._lock:
            return list(self._envelopes)[:_MOST_ACKNOWLEDGED]

    def drained(self, acknowledged: Iterable[str], answers: Iterable[Any]) -> None:
        """A drain that acknowledged these returned those answers."""
        with self._lock:
            for envelope in acknowledged:
                self._envelopes.pop(envelope, None)
            self._envelopes.update((one.envelope_id, None) for one in answers)


def question(request_id: str, prompt: str, schema: Any) -> dict[str, Any]:
    """The event that asks."""
    asked = {"kind": "interaction_input_required", "request_id": request_id, "prompt": prompt}
    return asked if schema is None else {**asked, "schema": schema}


def unanswered(timeout: float) -> Exception:
    """Why no answer is waited for any more."""
    from .._generated.errors import DeadlineExceededError

    return DeadlineExceededError(f"The question had no answer within {timeout:g} s.")


def unwanted(message: str) -> Exception:
    """Why a turn whose sender cancelled asks nothing."""
    from .._generated.errors import RequestCancelledError

    return RequestCancelledError(message)
