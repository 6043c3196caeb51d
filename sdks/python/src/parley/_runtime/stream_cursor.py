"""Where a reader stands in a log, and what to ask for after its connection dropped; no I/O."""

from __future__ import annotations

from typing import Any

from .operation import Operation, StreamFields
from .parley_error import ParleyError

def stream_fields(operation: Operation) -> StreamFields:
    """What the contract declares of the stream's fields."""
    if operation.stream is None:
        raise TypeError(f"{operation.id} is not a stream")
    return operation.stream


class StreamCursor:
    """Delivers each event once and in order, whatever happens to the connections in between."""

    def __init__(self, fields: dict[str, Any], facts: StreamFields) -> None:
        self._fields = fields
        self._facts = facts
        scope = fields.get("scope")
        kind = scope.get("kind") if isinstance(scope, dict) else None
        # It has a last event.
        self._ends = bool(facts.terminal) and facts.terminal_scope in (None, kind)
        self._last: int | None = None
        self._stream_id: str | None = None
        self._resume_of = None if facts.resume is None else fields.get(facts.resume)
        self._bounded: ParleyError | None = None
        self.finished = False

    @property
    def stream_id(self) -> str | None:
        """Id of the stream that is or was open last."""
        return self._stream_id

    @property
    def last_sequence(self) -> int | None:
        """Position that the stream goes on after; None before it is open."""
        return self._last

    def request(self) -> dict[str, Any]:
        """The request that opens the stream, the first time or again."""
        cursor, resume, follow = self._facts.cursor, self._facts.resume, self._facts.follow
        fields = {name: value for name, value in self._fields.items() if name != resume}
        if cursor is not None and self._last is not None:
            fields[cursor] = self._last
        if self._bounded is not None and follow is not None:
            fields[follow] = False
        elif resume is not None and self._resume_of is not None:
            fields[resume] = self._resume_of
        return fields

    def opened(self, opened: dict[str, Any]) -> None:
        """The stream is open. A session that is read from now on starts at its last position."""
        self._stream_id = self._resume_of = str(opened["stream_id"])
        if self._facts.cursor is None or self._last is not None:
            return
        start = self._fields.get(self._facts.cursor)
        if start is None and not self._ends:
            start = opened.get("snapshot", {}).get("last_sequence")
        self._last = int(start or 0)

    def accept(self, event: dict[str, Any]) -> bool:
        """Whether the event is new; moves the cursor."""
        inner = event.get("event") or {}
        if self._ends and inner.get("kind") in self._facts.terminal:
            self.finished = True
        if self._facts.cursor is None or self._facts.position is None:
            return True
        sequence = event.get(self._facts.position)
        if sequence is None:
            if inner.get("kind") == "stream_truncated":
                self._last = max(self._last or 0, int(inner["to_sequence"]))
            return True
        if self._last is not None and sequence <= self._last:
            return False
        self._last = int(sequence)
        return True

    def closed(self, closed: dict[str, Any]) -> bool:
        """The daemon ended the stream: True to open it again, False when it is done; raises when it failed."""
        reason = closed.get("reason")
        if reason in ("terminal", "drained", "closed"):
            if self._bounded is not None and not self.finished:
                raise self._bounded
            return False
        if reason == "shutdown":
            return not self.finished
        raise _stream_error(reason, closed.get("error_code"))

    def refused(self, error: ParleyError) -> bool:
        """Opening again failed: True to ask once more in another way."""
        if self._stream_id is None:
            return False
        if error.code == "stream_not_found" and self._resume_of is not None:
            # A restarted daemon has forgotten the old stream; the cursor is enough.
            self._resume_of = None
            return True
        if error.code in ("not_reserved", "stream_timeout") and self._facts.follow is not None and self._bounded is None:
            # The interaction ended meanwhile: what is left can still be read.
            self._bounded = error
            return True
        return False


def _stream_error(reason: Any, code: Any) -> ParleyError:
    from .._generated.errors import ERROR_CLASSES, StreamClosedError

    if reason == "error" and code in ERROR_CLASSES:
        return ERROR_CLASSES[code]()
    if reason == "revoked":
        return ERROR_CLASSES["unauthenticated"]("The stream was closed: its credentials were revoked.")
    if reason == "superseded":
        return StreamClosedError("The stream was taken over by another reader of the same principal.")
    return StreamClosedError(f"The stream was closed: {reason}.")
