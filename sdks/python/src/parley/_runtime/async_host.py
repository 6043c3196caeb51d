"""The async twin of `Host`."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .calls import UNSET
from .host_turn import (
    CANCELLED,
    CLAIM_OVER,
    HOST_RETRIES,
    HOST_SECONDS,
    LEASE_OVER,
    LEASE_TTL_MS,
    LISTEN_SECONDS,
    POLL_MS,
    RELEASE_SECONDS,
    WORKING,
    TurnState,
    rejection,
)
from .._generated.resources.comms import AsyncComms
from .._generated.resources.sessions import AsyncSessions
from .model import Unknown
from .parley_error import ParleyError
from .retry import RetryPolicy

if TYPE_CHECKING:
    from .._generated.types.sessions import Session, SessionsOpenResponse
    from .async_client import AsyncParley

AsyncHandler = Callable[[Any, "AsyncTurn"], Awaitable[Any]]


class AsyncTurn:
    """The host's work on one interaction; a handler whose claim is lost is cancelled."""

    def __init__(self, sessions: AsyncSessions, comms: AsyncComms, name: str, state: TurnState, interaction: Any) -> None:
        self._sessions = sessions
        self._comms = comms
        self._name = name
        self._state = state
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
        """Emits events, durable when this returns; the turn fills in its `turn_id`."""
        await self._emit(list(events))

    async def reply(self, result: Any = None) -> None:
        """Ends the interaction with a result."""
        self._state.take()
        try:
            await self._end(*self._state.done(result))
        except ParleyError as error:
            if self._state.refused(error):
                await self._answer(*self._state.dead(f"{error.code}: {error.message}", "executor_error", False))
            raise

    async def fail(self, message: str, *, code: str = "executor_error", retryable: bool = False) -> None:
        """Ends the interaction as failed."""
        self._state.take()
        await self._end(*self._state.dead(message, code, retryable))

    async def retry_after(self, delay_ms: int) -> None:
        """Gives the interaction back, to be offered again later."""
        self._state.take()
        await self._settle({"kind": "retry_after", "delay_ms": delay_ms})

    async def _emit(self, events: list[Any]) -> None:
        try:
            for request in self._state.emit_requests(events):
                emitted = await self._sessions.emit(**request)
                if emitted.cancel_requested:
                    self._cancel()
        except ParleyError as error:
            self._check(error)
            raise

    def _cancel(self) -> None:
        self._state.cancelled.set()
        self._cancelled.set()

    async def _end(self, response: dict[str, Any] | None, outcome: dict[str, Any]) -> None:
        await self._emit(self._state.end_events())
        await self._answer(response, outcome)

    async def _answer(self, response: dict[str, Any] | None, outcome: dict[str, Any]) -> None:
        if response is not None:
            try:
                await self._comms.send(response, session=self._name)
            except ParleyError as error:
                # The handler answered by itself, or an earlier attempt did: only the settling is left.
                if error.code != "interaction_ended":
                    raise
        await self._settle(outcome)

    async def _settle(self, outcome: dict[str, Any]) -> None:
        try:
            await self._sessions.settle(**self._state.settle_request(outcome))
        except ParleyError as error:
            self._check(error)
            raise

    def _check(self, error: ParleyError) -> None:
        if error.code in CLAIM_OVER:
            self._state.lost.set()
            if self._task is not None and self._task is not asyncio.current_task():
                self._task.cancel()


