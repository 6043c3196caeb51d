"""[py.host-question] `turn.ask`: a host asks its sender and has the answer, or the reason why none comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from fake_daemon import INTERACTION_ID, FakeDaemon, Refusal
from parley import DeadlineExceededError, ParleyError, RequestCancelledError
from parley._runtime import async_host, sync_host
from parley._runtime.turn_questions import TurnQuestions
from test_host import Inbox, serve

Start = Callable[..., FakeDaemon]
styles = pytest.mark.parametrize("style", ["sync", "async"])
FIRST = INTERACTION_ID[:-3] + "000"


@pytest.fixture(autouse=True)
def quick_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sync_host, async_host):
        monkeypatch.setattr(module, "LISTEN_SECONDS", 0.05)


def answering(inbox: Inbox, bodies: list[str]) -> list[dict[str, Any]]:
    """Answers each question as it comes; returns the questions."""
    questions: list[dict[str, Any]] = []
    append = inbox._emit

    def emit(request: Any) -> Any:
        answer = append(request)
        for event in request["events"]:
            if event["kind"] == "interaction_input_required":
                questions.append(event)
                if bodies:
                    inbox.answer(request["interaction_id"], event["request_id"], bodies.pop(0))
        return answer

    inbox._emit = emit  # type: ignore[method-assign]
    return questions


def asking(daemon: FakeDaemon, inbox: Inbox, style: str, prompts: list[str], **options: Any) -> list[Any]:
    """Serves until the inbox is empty; returns what each call of `ask` gave."""
    given: list[Any] = []
    arguments = {name: options.pop(name) for name in ("timeout", "schema", "request_id") if name in options}

    def steps(interaction: Any, turn: Any) -> Any:
        for prompt in prompts:
            if style == "sync":

                def ask(prompt: str = prompt) -> None:
                    try:
                        given.append(turn.ask(prompt, **arguments))
                    except ParleyError as error:
                        given.append(error)

                yield ask
            else:

                async def ask_async(prompt: str = prompt) -> None:
                    try:
                        given.append(await turn.ask(prompt, **arguments))
                    except ParleyError as error:
                        given.append(error)

                yield ask_async

    serve(daemon, inbox, style, steps, ttl_ms=1000, **options)
    return given


@styles
@pytest.mark.parametrize("concurrency", [1, 2])
def test_an_answer_comes_back(start_daemon: Start, style: str, concurrency: int) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()
    questions = answering(inbox, ["blue", "large"])
    schema = {"type": "string"}
    given = asking(daemon, inbox, style, ["red or blue?", "how large?"], concurrency=concurrency, schema=schema)
    assert given == ["blue", "large"]
    assert [(one["prompt"], one["schema"]) for one in questions] == [("red or blue?", schema), ("how large?", schema)]
    assert inbox.outcomes() == [{"kind": "done"}]
    acknowledged = [envelope for request in inbox.drained for envelope in request["answers_received"]]
    assert len(acknowledged) >= 1


@styles
def test_an_answer_that_came_before_is_returned_at_once(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put(attempt=2)
    inbox.answer(FIRST, TurnQuestions(FIRST).next_id("red or blue?"), "blue")
    assert asking(daemon, inbox, style, ["red or blue?"]) == ["blue"]
    assert inbox.kinds() == []


def test_ids_are_those_of_the_other_sdk() -> None:
    questions = TurnQuestions("0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f")
    assert questions.next_id("red or blue?") == "838d640a-6c30-50c7-ad5c-f9c32daa8822"
    assert questions.next_id("red or blue?") != "838d640a-6c30-50c7-ad5c-f9c32daa8822"


@styles
def test_a_question_has_its_time(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()
    (error,) = asking(daemon, inbox, style, ["hello?"], timeout=0.05)
    assert isinstance(error, DeadlineExceededError)
    assert inbox.outcomes() == [{"kind": "done"}]


@styles
def test_a_cancel_ends_the_waiting(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()
    inbox.cancel_in_turn = True
    (error,) = asking(daemon, inbox, style, ["hello?"])
    assert isinstance(error, RequestCancelledError)
    assert [outcome["code"] for outcome in inbox.outcomes()] == ["cancelled"]


@styles
def test_a_refused_question_raises(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()
    inbox.refuse["emit"] = [Refusal("invalid_request", 400)] * 3
    (error,) = asking(daemon, inbox, style, ["hello?"])
    assert isinstance(error, ParleyError) and error.code == "invalid_request"


@styles
def test_an_outage_is_waited_for(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()
    questions = answering(inbox, [])

    def come_back() -> None:
        while not questions:
            time.sleep(0.01)
        for verb in ("drain", "open"):
            inbox.refuse[verb] = [Refusal("shutting_down", 503, retryable=True)] * 3
        inbox.answer(FIRST, questions[0]["request_id"], "blue")

    thread = threading.Thread(target=come_back)
    thread.start()
    assert asking(daemon, inbox, style, ["red or blue?"]) == ["blue"]
    thread.join()


@styles
def test_a_host_that_stops_waits_for_the_answer(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    inbox = Inbox(daemon)
    inbox.put()
    questions = answering(inbox, [])
    # The drain that finds nothing stops the host, while the question is open.
    stops = threading.Event()

    def later() -> None:
        stops.wait(10)
        inbox.answer(FIRST, questions[0]["request_id"], "blue")

    thread = threading.Thread(target=later)
    thread.start()
    drain = inbox._drain

    def noted(request: Any) -> Any:
        drained = drain(request)
        if request["max"] > 0 and not drained["interactions"] and questions:
            stops.set()
        return drained

    inbox._drain = noted  # type: ignore[method-assign]
    assert asking(daemon, inbox, style, ["red or blue?"], concurrency=2) == ["blue"]
    thread.join()
