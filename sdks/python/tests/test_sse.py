"""The parser of server-sent events does not care where chunks are split."""

from __future__ import annotations

import random

from parley._runtime.sse import SseFrame, SseParser

TEXT = (
    "retry: 2000\r\n\r\n: hb\n\nid: 1\nevent: text_delta\ndata: {\"a\":\ndata: 1}\n\n"
    "event: x\rdata:no space\r\r: comment\r\nid: 2\r\ndata: ü€😀\r\nignored\r\n\r\ndata\n\nevent: lost"
)
FRAMES = [
    SseFrame("text_delta", '{"a":\n1}', "1"),
    SseFrame("x", "no space", None),
    SseFrame("message", "ü€😀", "2"),
    SseFrame("message", "", None),
]


def test_any_split_gives_the_same_frames() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    data = TEXT.encode()
    for _ in range(500):
        parser, frames, position = SseParser(), [], 0
        while position < len(data):
            step = chance.choice([1, 1, 2, 3, 7, 40])
            frames += parser.feed(data[position : position + step])
            position += step
        assert frames == FRAMES


def test_a_byte_order_mark_is_skipped() -> None:
    assert SseParser().feed(b"\xef\xbb\xbfdata: a\n\n") == [SseFrame("message", "a", None)]
