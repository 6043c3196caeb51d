"""Server-sent events, parsed as they arrive."""

from __future__ import annotations

import codecs
from typing import NamedTuple


class SseFrame(NamedTuple):
    """One event: its name, its data and its id where it has one."""

    event: str
    data: str
    id: str | None


class SseParser:
    """Turns chunks of bytes, split anywhere, into frames; comments only show that the peer lives."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("strict")
        self._rest = ""
        self._event = ""
        self._data: list[str] = []
        self._id: str | None = None

    def feed(self, chunk: bytes) -> list[SseFrame]:
        """The frames that this chunk completes."""
        text = self._rest + self._decoder.decode(chunk)
        # A carriage return at the end may be the first half of a line end.
        held = "\r" if text.endswith("\r") else ""
        text = text[: len(text) - len(held)].replace("\r\n", "\n").replace("\r", "\n")
        *lines, rest = text.split("\n")
        self._rest = rest + held
        frames = []
        for line in lines:
            frame = self._line(line)
            if frame is not None:
                frames.append(frame)
        return frames

    def _line(self, line: str) -> SseFrame | None:
        if line == "":
            return self._finish()
        name, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        return None

    def _finish(self) -> SseFrame | None:
        event, data, id = self._event, self._data, self._id
        self._event, self._data, self._id = "", [], None
        return SseFrame(event or "message", "\n".join(data), id) if data else None
