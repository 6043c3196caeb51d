"""Streams give each event once and in order, whatever happens to the connections."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fake_daemon import INTERACTION_ID, SESSION_ID, FakeDaemon, Refusal
from parley import AsyncParley, NotReservedError, Parley, StreamClosedError, Unknown

INTERACTION = {"kind": "interaction", "interaction_id": INTERACTION_ID}
SESSION = {"kind": "session", "session_id": SESSION_ID}
TURN = "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f"

Start = Callable[..., FakeDaemon]
transports = pytest.mark.parametrize("transport", ["tcp", "unix"])
styles = pytest.mark.parametrize("style", ["sync", "async"])


def delta(text: str) -> dict[str, Any]:
    return {"kind": "text_delta", "turn_id": TURN, "delta": text}


def complete() -> dict[str, Any]:
    return {"kind": "interaction_complete", "result": None}


def read_all(daemon: FakeDaemon, style: str, each: Callable[[Any], None] = lambda event: None, **request: Any) -> list[Any]:
    """All events of a stream, read by either client."""
    if style == "sync":
        with Parley(**daemon.client_arguments()) as client, client.stream(**request) as stream:
            events = []
            for event in stream:
                events.append(event)
                each(event)
            return events

    async def read() -> list[Any]:
        events = []
        async with AsyncParley(**daemon.client_arguments()) as client, client.stream(**request) as stream:
            async for event in stream:
                events.append(event)
                each(event)
        return events

    return asyncio.run(read())


@transports
@styles
def test_reads_to_the_terminal_event(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)
    daemon.append(delta("a"), delta("b"), complete())
    events = read_all(daemon, style, scope=INTERACTION)
    assert [event.sequence for event in events] == [1, 2, 3]
    assert [event.event.kind for event in events] == ["text_delta", "text_delta", "interaction_complete"]


@transports
@styles
def test_cuts_lose_and_repeat_nothing(start_daemon: Start, transport: str, style: str) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    daemon = start_daemon(transport)
    daemon.append(*(delta(str(n)) for n in range(120)), complete())
    daemon.cut_after = lambda: chance.randrange(0, 20)
    events = read_all(daemon, style, scope=INTERACTION)
    assert [event.sequence for event in events] == list(range(1, 122))
    assert len(daemon.stream_requests) > 5
    first, *resumed = daemon.stream_requests
    assert "after_sequence" not in first and "resume_of" not in first
    assert all("resume_of" in request for request in resumed)


@transports
@styles
def test_survives_a_restart(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)
    daemon.append(delta("a"), delta("b"))
    restarted: list[threading.Thread] = []

    def on_open(request: dict[str, Any]) -> None:
        # A new process knows no old streams.
        if "resume_of" in request:
            raise Refusal("stream_not_found", 404)

    def restart() -> None:
        daemon.stop()
        daemon.on_open = on_open
        daemon.append(delta("c"), complete())
        daemon.start()

    def each(event: Any) -> None:
        if event.sequence == 2:
            restarted.append(threading.Thread(target=restart))
            restarted[0].start()

    events = read_all(daemon, style, each, scope=INTERACTION)
    restarted[0].join()
    assert [event.sequence for event in events] == [1, 2, 3, 4]


@transports
@styles
def test_session_stream_starts_at_the_tail_and_keeps_it(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)
    daemon.append(delta("old"), delta("old"))
    cuts = iter([0, 0])
    daemon.cut_after = lambda: next(cuts, None)
    daemon.closed_reason = "revoked"
    opened = 0

    def on_open(request: dict[str, Any]) -> None:
        nonlocal opened
        opened += 1
        if opened == 2:
            # Appended while nobody was connected, before any event carried a cursor.
            daemon.append(delta("new"), delta("newer"))

    daemon.on_open = on_open
    # The first connection waits at the tail; this event is the one it is cut at.
    daemon.snapshot_last = 1
    seen: list[Any] = []

    class Enough(Exception):
        pass

    def each(event: Any) -> None:
        seen.append(event.sequence)
        if event.sequence == 4:
            raise Enough

    with pytest.raises(Enough):
        read_all(daemon, style, each, scope=SESSION)
    assert seen == [2, 3, 4]
    assert [request.get("after_sequence") for request in daemon.stream_requests] == [None, 1, 1]


@transports
@styles
def test_reads_the_rest_when_the_interaction_ended_meanwhile(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)
    daemon.append(delta("a"), delta("b"), complete())
    cuts = iter([2])
    daemon.cut_after = lambda: next(cuts, None)

    def on_open(request: dict[str, Any]) -> None:
        if "resume_of" in request:
            raise Refusal("not_reserved", 409)

    daemon.on_open = on_open
    events = read_all(daemon, style, scope=INTERACTION)
    assert [event.sequence for event in events] == [1, 2, 3]
    assert daemon.stream_requests[-1]["follow"] is False


@transports
@styles
def test_refusals_reach_the_caller(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)

    def on_open(request: dict[str, Any]) -> None:
        raise Refusal("not_reserved", 409)

    daemon.on_open = on_open
    with pytest.raises(NotReservedError) as caught:
        read_all(daemon, style, scope=INTERACTION)
    assert caught.value.request_id == "r1"
    assert len(daemon.stream_requests) == 1


@transports
@styles
def test_a_taken_over_stream_ends_with_an_error(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)
    daemon.append(delta("a"), complete())
    daemon.closed_reason = "superseded"
    with pytest.raises(StreamClosedError):
        read_all(daemon, style, scope=INTERACTION)


@transports
@styles
def test_shutdown_means_resume(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)
    daemon.append(delta("a"), complete())
    daemon.closed_reason = "shutdown"
    daemon.cut_politely = True
    cuts = iter([1])
    daemon.cut_after = lambda: next(cuts, None)

    def on_open(request: dict[str, Any]) -> None:
        if len(daemon.stream_requests) > 1:
            daemon.closed_reason = "terminal"

    daemon.on_open = on_open
    events = read_all(daemon, style, scope=INTERACTION)
    assert [event.sequence for event in events] == [1, 2]
    assert len(daemon.stream_requests) == 2


@transports
@styles
def test_bounded_read_ends(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)
    daemon.append(delta("a"), delta("b"))
    events = read_all(daemon, style, scope=SESSION, after_sequence=0, follow=False)
    assert [event.sequence for event in events] == [1, 2]


@transports
@styles
def test_unknown_events_come_through(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)
    raw = {"kind": "thought_bubble", "size": [1, {"a": None}]}
    daemon.append(raw, complete())
    events = read_all(daemon, style, scope=INTERACTION)
    assert isinstance(events[0].event, Unknown)
    assert events[0].to_wire()["event"] == raw


def test_closing_tells_the_daemon(start_daemon: Start) -> None:
    daemon = start_daemon("tcp")
    daemon.append(delta("a"))
    with Parley(**daemon.client_arguments()) as client:
        stream = client.stream(scope=INTERACTION)
        assert next(stream).sequence == 1
        stream.close()
        assert list(stream) == []
    assert daemon.stream_closes == [stream.stream_id]


@transports
def test_another_thread_may_close(start_daemon: Start, transport: str) -> None:
    daemon = start_daemon(transport)
    daemon.append(delta("a"))
    with Parley(**daemon.client_arguments()) as client:
        stream = client.stream(scope=INTERACTION)
        closer = None
        for event in stream:
            assert event.sequence == 1
            closer = threading.Timer(0.05, stream.close)
            closer.start()
        assert closer is not None
        closer.join()


@styles
def test_silence_counts_as_a_drop(start_daemon: Start, style: str) -> None:
    # Over a WebSocket pings decide, and the fake daemon answers them.
    daemon = start_daemon("unix")
    daemon.append(delta("a"))

    def on_open(request: dict[str, Any]) -> None:
        if len(daemon.stream_requests) == 2:
            daemon.append(complete())

    daemon.on_open = on_open
    events = read_all(daemon, style, scope=INTERACTION, idle_timeout=0.2)
    assert [event.sequence for event in events] == [1, 2]
    assert len(daemon.stream_requests) == 2
