"""The async twin of `Turn`."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .event_buffer import LATE_SECONDS, EventBatch, EventBuffer
from .host_turn import CANCELLED, CLAIM_OVER, WORKING, TurnState
from .outage import OutageWatch, Tries
from .parley_error import ParleyError
from .turn_questions import question, unanswered, unwanted

if TYPE_CHECKING:
    from .._generated.resources.comms import AsyncComms
    from .._generated.resources.sessions import AsyncSessions

T = TypeVar("T")


class AsyncTurn:
    """The host's work on one interaction; a handler whose claim is lost is cancelled."""

    def __init__(
        self,
        sessions: AsyncSessions,
        comms: AsyncComms,
        watch: OutageWatch,
        name: str,
        state: TurnState,
        interaction: Any,
    ) -> None:
        self._sessions = sessions
        self._comms = comms
        self._watch = watch
        self._name = name
        self._state = state
        self._buffer = EventBuffer()
        # Emits and flushes that wait for a change of the buffer.
        self._waiters: set[asyncio.Future[None]] = set()
        self._sender: asyncio.Task[None] | None = None
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = asyncio.Event()
        self.interaction = interaction

    @property
    def id(self) -> str:
        """The `turn_id` of this turn's events."""
        return self._state.turn_id

    @property
    def lost(self) -> bool:
        """The claim is over: another host may have the interaction already."""
        return self._state.lost.is_set()

    @property
    def cancelled(self) -> asyncio.Event:
        """Set when the sender asked to cancel. A handler that then raises, or returns None, ends the turn as cancelled."""
        return self._cancelled

    async def text(self, delta: str) -> None:
        """Emits a piece of the answer's text."""
        await self._emit(self._state.text_events(delta))

    async def emit(self, *events: Any) -> None:
        """Emits events, durable when this returns; the turn fills in its `turn_id`.

        While the daemon is away this returns when the events are kept: up to 8 MiB wait for the daemon, in order, and
        above that it returns when there is room again.
        """
        await self._emit(list(events))

    async def ask(
        self, prompt: str, *, schema: Any = None, timeout: float | None = None, request_id: str | None = None
    ) -> str:
        """Asks the sender and returns the answer; over outages of the daemon too.

        Raises `DeadlineExceededError` after `timeout` seconds, `RequestCancelledError` when the sender cancels, and the
        reason when the turn is void. A handler that runs again after its host was lost asks under the same ids, so that
        an answer which came meanwhile is returned at once.
        """
        request_id = request_id or self._state.questions.next_id(prompt)
        try:
            return await asyncio.wait_for(self._ask(request_id, prompt, schema), timeout)
        except asyncio.TimeoutError:
            raise unanswered(timeout or 0) from None

    async def _ask(self, request_id: str, prompt: str, schema: Any) -> str:
        questions = self._state.questions
        if questions.answer(request_id) is None:
            if not self._cancelled.is_set():
                await self._emit([question(request_id, prompt, schema)])
            await self._until(lambda: questions.answer(request_id) is not None or self._cancelled.is_set())
        answer = questions.answer(request_id)
        if answer is None:
            self._raise(None)
            raise unwanted(CANCELLED)
        return answer

    def _take_answers(self, answers: Iterable[Any]) -> None:
        if self._state.questions.take(answers):
            self._changed()

    async def flush(self) -> None:
        """Returns when everything that was emitted is durable; raises when an event was refused."""
        await self._until(lambda: not self._buffer.pending)
        self._raise(None)

    async def reply(self, result: Any = None) -> None:
        """Ends the interaction with a result."""
        self._state.take()
        try:
            self._push(self._state.end_events())
            await self.flush()
            await self._answer(*self._state.done(result))
        except Exception as error:
            if not self.lost:
                await self._answer(*self._state.refused(error))
            raise

    async def fail(self, message: str, *, code: str = "executor_error", retryable: bool = False) -> None:
        """Ends the interaction as failed."""
        self._state.take()
        self._push(self._state.end_events())
        try:
            await self.flush()
        except Exception:
            if self.lost:
                raise
        await self._answer(*self._state.dead(message, code, retryable))

    async def retry_after(self, delay_ms: int) -> None:
        """Gives the interaction back, to be offered again later."""
        self._state.take()
        await self._until(lambda: not self._buffer.pending)
        await self._settle({"kind": "retry_after", "delay_ms": delay_ms})

    async def _emit(self, events: Sequence[Any]) -> None:
        marks = self._push(events)
        await self._until(lambda: self._buffer.may_go_on(marks))
        self._raise(marks)

    def _beat(self) -> None:
        """Renews the claim of a handler that emits nothing."""
        if not self._buffer.pending:
            self._push([WORKING])

    def _push(self, events: Sequence[Any]) -> tuple[int, ...]:
        if not events:
            return ()
        if self.lost:
            self._raise(None)
        marks = self._buffer.push(self._state.wire_events(events))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.ensure_future(self._send())
        return marks

    def _raise(self, marks: tuple[int, ...] | None) -> None:
        """Raises why the turn is void, or why an event was refused."""
        reason = self._state.lost_reason or self._buffer.refusal(marks)
        if reason is not None:
            raise reason

    async def _until(self, done: Callable[[], bool]) -> None:
        while not done() and not self.lost:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)

    def _changed(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _send(self) -> None:
        """Sends the events in order, one batch at a time, until there are none."""
        while not self.lost and (batch := self._buffer.take()) is not None:
            late = asyncio.get_running_loop().call_later(LATE_SECONDS, self._outage)
            try:
                await self._append(batch)
            except Exception as error:
                if not self.lost:
                    self._buffer.refuse(batch, error)
            else:
                self._buffer.settle(batch)
            finally:
                late.cancel()
            self._changed()

    async def _append(self, batch: EventBatch) -> None:
        emitted = await self._under_claim(
            lambda claim: self._sessions.emit(**claim, events=batch.events, idempotency_key=batch.key), self._outage
        )
        if emitted.cancel_requested:
            self._cancel()

    def _outage(self) -> None:
        self._buffer.outage = True
        self._changed()

    def _cancel(self) -> None:
        self._state.cancelled.set()
        self._cancelled.set()
        self._changed()

    async def _answer(self, response: dict[str, Any] | None, outcome: dict[str, Any]) -> None:
        if response is not None:
            key = str(uuid.uuid4())
            try:
                await self._insist(lambda: self._comms.send(response, session=self._name, idempotency_key=key))
            except ParleyError as error:
                # The handler answered by itself, or an earlier attempt did: only the settling is left.
                if error.code != "interaction_ended":
                    raise
        try:
            await self._settle(outcome)
        except ParleyError as error:
            # With the answer the interaction has ended, whether or not the claim still counts.
            if response is None or error.code not in CLAIM_OVER:
                raise

    async def _settle(self, outcome: dict[str, Any]) -> None:
        await self._under_claim(lambda claim: self._sessions.settle(**claim, outcome=outcome))

    async def _under_claim(
        self, call: Callable[[dict[str, Any]], Awaitable[T]], outage: Callable[[], None] | None = None
    ) -> T:
        """A call under the turn's claim; repeated when the interaction was claimed again meanwhile."""
        while True:
            used = self._state.claim_token
            try:
                return await self._insist(lambda: call(self._state.claim()), outage)
            except ParleyError as error:
                if error.code not in CLAIM_OVER:
                    raise
                if used == self._state.claim_token:
                    self._lose(error)
                    raise

    async def _insist(self, call: Callable[[], Awaitable[T]], outage: Callable[[], None] | None = None) -> T:
        tries = Tries(self._watch)
        while True:
            if self._state.lost_reason is not None:
                raise self._state.lost_reason
            try:
                answer = await call()
            except ParleyError as error:
                pause = tries.pause_after(error)
                if outage is not None:
                    outage()
                await asyncio.sleep(pause)
            else:
                self._watch.answered()
                return answer

    def _lose(self, reason: Exception) -> None:
        """Makes the turn void: what waits for its calls raises, and a handler that does something else is cancelled."""
        if not self._state.lose(reason):
            return
        self._buffer.drop()
        waiting = len(self._waiters) > 0
        self._changed()
        if not waiting and self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

    async def _close(self) -> None:
        """The turn is over: what it did not send is not wanted any more."""
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.wait([self._sender])
