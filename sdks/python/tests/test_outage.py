"""Hosts whose daemon is away: the work goes on, and everything is reported once and in order."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from fake_daemon import Drop, FakeDaemon, Refusal
from parley import AsyncParley, Parley, ParleyError, SessionNameTakenError
from parley._runtime import event_buffer
from parley._runtime.event_buffer import EventBuffer
from test_host import Inbox

Start = Callable[..., FakeDaemon]
transports = pytest.mark.parametrize("transport", ["tcp", "unix"])
styles = pytest.mark.parametrize("style", ["sync", "async"])
mebibyte = "x" * 1024 * 1024


class Served:
    """A host in a thread, whatever its style; the handler is written as a coroutine for both."""

    def __init__(self, daemon: FakeDaemon, style: str, handler: Callable[[Any, Any], Any], **options: Any) -> None:
        self.daemon = daemon
        self.failure: BaseException | None = None
        self.errors: list[Any] = []
        self.heard: list[str] = []
        self._style = style
        self._handler = handler
        self._client = {name: options.pop(name) for name in ("timeout",) if name in options}
        self._options = {
            "on_error": lambda error, _: self.errors.append(error),
            "on_outage": lambda error: self.heard.append(error.code),
            "on_recovery": lambda: self.heard.append("back"),
            **options,
        }
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        self._call("stop")

    def abort(self) -> None:
        self._call("abort")

    def join(self, seconds: float = 20) -> None:
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "the host did not end"

    def _call(self, name: str) -> None:
        method = getattr(self.host, name)
        if self._style == "sync":
            method()
        else:
            self.loop.call_soon_threadsafe(method)

    def _run(self) -> None:
        try:
            if self._style == "sync":
                self._serve()
            else:
                asyncio.run(self._serve_async())
        except ParleyError as error:
            self.failure = error

    def _serve(self) -> None:
        def handle(interaction: Any, turn: Any) -> Any:
            steps = self._handler(interaction, Blocking(turn))
            try:
                steps.send(None)
            except StopIteration as end:
                return end.value
            raise AssertionError("a blocking handler must not wait")

        with Parley(**self.daemon.client_arguments(), **self._client) as client:
            self.host = client.host("planner", **self._options)
            self._ready.set()
            self.host.serve(handle)

    async def _serve_async(self) -> None:
        self.loop = asyncio.get_running_loop()
        async with AsyncParley(**self.daemon.client_arguments(), **self._client) as client:
            self.host = client.host("planner", **self._options)
            self._ready.set()
            await self.host.serve(self._handler)


class Blocking:
    """A blocking turn that a coroutine can await."""

    def __init__(self, turn: Any) -> None:
        self._turn = turn

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._turn, name)
        if not inspect.ismethod(member):
            return member

        async def call(*arguments: Any, **named: Any) -> Any:
            return member(*arguments, **named)

        return call


async def wait_for(event: threading.Event) -> None:
    """Waits in either style: a blocking handler has its own thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        assert event.wait(20)
        return
    while not event.is_set():
        await asyncio.sleep(0.005)


