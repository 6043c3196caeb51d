"""Where a reader stands in a log, and what to ask for after its connection dropped; no I/O."""

from __future__ import annotations

from typing import Any

from .parley_error import ParleyError

_TERMINAL = ("interaction_complete", "interaction_failed")


class StreamCursor:
    """Delivers each event once and in order, whatever happens to the connections in between."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields
        self._last: int | None = None
        self._stream_id: str | None = None
        self._resume_of = fields.get("resume_of")
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
        fields = {name: value for name, value in self._fields.items() if name != "resume_of"}
        if self._last is not None:
            fields["after_sequence"] = self._last
        if self._resume_of is not None:
            fields["resume_of"] = self._resume_of
        if self._bounded is not None:
            fields["follow"] = False
            fields.pop("resume_of", None)
        return fields

    def opened(self, opened: dict[str, Any]) -> None:
        """The stream is open. A session that is read from now on starts at its last position."""
        self._stream_id = self._resume_of = str(opened["stream_id"])
        if self._last is not None:
            return
        start = self._fields.get("after_sequence")
        if start is None and self._fields["scope"]["kind"] == "session":
            start = opened["snapshot"]["last_sequence"]
        self._last = int(start or 0)

    def accept(self, event: dict[str, Any]) -> bool:
        """Whether the event is new; moves the cursor."""
        sequence = event.get("sequence")
        inner = event["event"]
        if sequence is None:
            if inner["kind"] == "stream_truncated":
                self._last = max(self._last or 0, int(inner["to_sequence"]))
            return True
        if self._last is not None and sequence <= self._last:
            return False
        self._last = int(sequence)
        if self._fields["scope"]["kind"] == "interaction" and inner["kind"] in _TERMINAL:
            self.finished = True
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
        if self._last is None or self._stream_id is None:
            return False
        if error.code == "stream_not_found" and self._resume_of is not None:
            # A restarted daemon has forgotten the old stream; the cursor is enough.
            self._resume_of = None
            return True
        if error.code in ("not_reserved", "stream_timeout") and self._bounded is None:
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