class AsyncHost:
    """Serves one session; the arguments are those of `Host`."""

    def __init__(
        self,
        client: AsyncParley,
        name: str,
        *,
        description: str | None = None,
        labels: Mapping[str, str] | None = None,
        inbound_policy: Mapping[str, Any] | None = None,
        ttl_ms: int = LEASE_TTL_MS,
        concurrency: int = 1,
        on_error: Callable[[Exception, Any], None] | None = None,
    ) -> None:
        calls = client._transport.patient(HOST_RETRIES, HOST_SECONDS)
        self._sessions = AsyncSessions(calls)
        self._comms = AsyncComms(calls)
        self._on_error = on_error
        self.name = name
        self._description = description
        self._labels = labels
        self._inbound_policy = inbound_policy
        self._ttl_ms = ttl_ms
        self._lease_token = secrets.token_urlsafe(24)
        self._opened = False
        self._concurrency = concurrency
        self._policy = RetryPolicy()
        self._stop = asyncio.Event()
        self._running: dict[asyncio.Task[None], AsyncTurn] = {}
        self._failure: BaseException | None = None

    async def open(self) -> Session:
        """Opens the session and holds its name; `serve` does it too. Senders find it from now on."""
        opened = await self._open()
        self._opened = True
        return opened.session

    async def serve(self, handler: AsyncHandler) -> None:
        """Answers interactions until `stop()`, then lets go of the name; survives restarts of the daemon.

        The handler gets the interaction and an `AsyncTurn`. What it returns becomes the result, without
        that what it said; what it raises becomes the failure; unless it ended the turn itself.
        """
        if not self._opened:
            await self.open()
        keeper = asyncio.create_task(self._keep())
        try:
            await self._loop(handler)
            while self._running:
                await asyncio.wait(self._running)
        finally:
            self._stop.set()
            keeper.cancel()
            for task in self._running:
                task.cancel()
            with suppress(ParleyError):
                await self._sessions.open(
                    name=self.name, ttl_ms=0, lease_token=self._lease_token, timeout=RELEASE_SECONDS
                )
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Takes nothing more; `serve` returns when the work in hand is done."""
        self._stop.set()

    async def _loop(self, handler: AsyncHandler) -> None:
        attempt = 0
        while not self._stop.is_set():
            free = self._concurrency - len(self._running)
            if free <= 0:
                await self._first(*self._running)
                continue
            draining = asyncio.ensure_future(
                self._sessions.drain(
                    name=self.name,
                    lease_token=self._lease_token,
                    max=min(free, 64),
                    wait_ms=POLL_MS,
                )
            )
            try:
                await self._first(draining)
                if not draining.done():
                    return
                batch = draining.result()
                attempt = 0
            except ParleyError as error:
                if error.code in LEASE_OVER:
                    await self._open()
                elif not error.retryable:
                    raise
                # A lease that is over at once again must not spin.
                await self._first(asyncio.create_task(asyncio.sleep(self._policy.delay(attempt, error))))
                attempt += 1
                continue
            finally:
                draining.cancel()
            self._cancel(batch.cancel_requested)
            if batch.claim is None:
                continue
            for interaction in batch.interactions:
                await self._begin(handler, batch.claim.token, interaction)

    async def _first(self, *tasks: asyncio.Task[Any]) -> None:
        """Waits for one of the tasks or for `stop()`."""
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()

    async def _begin(self, handler: AsyncHandler, claim: str, interaction: Any) -> None:
        if isinstance(interaction, Unknown):
            await self._sessions.settle(**rejection(claim, self.name, interaction))
            return
        turn = AsyncTurn(self._sessions, self._comms, self.name, TurnState(self.name, claim, interaction), interaction)
        task = asyncio.create_task(self._run(handler, turn))
        turn._task = task
        self._running[task] = turn
        task.add_done_callback(lambda done: self._running.pop(done, None))

    async def _run(self, handler: AsyncHandler, turn: AsyncTurn) -> None:
        state = turn._state
        try:
            try:
                result = await handler(turn.interaction, turn)
            except Exception as error:
                if self._on_error is not None and not state.cancelled.is_set():
                    self._on_error(error, turn.interaction)
                if not state.settled and not state.lost.is_set():
                    message, code = state.failure_of(error)
                    await turn.fail(message, code=code)
            else:
                if state.settled or state.lost.is_set():
                    return
                if state.gave_up(result):
                    await turn.fail(CANCELLED, code="cancelled")
                else:
                    await turn.reply(state.result_of(result))
        except ParleyError as error:
            # A claim that is over is offered again by the daemon; so is one that could not be settled.
            if self._on_error is not None:
                self._on_error(error, turn.interaction)

    async def _open(self) -> SessionsOpenResponse:
        return await self._sessions.open(
            name=self.name,
            description=UNSET if self._description is None else self._description,
            labels=UNSET if self._labels is None else self._labels,
            inbound_policy=UNSET if self._inbound_policy is None else self._inbound_policy,
            ttl_ms=self._ttl_ms,
            lease_token=self._lease_token,
        )

    async def _listen(self) -> None:
        """While there is no room for more, no drain waits that would hear of cancellations."""
        if len(self._running) >= self._concurrency:
            heard = await self._sessions.drain(
                name=self.name,
                lease_token=self._lease_token,
                max=0,
                wait_ms=int(LISTEN_SECONDS * 1000),
            )
            self._cancel(heard.cancel_requested)

    def _cancel(self, interactions: Sequence[str] | None) -> None:
        for turn in list(self._running.values()):
            if turn.interaction.interaction_id in (interactions or ()):
                turn._cancel()

    async def _keep(self) -> None:
        """Renews the lease, and the claims of handlers that are silent."""
        period = min(self._ttl_ms / 3000, LISTEN_SECONDS)
        renewed = time.monotonic()
        while True:
            await asyncio.sleep(period)
            try:
                if time.monotonic() - renewed >= self._ttl_ms / 3000:
                    await self._open()
                    renewed = time.monotonic()
                for turn in list(self._running.values()):
                    if turn._state.quiet():
                        await turn.emit(WORKING)
                await self._listen()
            except ParleyError as error:
                if error.code == "session_name_taken":
                    self._failure = error
                    self._stop.set()
