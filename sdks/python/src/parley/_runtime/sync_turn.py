"""A host's work on one interaction, blocking."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .event_buffer import LATE_SECONDS, EventBatch, EventBuffer
from .host_turn import CANCELLED, CLAIM_OVER, RELEASE_SECONDS, WORKING, TurnState
from .outage import OutageWatch, Tries
from .parley_error import ParleyError
from .turn_questions import question, unanswered, unwanted

if TYPE_CHECKING:
    from .._generated.resources.comms import Comms
    from .._generated.resources.sessions import Sessions

T = TypeVar("T")


class Turn:
    """The host's work on one interaction. A handler that returns has settled it with what it returned."""

    def __init__(
        self, sessions: Sessions, comms: Comms, watch: OutageWatch, name: str, state: TurnState, interaction: Any
    ) -> None:
        self._sessions = sessions
        self._comms = comms
        self._watch = watch
        self._name = name
        self._state = state
        self._buffer = EventBuffer()
        # Guards the buffer; notified whenever it changes.
        self._changed = threading.Condition()
        self._sender: threading.Thread | None = None
        self._sending_since: float | None = None
        self._closed = False
        self.interaction = interaction

    @property
    def id(self) -> str:
        """The `turn_id` of this turn's events."""
        return self._state.turn_id

    @property
    def lost(self) -> bool:
        """The claim is over: stop working, another host may have it already."""
        return self._state.lost.is_set()

    @property
    def cancelled(self) -> threading.Event:
        """Set when the sender asked to cancel. A handler that then raises, or returns None, ends the turn as cancelled."""
        return self._state.cancelled

    def text(self, delta: str) -> None:
        """Emits a piece of the answer's text."""
        self._emit(self._state.text_events(delta))

    def emit(self, *events: Any) -> None:
        """Emits events, durable when this returns; the turn fills in its `turn_id`.

        While the daemon is away this returns when the events are kept: up to 8 MiB wait for the daemon, in order, and
        above that it returns when there is room again.
        """
        self._emit(list(events))

    def ask(
        self, prompt: str, *, schema: Any = None, timeout: float | None = None, request_id: str | None = None
    ) -> str:
        """Asks the sender and returns the answer; over outages of the daemon too.

        Raises `DeadlineExceededError` after `timeout` seconds, `RequestCancelledError` when the sender cancels, and the
        reason when the turn is void. A handler that runs again after its host was lost asks under the same ids, so that
        an answer which came meanwhile is returned at once.
        """
        questions = self._state.questions
        request_id = request_id or questions.next_id(prompt)
        ends = None if timeout is None else time.monotonic() + timeout
        if questions.answer(request_id) is None and not self.cancelled.is_set():
            self._emit([question(request_id, prompt, schema)])
        with self._changed:
            while (answer := questions.answer(request_id)) is None:
                self._raise(None)
                if self.cancelled.is_set():
                    raise unwanted(CANCELLED)
                if ends is not None and time.monotonic() >= ends:
                    raise unanswered(timeout or 0)
                self._changed.wait(None if ends is None else ends - time.monotonic())
        return answer

    def _take_answers(self, answers: Iterable[Any]) -> None:
        with self._changed:
            if self._state.questions.take(answers):
                self._changed.notify_all()

    def flush(self) -> None:
        """Returns when everything that was emitted is durable; raises when an event was refused."""
        with self._changed:
            while self._buffer.pending and not self.lost:
                self._changed.wait()
            self._raise(None)

    def reply(self, result: Any = None) -> None:
        """Ends the interaction with a result."""
        self._state.take()
        try:
            self._push(self._state.end_events())
            self.flush()
            self._answer(*self._state.done(result))
        except Exception as error:
            if not self.lost:
                self._answer(*self._state.refused(error))
            raise

    def fail(self, message: str, *, code: str = "executor_error", retryable: bool = False) -> None:
        """Ends the interaction as failed."""
        self._state.take()
        self._push(self._state.end_events())
        try:
            self.flush()
        except Exception:
            if self.lost:
                raise
        self._answer(*self._state.dead(message, code, retryable))

    def retry_after(self, delay_ms: int) -> None:
        """Gives the interaction back, to be offered again later."""
        self._state.take()
        with self._changed:
            while self._buffer.pending and not self.lost:
                self._changed.wait()
        self._settle({"kind": "retry_after", "delay_ms": delay_ms})

    def _emit(self, events: Sequence[Any]) -> None:
        marks = self._push(events)
        with self._changed:
            while not self._buffer.may_go_on(marks) and not self.lost:
                self._changed.wait(LATE_SECONDS)
                since = self._sending_since
                if since is not None and time.monotonic() - since >= LATE_SECONDS:
                    self._buffer.outage = True
            self._raise(marks)

    def _beat(self) -> None:
        """Renews the claim of a handler that emits nothing."""
        if not self._buffer.pending:
            self._push([WORKING])

    def _push(self, events: Sequence[Any]) -> tuple[int, ...]:
        if not events:
            return ()
        with self._changed:
            if self.lost:
                self._raise(None)
            marks = self._buffer.push(self._state.wire_events(events))
            if self._sender is None:
                self._sender = threading.Thread(target=self._send, name=f"parley-turn-{self._name}", daemon=True)
                self._sender.start()
            self._changed.notify_all()
        return marks

    def _raise(self, marks: tuple[int, ...] | None) -> None:
        """Raises why the turn is void, or why an event was refused."""
        reason = self._state.lost_reason or self._buffer.refusal(marks)
        if reason is not None:
            raise reason

    def _send(self) -> None:
        """Sends the events in order, one batch at a time, until the turn is over."""
        while True:
            with self._changed:
                batch = self._buffer.take()
                while batch is None and not self._closed and not self.lost:
                    self._changed.wait()
                    batch = self._buffer.take()
                if batch is None or self.lost:
                    return
                self._sending_since = time.monotonic()
            try:
                self._append(batch)
            except Exception as error:
                with self._changed:
                    if not self.lost:
                        self._buffer.refuse(batch, error)
            else:
                with self._changed:
                    self._buffer.settle(batch)
            with self._changed:
                self._sending_since = None
                self._changed.notify_all()

    def _append(self, batch: EventBatch) -> None:
        emitted = self._under_claim(
            lambda claim: self._sessions.emit(**claim, events=batch.events, idempotency_key=batch.key), self._outage
        )
        if emitted.cancel_requested:
            self._cancel()

    def _outage(self) -> None:
        with self._changed:
            self._buffer.outage = True
            self._changed.notify_all()

    def _cancel(self) -> None:
        with self._changed:
            self._state.cancelled.set()
            self._changed.notify_all()

    def _answer(self, response: dict[str, Any] | None, outcome: dict[str, Any]) -> None:
        if response is not None:
            key = str(uuid.uuid4())
            try:
                self._insist(lambda: self._comms.send(response, session=self._name, idempotency_key=key))
            except ParleyError as error:
                # The handler answered by itself, or an earlier attempt did: only the settling is left.
                if error.code != "interaction_ended":
                    raise
        try:
            self._settle(outcome)
        except ParleyError as error:
            # With the answer the interaction has ended, whether or not the claim still counts.
            if response is None or error.code not in CLAIM_OVER:
                raise

    def _settle(self, outcome: dict[str, Any]) -> None:
        self._under_claim(lambda claim: self._sessions.settle(**claim, outcome=outcome))

    def _under_claim(self, call: Callable[[dict[str, Any]], T], outage: Callable[[], None] | None = None) -> T:
        """A call under the turn's claim; repeated when the interaction was claimed again meanwhile."""
        while True:
            used = self._state.claim_token
            try:
                return self._insist(lambda: call(self._state.claim()), outage)
            except ParleyError as error:
                if error.code not in CLAIM_OVER:
                    raise
                if used == self._state.claim_token:
                    self._lose(error)
                    raise

    def _insist(self, call: Callable[[], T], outage: Callable[[], None] | None = None) -> T:
        tries = Tries(self._watch)
        while True:
            if self._state.lost_reason is not None:
                raise self._state.lost_reason
            try:
                answer = call()
            except ParleyError as error:
                pause = tries.pause_after(error)
                if outage is not None:
                    outage()
                self._state.lost.wait(pause)
            else:
                self._watch.answered()
                return answer

    def _lose(self, reason: Exception) -> None:
        """Makes the turn void: its calls end, and what waits for them raises."""
        with self._changed:
            if self._state.lose(reason):
                self._buffer.drop()
            self._changed.notify_all()

    def _close(self) -> None:
        """The turn is over: its sender ends when everything is sent, or after its call when the turn is void."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._sender is not None:
            self._sender.join(RELEASE_SECONDS)
