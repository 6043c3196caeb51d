"""The events of a turn on their way to the daemon, as state; no I/O."""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BUFFER_BYTES = 8 * 1024 * 1024
"""Events that are kept while the daemon is away; an emit above that waits."""

LATE_SECONDS = 1.0
"""A batch that takes longer counts as held up by an outage."""

_BATCH_EVENTS = 64
_BATCH_BYTES = 256 * 1024


@dataclass(frozen=True)
class Queued:
    """One event and how much was pushed with it."""

    event: dict[str, Any]
    bytes: int
    through: int


@dataclass(frozen=True)
class EventBatch:
    """Events with the key under which a repeat of them is appended once."""

    queued: Sequence[Queued]
    key: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """In their order."""
        return [one.event for one in self.queued]


class EventBuffer:
    """Events in order, and which of them are durable. Its owner guards it against concurrent use.

    An emit may go on when its events are durable or, during an outage, when they fit into the buffer.
    """

    def __init__(self) -> None:
        self._waiting: deque[Queued] = deque()
        # Of a batch that was refused: each goes alone, so that one at fault does not take the others along.
        self._alone: deque[Queued] = deque()
        self._sending: EventBatch | None = None
        self._pushed = 0
        self._stored = 0
        self._refused: dict[int, Exception] = {}
        self.outage = False

    @property
    def pending(self) -> bool:
        """Some events are not durable yet."""
        return self._stored < self._pushed

    def push(self, events: Sequence[dict[str, Any]]) -> tuple[int, ...]:
        """Takes events in; returns their marks."""
        marks = []
        for event in events:
            size = len(json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass"))
            self._pushed += size
            self._waiting.append(Queued(event, size, self._pushed))
            marks.append(self._pushed)
        return tuple(marks)

    def may_go_on(self, marks: Sequence[int]) -> bool:
        """Whether the emit with these marks is done."""
        return not marks or marks[-1] <= self._stored + (BUFFER_BYTES if self.outage else 0)

    def take(self) -> EventBatch | None:
        """The next batch; until it is settled or refused there is no other."""
        batch: list[Queued] = []
        size = 0
        source = self._alone or self._waiting
        most = 1 if self._alone else _BATCH_EVENTS
        while source and len(batch) < most and (not batch or size + source[0].bytes <= _BATCH_BYTES):
            batch.append(source.popleft())
            size += batch[-1].bytes
        self._sending = EventBatch(batch, str(uuid.uuid4())) if batch else None
        return self._sending

    def settle(self, batch: EventBatch) -> None:
        """The batch is durable."""
        self.outage = False
        self._stored = batch.queued[-1].through

    def refuse(self, batch: EventBatch, error: Exception) -> None:
        """The batch was refused for good."""
        if len(batch.queued) > 1:
            self._alone.extend(batch.queued)
            return
        mark = batch.queued[0].through
        self._refused[mark] = error
        self._stored = mark

    def refusal(self, marks: Sequence[int] | None = None) -> Exception | None:
        """Why one of the events was refused, reported once; without marks, any event whose emit has gone on before."""
        for mark in list(self._refused) if marks is None else marks:
            error = self._refused.pop(mark, None)
            if error is not None:
                return error
        return None

    def drop(self) -> None:
        """Nothing of it is wanted any more."""
        self._waiting.clear()
        self._alone.clear()
        self._stored = self._pushed
