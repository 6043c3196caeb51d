"""Server-sent events, parsed as they arrive."""

from __future__ import annotations

from typing import NamedTuple

MAX_BYTES = 64 * 1024 * 1024


class SseFrame(NamedTuple):
    """One event: its type, its data, and the last id that the stream has set, empty without one."""

    event: str
    data: str
    id: str


class SseParser:
    """Parses an event stream from pieces that may end anywhere, as the WHATWG format says.

    The time grows with the bytes alone. Two points differ from the format: bytes that are not UTF-8 are
    refused instead of replaced, because they would change data unseen, and `retry` is ignored, because the
    SDK has its own backoff.

    Args:
        max_bytes: Bounds one event.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        # The beginning of a line whose end has not come yet.
        self._held = bytearray()
        self._skip_line_feed = False
        self._is_first_line = True
        self._event = ""
        self._data: list[str] = []
        # Of the lines in `_data`.
        self._bytes = 0
        self._id = ""
        self._failure: ValueError | None = None

    def feed(self, chunk: bytes) -> list[SseFrame]:
        """The events that this chunk completes.

        Raises `ValueError` when the stream breaks the format or a bound; events before that place are
        returned first, and the next call raises.
        """
        if self._failure is not None:
            raise self._failure
        frames: list[SseFrame] = []
        try:
            for line in self._lines(chunk):
                frame = self._line(line)
                if frame is not None:
                    frames.append(frame)
            self._check_length(len(self._held))
        except ValueError as error:
            self._failure = error
            if not frames:
                raise
        return frames

    def _lines(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk completes; what follows them is held."""
        # A CR that ended the last chunk has ended its line: the LF of a CRLF belongs to it.
        if self._skip_line_feed and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._skip_line_feed = False
        if chunk:
            self._skip_line_feed = chunk.endswith(b"\r")
        first, *others = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._held += first
        if not others:
            return []
        lines = [bytes(self._held), *others]
        self._held = bytearray(lines.pop())
        return lines

    def _line(self, line: bytes) -> SseFrame | None:
        self._check_length(self._bytes + len(line))
        text = line.decode()
        # A byte order mark counts only at the beginning of the stream.
        if self._is_first_line:
            text = text.removeprefix("\ufeff")
            self._is_first_line = False
        if text == "":
            return self._finish()
        name, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
            self._bytes += len(line)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        return None

    def _finish(self) -> SseFrame | None:
        event, data = self._event, self._data
        self._event, self._data, self._bytes = "", [], 0
        return SseFrame(event or "message", "\n".join(data), self._id) if data else None

    def _check_length(self, length: int) -> None:
        if length > self._max_bytes:
            raise ValueError(f"an event is longer than {self._max_bytes} bytes")