def until(done: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


@styles
def test_a_waiting_drain_renews_the_lease(start_daemon: Start, style: str) -> None:
    inbox = Inbox(start_daemon("unix"))
    draining, arrived, finish = threading.Event(), threading.Event(), threading.Event()
    periods: list[None] = []
    answer = inbox._drain

    def drain(request: Any) -> Any:
        if request["max"] > 0:
            draining.set()
            assert arrived.wait(20)
        return answer(request)

    inbox._drain = drain  # type: ignore[method-assign]

    async def handler(interaction: Any, turn: Any) -> str:
        await wait_for(finish)
        return "ok"

    served = Served(inbox.daemon, style, handler, ttl_ms=30)
    listen = served.host._listen

    def counted() -> Any:
        periods.append(None)
        return listen()

    served.host._listen = counted

    def pass_periods(count: int) -> None:
        end = len(periods) + count
        until(lambda: len(periods) >= end)

    assert draining.wait(10)
    # One renewal may have begun before the drain.
    pass_periods(2)
    renewed = len(inbox.opens)
    pass_periods(5)
    assert len(inbox.opens) == renewed
    inbox.put()
    arrived.set()
    until(lambda: len(inbox.opens) >= renewed + 2)
    finish.set()
    inbox.when_empty = served.stop
    served.join()
    assert served.failure is None
    assert inbox.results() == ["ok"]


def test_what_arrives_at_a_blocking_host_after_its_stop_is_given_back(start_daemon: Start) -> None:
    inbox = Inbox(start_daemon("unix"))
    inbox.put()
    draining, arrived, finish = threading.Event(), threading.Event(), threading.Event()
    answer = inbox._drain

    def drain(request: Any) -> Any:
        if inbox.offered and request["max"] > 0:
            draining.set()
            assert arrived.wait(20)
        return answer(request)

    inbox._drain = drain  # type: ignore[method-assign]

    async def handler(interaction: Any, turn: Any) -> str:
        await wait_for(finish)
        return "ok"

    served = Served(inbox.daemon, "sync", handler, concurrency=2)
    assert draining.wait(10)
    inbox.put(2)
    del inbox.waiting[0]
    served.stop()
    arrived.set()
    until(lambda: inbox.settled)
    finish.set()
    served.join()
    assert inbox.outcomes() == [{"kind": "retry_after", "delay_ms": 0}, {"kind": "done"}]


@transports
@styles
def test_a_host_keeps_working_while_the_daemon_is_away(start_daemon: Start, transport: str, style: str) -> None:
    """[sdk.host-outage]"""
    daemon = start_daemon(transport)
    inbox = Inbox(daemon)
    inbox.put()
    began, away, worked = threading.Event(), threading.Event(), threading.Event()

    async def handle(interaction: Any, turn: Any) -> str:
        await turn.text("0 ")
        began.set()
        await wait_for(away)
        for n in range(1, 101):
            await turn.text(f"{n} ")
        worked.set()
        return "done"

    served = Served(daemon, style, handle)
    assert began.wait(10)
    daemon.stop()
    away.set()
    assert worked.wait(20)
    daemon.start()
    until(lambda: inbox.settled and len(inbox.opens) > 1)
    served.stop()
    served.join()
    assert inbox.text() == "".join(f"{n} " for n in range(101))
    assert inbox.results() == ["done"]
    assert served.heard == ["daemon_unreachable", "back"]
    assert served.errors == []
    assert len(inbox.opens) > 2
    assert len({request["lease_token"] for request in inbox.opens}) == 1


@transports
@styles
@pytest.mark.parametrize("operation", ["sessions.emit", "comms.send", "sessions.settle"])
@pytest.mark.parametrize("way", ["lost", "late"])
def test_a_call_without_an_answer_is_repeated(
    start_daemon: Start, transport: str, style: str, operation: str, way: str
) -> None:
    """[sdk.host-outage] Also beyond the call's time limit."""
    daemon = start_daemon(transport)
    inbox = Inbox(daemon)
    inbox.put()
    usual = daemon.handlers[operation]
    missing = [1, 2]
    repeated = [threading.Event(), threading.Event()]

    def answer(request: Any) -> Any:
        done = usual(request)
        if len(missing) < 2:
            repeated[len(missing)].set()
        if missing:
            missing.pop()
            if way == "lost":
                raise Drop
            repeated[len(missing)].wait(3)
        return done

    daemon.handlers[operation] = answer

    async def handle(interaction: Any, turn: Any) -> str:
        await turn.text("once")
        return "answer"

    served = Served(daemon, style, handle, timeout=1 if way == "late" else 10)
    until(lambda: missing == [] and inbox.settled)
    served.stop()
    served.join()
    calls = [request for name, request, _ in daemon.calls if name == operation]
    assert inbox.text() == "once"
    assert served.errors == []
    assert len(calls) > 2
    keys = [call.get("idempotency_key") or call.get("options", {}).get("idempotency_key") for call in calls]
    assert keys[0] == keys[1]
    assert set(inbox.results()) == {"answer"}


@transports
@styles
def test_a_drain_without_an_answer_is_repeated_with_its_claim_token(
    start_daemon: Start, transport: str, style: str
) -> None:
    """[sdk.host-outage]"""
    daemon = start_daemon(transport)
    inbox = Inbox(daemon)
    inbox.put(2)
    usual = daemon.handlers["sessions.drain"]
    missing = [1]

    def answer(request: Any) -> Any:
        if missing:
            missing.pop()
            inbox.drained.append(request)
            raise Drop
        return usual(request)

    daemon.handlers["sessions.drain"] = answer

    async def handle(interaction: Any, turn: Any) -> str:
        return "done"

    served = Served(daemon, style, handle)
    until(lambda: len(inbox.settled) == 2)
    served.stop()
    served.join()
    tokens = [request["claim_token"] for request in inbox.drained if request["max"] > 0]
    assert tokens[0] == tokens[1] != tokens[2]


@styles
def test_an_interaction_that_is_offered_again_goes_on(start_daemon: Start, style: str) -> None:
    """[sdk.host-outage] Under the new claim, and without a second turn."""
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()
    item = dict(inbox.waiting[0])
    begun: list[int] = []
    began, gate = threading.Event(), threading.Event()

    async def handle(interaction: Any, turn: Any) -> None:
        begun.append(interaction.attempt)
        began.set()
        await wait_for(gate)
        await turn.text("text")

    served = Served(daemon, style, handle, concurrency=2)
    assert began.wait(10)
    [first] = {request["claim_token"] for request in inbox.drained[:1]}
    inbox.waiting.append({**item, "attempt": 2})
    until(lambda: len(inbox.offered) == 2)
    until(lambda: any(request.get("claims") not in (None, [first]) for request in inbox.drained))
    assert any(request.get("claims") == [first] for request in inbox.drained)
    emit = daemon.handlers["sessions.emit"]

    def guarded(request: Any) -> Any:
        if request["claim_token"] == first:
            raise Refusal("fence_stale", 409)
        return emit(request)

    daemon.handlers["sessions.emit"] = guarded
    gate.set()
    until(lambda: inbox.settled)
    served.stop()
    served.join()
    assert begun == [1]
    assert inbox.text() == "text"
    assert inbox.settled[0]["claim_token"] != first


@styles
def test_8_mib_are_kept_and_more_waits(start_daemon: Start, style: str) -> None:
    """[sdk.host-buffer]"""
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()
    began, away, full = threading.Event(), threading.Event(), threading.Event()
    kept: list[int] = []

    async def handle(interaction: Any, turn: Any) -> None:
        await turn.emit({"kind": "extension", "namespace": "org.example", "name": "x", "data": 1})
        began.set()
        await wait_for(away)
        for n in range(10):
            if n == 7:
                full.set()
            await turn.emit({"kind": "extension", "namespace": "org.example", "name": "x", "data": mebibyte})
            kept.append(n)

    served = Served(daemon, style, handle)
    assert began.wait(10)
    daemon.stop()
    away.set()
    assert full.wait(20)
    time.sleep(0.3)
    assert kept == list(range(7))
    daemon.start()
    until(lambda: inbox.settled)
    served.stop()
    served.join()
    assert kept == list(range(10))
    datas = [event.get("data") for one in inbox.emitted for event in one["events"]]
    assert sum(len(data) for data in datas if isinstance(data, str)) == 10 * len(mebibyte)


@styles
def test_an_event_that_is_refused_later_fails_the_work_alone(start_daemon: Start, style: str) -> None:
    """[sdk.host-buffer]"""
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()
    began, away, done = threading.Event(), threading.Event(), threading.Event()

    async def handle(interaction: Any, turn: Any) -> None:
        await turn.text("0")
        began.set()
        await wait_for(away)
        for text in "abcd":
            await turn.text(text)
        done.set()

    served = Served(daemon, style, handle)
    assert began.wait(10)
    daemon.stop()
    away.set()
    assert done.wait(20)
    emit = daemon.handlers["sessions.emit"]

    def guarded(request: Any) -> Any:
        if any(event.get("delta") == "c" for event in request["events"]):
            raise Refusal("invalid_request", 400)
        return emit(request)

    daemon.handlers["sessions.emit"] = guarded
    daemon.start()
    until(lambda: inbox.settled)
    served.stop()
    served.join()
    assert inbox.text() == "0abd"
    assert inbox.outcomes()[0]["kind"] == "dead"
    assert "invalid_request" in inbox.outcomes()[0]["message"]
    assert [error.code for error in served.errors] == ["invalid_request"]


@styles
@pytest.mark.parametrize("away", [False, True])
def test_abort_ends_at_once(start_daemon: Start, style: str, away: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """[sdk.host-abort]"""
    for module in ("sync_host", "async_host"):
        monkeypatch.setattr(f"parley._runtime.{module}.RELEASE_SECONDS", 0.3)
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()
    began, gate = threading.Event(), threading.Event()

    async def handle(interaction: Any, turn: Any) -> None:
        began.set()
        while not gate.is_set():
            await turn.text("more")
            if style == "async":
                await asyncio.sleep(0.005)

    served = Served(daemon, style, handle)
    assert began.wait(10)
    if away:
        daemon.stop()
    served.abort()
    served.join()
    gate.set()
    assert inbox.outcomes() == ([] if away else [{"kind": "retry_after", "delay_ms": 0}])


@styles
def test_a_name_that_was_taken_meanwhile_ends_the_host(start_daemon: Start, style: str) -> None:
    """[sdk.host-outage] The turns are lost, and their calls raise."""
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()
    began = threading.Event()

    async def handle(interaction: Any, turn: Any) -> None:
        began.set()
        while True:
            await turn.text("more")
            if style == "async":
                await asyncio.sleep(0.005)

    served = Served(daemon, style, handle)
    assert began.wait(10)
    daemon.stop()
    inbox.refuse["open"] = [Refusal("session_name_taken", 409, retryable=True) for _ in range(20)]
    daemon.handlers["sessions.emit"] = lambda request: (_ for _ in ()).throw(Refusal("storage_unavailable", 503))
    daemon.start()
    served.join()
    assert isinstance(served.failure, SessionNameTakenError)
    assert inbox.settled == []


@styles
def test_a_name_that_was_left_again_is_taken_as_a_new_holder(start_daemon: Start, style: str) -> None:
    """[sdk.host-outage]"""
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)

    async def handle(interaction: Any, turn: Any) -> str:
        return "done"

    served = Served(daemon, style, handle)
    until(lambda: inbox.drained)
    inbox.refuse["drain"] = [Refusal("fence_stale", 409)]
    inbox.refuse["open"] = [Refusal("fence_stale", 409)]
    inbox.put()
    until(lambda: inbox.settled)
    served.stop()
    served.join()
    assert len({request["lease_token"] for request in inbox.opens}) == 2
    assert served.failure is None


def test_a_buffer_keeps_events_in_order_and_apart() -> None:
    """[sdk.host-buffer]"""
    buffer = EventBuffer()
    events = [{"kind": "text_delta", "delta": str(n)} for n in range(100)]
    marks = buffer.push(events)
    assert not buffer.may_go_on(marks)
    buffer.outage = True
    assert buffer.may_go_on(marks)
    first = buffer.take()
    assert first is not None and first.events == events[:64]
    buffer.refuse(first, ValueError("one of them"))
    seen = []
    while (batch := buffer.take()) is not None:
        seen += batch.events
        if batch.events[0]["delta"] == "7":
            buffer.refuse(batch, ValueError("seven"))
        else:
            buffer.settle(batch)
    assert seen == events
    assert not buffer.pending and not buffer.outage
    assert str(buffer.refusal(marks[7:8])) == "seven"
    assert buffer.refusal() is None
    assert event_buffer.BUFFER_BYTES == 8 * 1024 * 1024
