"""The parser of server-sent events, with the cases that the TypeScript SDK runs too."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from parley._runtime.sse import MAX_BYTES, SseFrame, SseParser

DATA = json.loads((Path(__file__).parents[3] / "test/vectors/sse/cases.json").read_text("utf-8"))


def text_of(part: Any) -> str:
    """A text, which may be given as its repetitions."""
    return part if isinstance(part, str) else part["repeat"] * part["times"] + part.get("then", "")


def bytes_of(case: dict[str, Any]) -> bytes:
    """What the reader is given."""
    return b"".join(
        bytes.fromhex(part["hex"]) if isinstance(part, dict) and "hex" in part else text_of(part).encode()
        for part in case["input"]
    )


def frames_of(case: dict[str, Any]) -> list[SseFrame]:
    """What the reader makes of it."""
    return [
        SseFrame(frame.get("event", "message"), text_of(frame["data"]), frame.get("id", ""))
        for frame in case["frames"]
        for _ in range(frame.get("times", 1))
    ]


def parse(data: bytes, cuts: Iterable[int], max_bytes: int = MAX_BYTES) -> tuple[list[SseFrame], bool]:
    """The frames, and whether the rest was refused."""
    parser, frames, start = SseParser(max_bytes), [], 0
    try:
        for end in [*cuts, len(data)]:
            frames += parser.feed(data[start:end])
            start = end
        parser.feed(b"")
    except ValueError as error:
        with pytest.raises(type(error)):
            parser.feed(b"data: later\n\n")
        return frames, True
    return frames, False


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: case["name"])
def test_a_case_however_the_bytes_are_cut(case: dict[str, Any]) -> None:
    """[sdk.sse] [sdk.sse-cases]"""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    data, expected = bytes_of(case), (frames_of(case), case.get("refused", False))
    places = range(len(data) + 1)
    several = (sorted(chance.choices(places, k=8)) for _ in range(100))
    for cuts in ([], case.get("cuts", []), places, *([place] for place in places), *several):
        assert parse(data, cuts, case.get("max_bytes", MAX_BYTES)) == expected


@pytest.mark.parametrize("case", DATA["long"], ids=lambda case: case["name"])
def test_a_long_stream(case: dict[str, Any]) -> None:
    """[sdk.sse-linear]"""
    data = bytes_of(case)
    before = time.process_time()
    frames, refused = parse(data, range(case["piece_bytes"], len(data), case["piece_bytes"]))
    seconds = time.process_time() - before
    # Not in the assertion: its report would have 16 MiB.
    is_expected = frames == frames_of(case)
    assert (is_expected, refused) == (True, False)
    # Needs less than one second; a reader whose time grows with the square needs minutes.
    assert seconds < 10
