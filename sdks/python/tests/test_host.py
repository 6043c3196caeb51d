"""Hosts: what is claimed is answered, settled once, and never by two at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fake_daemon import AT, INTERACTION_ID, SESSION_ID, FakeDaemon, Refusal
from parley import AsyncParley, FenceStaleError, Parley, SessionNameTakenError
from parley._runtime import host_turn

Start = Callable[..., FakeDaemon]
transports = pytest.mark.parametrize("transport", ["tcp", "unix"])
styles = pytest.mark.parametrize("style", ["sync", "async"])


class Inbox:
    """The sessions plane of a fake daemon: one session with a queue."""

    def __init__(self, daemon: FakeDaemon) -> None:
        self.daemon = daemon
        self.waiting: list[dict[str, Any]] = []
        self.offered: list[dict[str, Any]] = []
        self.emitted: list[dict[str, Any]] = []
        self.settled: list[dict[str, Any]] = []
        self.opens: list[dict[str, Any]] = []
        self.when_empty: Callable[[], None] = lambda: None
        self.refuse: dict[str, list[Refusal]] = {}
        self.cancel_by_emit = False
        self.cancel_in_turn = False
        self.responses: list[dict[str, Any]] = []
        self.drained: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.answers: list[dict[str, Any]] = []
        daemon.handlers["comms.send"] = self._send
        for verb in ("open", "drain", "emit", "settle"):
            daemon.handlers[f"sessions.{verb}"] = self._guarded(verb)

    def put(self, count: int = 1, **fields: Any) -> None:
        for n in range(count):
            self.waiting.append(
                {
                    "kind": "peer_request",
                    "interaction_id": INTERACTION_ID[:-3] + f"{n:03d}",
                    "envelope_id": SESSION_ID,
                    "from": "user-local",
                    "received_at": AT,
                    "attempt": 1,
                    "stream_reserved": True,
                    "handling": "queue",
                    "intent": "ask",
                    "params": {"n": n},
                    **fields,
                }
            )

    def _guarded(self, verb: str) -> Callable[[Any], Any]:
        def handle(request: Any) -> Any:
            if self.refuse.get(verb):
                raise self.refuse[verb].pop(0)
            return getattr(self, f"_{verb}")(request)

        return handle

    def _open(self, request: Any) -> Any:
        self.opens.append(request)
        session = {
            "session_id": SESSION_ID,
            "name": request["name"],
            "principal": "local",
            "state": "live",
            "created_at": AT,
            "unread": 0,
            "last_sequence": 0,
        }
        lease = {"token": request["lease_token"], "fence": 1, "ttl_ms": request["ttl_ms"], "expires_at": AT}
        return {"session": session, "lease": lease}

    def _drain(self, request: Any) -> Any:
        self.drained.append(request)
        self.answers = [one for one in self.answers if one["envelope_id"] not in request["answers_received"]]
        answers = {"answers": list(self.answers)} if self.answers else {}
        if request["max"] == 0:
            told = [one["interaction_id"] for one in self.offered] if self.cancel_in_turn else []
            return {"interactions": [], "cancel_requested": told, **answers}
        batch, self.waiting = self.waiting[: request["max"]], self.waiting[request["max"] :]
        self.offered += batch
        if not batch:
            self.when_empty()
            return {"interactions": [], **answers}
        return {"interactions": batch, "claim": {"token": request["claim_token"], "expires_at": AT}, **answers}

    def answer(self, interaction_id: str, request_id: str, body: str) -> None:
        """The sender answers a question; drains return it until one acknowledges it."""
        said = {"from": "user-local", "command": "peer_message", "body": body, "received_at": AT}
        envelope_id = SESSION_ID[:-3] + f"{len(self.emitted) + len(self.answers):03d}"
        self.answers.append(
            {"interaction_id": interaction_id, "request_id": request_id, "envelope_id": envelope_id, **said}
        )

    def _emit(self, request: Any) -> Any:
        if request["idempotency_key"] not in self.keys:
            self.emitted.append(request)
        self.keys.add(request["idempotency_key"])
        answer = {"last_sequence": len(self.emitted), "claim_expires_at": AT}
        return {**answer, "cancel_requested": True} if self.cancel_by_emit else answer

    def _settle(self, request: Any) -> Any:
        self.settled.append(request)
        return {"settled": True, "already_settled": False}

    def _send(self, request: Any) -> Any:
        self.responses.append(request)
        return {
            "kind": "peer_response_sent",
            "envelope_id": SESSION_ID,
            "in_reply_to": request["in_reply_to"],
            "delivery": {"state": "delivered", "at": AT, "attempt": 1},
            "deduplicated": False,
        }

    def text(self) -> str:
        deltas = [event for request in self.emitted for event in request["events"] if event["kind"] == "text_delta"]
        return "".join(event["delta"] for event in deltas)

    def results(self) -> list[Any]:
        return [response["result"] for response in self.responses]

    def kinds(self) -> list[str]:
        return [event["kind"] for request in self.emitted for event in request["events"]]

    def outcomes(self) -> list[dict[str, Any]]:
        return [request["outcome"] for request in self.settled]


def serve(daemon: FakeDaemon, inbox: Inbox, style: str, steps: Callable[[Any, Any], Any], **options: Any) -> None:
    """Serves until the inbox is empty. `steps` yields calls of the turn and returns the result."""
    if style == "sync":
        with Parley(**daemon.client_arguments()) as client:
            host = client.host("planner", **options)
            inbox.when_empty = host.stop

            def handle(interaction: Any, turn: Any) -> Any:
                result = steps(interaction, turn)
                for call in result if hasattr(result, "send") else ():
                    call()
                return None if hasattr(result, "send") else result

            host.serve(handle)
        return

    async def main() -> None:
        async with AsyncParley(**daemon.client_arguments()) as client:
            host = client.host("planner", **options)
            loop = asyncio.get_running_loop()
            inbox.when_empty = lambda: loop.call_soon_threadsafe(host.stop)

            async def handle(interaction: Any, turn: Any) -> Any:
                result = steps(interaction, turn)
                for call in result if hasattr(result, "send") else ():
                    await call()
                return None if hasattr(result, "send") else result

            await host.serve(handle)

    asyncio.run(main())


@transports
@styles
def test_what_a_handler_returns_is_the_result(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)
    inbox = Inbox(daemon)
    inbox.put(3)
    serve(daemon, inbox, style, lambda interaction, turn: interaction.params["n"] * 2, description="plans")
    assert inbox.results() == [0, 2, 4]
    assert inbox.outcomes() == [{"kind": "done"}] * 3
    assert {(one["status"], one["to"]) for one in inbox.responses} == {("completed", "user-local")}
    assert inbox.opens[0]["description"] == "plans"
    assert inbox.emitted == []


@styles
def test_text_makes_a_turn(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()

    def steps(interaction: Any, turn: Any) -> Any:
        yield lambda: turn.text("hel")
        yield lambda: turn.text("lo")
        yield lambda: turn.emit({"kind": "extension", "namespace": "org.example", "name": "x", "data": 1})
        yield lambda: turn.reply("greetings")

    serve(daemon, inbox, style, steps)
    texts = ["text_delta", "text_delta"]
    assert inbox.kinds() == ["turn_started", *texts, "extension", "text_complete", "turn_completed"]
    assert inbox.results() == ["greetings"]
    # The whole text and the end of the turn travel as one.
    assert len({request["idempotency_key"] for request in inbox.emitted}) == 4
    assert len({request["claim_token"] for request in (*inbox.emitted, *inbox.settled)}) == 1


@styles
def test_a_handler_ends_its_turn_with_what_it_cost(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()

    def steps(interaction: Any, turn: Any) -> Any:
        yield lambda: turn.text("hello")
        yield lambda: turn.emit({"kind": "turn_completed", "usage": {"output_tokens": 1}})

    serve(daemon, inbox, style, steps)
    assert inbox.kinds() == ["turn_started", "text_delta", "text_complete", "turn_completed"]
    assert inbox.results() == ["hello"]


@styles
def test_what_was_said_is_the_result_of_nothing_else(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put(1)
    inbox.put(1, kind="peer_message", body="hi")
    del inbox.waiting[1]["intent"], inbox.waiting[1]["params"]
    long = "x" * 65_536

    def steps(interaction: Any, turn: Any) -> Any:
        yield lambda: turn.text(long + "y")

    serve(daemon, inbox, style, steps)
    assert inbox.results() == [long + "y"]
    assert inbox.outcomes() == [{"kind": "done"}, {"kind": "done", "result": long + "y"}]
    assert inbox.kinds()[:3] == ["turn_started", "text_delta", "text_delta"]


@styles
def test_a_failure_reaches_a_sender_who_does_not_read(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put(stream_reserved=False)
    seen: list[Any] = []

    def steps(interaction: Any, turn: Any) -> Any:
        raise ValueError("no plan")

    serve(daemon, inbox, style, steps, on_error=lambda error, interaction: seen.append(str(error)))
    assert inbox.responses[0]["status"] == "failed"
    assert inbox.results() == [{"code": "executor_error", "message": "ValueError: no plan", "retryable": False}]
    assert inbox.outcomes() == [{"kind": "done"}]
    assert seen == ["no plan"]


@styles
def test_failures_and_second_thoughts(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put(3)

    def steps(interaction: Any, turn: Any) -> Any:
        if interaction.params["n"] == 0:
            raise ValueError("no plan")
        if interaction.params["n"] == 1:
            return iterate(lambda: turn.fail("not now", code="rejected", retryable=True))
        return iterate(lambda: turn.retry_after(500))

    def iterate(call: Any) -> Any:
        yield call

    serve(daemon, inbox, style, steps)
    assert inbox.outcomes() == [
        {"kind": "dead", "code": "executor_error", "message": "ValueError: no plan", "retryable": False},
        {"kind": "dead", "code": "rejected", "message": "not now", "retryable": True},
        {"kind": "retry_after", "delay_ms": 500},
    ]


@transports
@styles
def test_a_restart_is_survived(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)
    inbox = Inbox(daemon)
    inbox.put(2)
    inbox.refuse["drain"] = [
        Refusal("shutting_down", 503, retryable=True),
        *(Refusal("storage_unavailable", 503, retryable=True) for _ in range(4)),
        Refusal("fence_stale", 409),
    ]
    serve(daemon, inbox, style, lambda interaction, turn: "ok")
    assert len(inbox.settled) == 2
    times = [request["ttl_ms"] for request in inbox.opens]
    assert times[-1] == 0 and set(times[:-1]) == {60_000} and len(times) > 2
    assert len({request["lease_token"] for request in inbox.opens}) == 1


@styles
def test_a_lost_claim_is_left_alone(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put(2)
    inbox.refuse["emit"] = [Refusal("fence_stale", 409)]

    def steps(interaction: Any, turn: Any) -> Any:
        yield lambda: turn.text("a")

    serve(daemon, inbox, style, steps)
    # The first was lost at its emit, the second goes its way.
    first, second = (request["interaction_id"] for request in inbox.offered)
    assert [request["interaction_id"] for request in inbox.settled] == [second] != [first]


@styles
def test_a_silent_handler_keeps_its_claim(start_daemon: Start, style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_turn, "QUIET_SECONDS", 0.05)
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()
    alive = threading.Event()
    append = inbox._emit

    def emit(request: Any) -> Any:
        alive.set()
        return append(request)

    inbox._emit = emit  # type: ignore[method-assign]

    if style == "sync":
        serve(daemon, inbox, style, lambda interaction, turn: alive.wait(10), ttl_ms=1000)
    else:

        async def wait() -> None:
            while not alive.is_set():
                await asyncio.sleep(0.01)

        def steps(interaction: Any, turn: Any) -> Any:
            yield wait

        serve(daemon, inbox, style, steps, ttl_ms=1000)
    assert inbox.kinds()[0] == "extension"
    assert inbox.outcomes()[0]["kind"] == "done"


@styles
@pytest.mark.parametrize("way", ["returns", "raises"])
def test_a_cancelled_turn_hears_of_it_by_what_it_emits(start_daemon: Start, style: str, way: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put(stream_reserved=False)
    inbox.cancel_by_emit = True
    errors: list[Any] = []

    def steps(interaction: Any, turn: Any) -> Any:
        yield lambda: turn.text("a")
        assert turn.cancelled.is_set()
        if way == "raises":
            raise ValueError("gave up")

    serve(daemon, inbox, style, steps, on_error=lambda error, interaction: errors.append(error))
    message = "ValueError: gave up" if way == "raises" else "It was cancelled by its sender."
    assert inbox.outcomes() == [{"kind": "dead", "code": "cancelled", "message": message, "retryable": False}]
    assert inbox.responses == []
    assert errors == []


@styles
def test_a_busy_host_hears_of_a_cancellation(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()
    inbox.cancel_in_turn = True

    if style == "sync":

        def steps(interaction: Any, turn: Any) -> Any:
            yield lambda: turn.cancelled.wait(10)
            assert turn.cancelled.is_set()
    else:

        def steps(interaction: Any, turn: Any) -> Any:
            yield lambda: asyncio.wait_for(turn.cancelled.wait(), 10)

    serve(daemon, inbox, style, steps, ttl_ms=1000)
    assert inbox.outcomes()[0]["code"] == "cancelled"


@styles
def test_a_cancelled_turn_may_finish_all_the_same(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()
    inbox.cancel_by_emit = True

    def steps(interaction: Any, turn: Any) -> Any:
        yield lambda: turn.text("a")
        yield lambda: turn.reply("done")

    serve(daemon, inbox, style, steps)
    assert inbox.results() == ["done"]
    assert inbox.outcomes() == [{"kind": "done"}]


@styles
def test_a_taken_name_ends_the_host(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.refuse["open"] = [Refusal("session_name_taken", 409)]
    with pytest.raises(SessionNameTakenError):
        serve(daemon, inbox, style, lambda interaction, turn: None)


@styles
def test_unknown_kinds_are_rejected(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put(kind="peer_dream")
    serve(daemon, inbox, style, lambda interaction, turn: pytest.fail("a handler got it"))
    assert inbox.outcomes()[0]["code"] == "rejected"


@styles
def test_several_at_once(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put(3)
    if style == "sync":
        together = threading.Barrier(3)
        serve(daemon, inbox, style, lambda interaction, turn: together.wait(10), concurrency=3)
    else:
        arrived: list[int] = []

        async def meet() -> None:
            arrived.append(1)
            while len(arrived) < 3:
                await asyncio.sleep(0.001)

        def steps(interaction: Any, turn: Any) -> Any:
            yield meet

        serve(daemon, inbox, style, steps, concurrency=3)
    assert len(inbox.settled) == 3


def test_a_lost_claim_raises_in_the_handler(start_daemon: Start) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()
    inbox.refuse["emit"] = [Refusal("fence_stale", 409)]
    seen: list[tuple[type[BaseException], bool]] = []
    with Parley(**daemon.client_arguments()) as client:
        host = client.host("planner")
        inbox.when_empty = host.stop

        def handle(interaction: Any, turn: Any) -> None:
            try:
                turn.text("a")
            except FenceStaleError as error:
                seen.append((type(error), turn.lost))
                raise

        host.serve(handle)
    assert seen == [(FenceStaleError, True)]
    assert inbox.settled == []


@transports
@styles
def test_a_host_that_stops_lets_go_of_its_name(start_daemon: Start, transport: str, style: str) -> None:
    inbox = Inbox(start_daemon(transport))
    policy = {"peer_message": "hold"}
    serve(inbox.daemon, inbox, style, lambda interaction, turn: "ok", inbound_policy=policy)
    assert [request.get("inbound_policy") for request in inbox.opens] == [policy, None]
    assert [request["ttl_ms"] for request in inbox.opens] == [60_000, 0]
    assert len({request["lease_token"] for request in inbox.opens}) == 1


@styles
def test_a_result_that_is_refused_fails_its_interaction_only(start_daemon: Start, style: str) -> None:
    inbox = Inbox(start_daemon("unix"))
    inbox.put(2, kind="peer_message", body="hi")
    inbox.refuse["settle"] = [Refusal("payload_too_large", 413)]
    heard: list[Exception] = []
    serve(inbox.daemon, inbox, style, lambda interaction, turn: "ok", on_error=lambda error, _: heard.append(error))
    assert [outcome["kind"] for outcome in inbox.outcomes()] == ["dead", "done"]
    assert "payload_too_large" in inbox.outcomes()[0]["message"]
    assert [error.code for error in heard] == ["payload_too_large"]  # type: ignore[attr-defined]
