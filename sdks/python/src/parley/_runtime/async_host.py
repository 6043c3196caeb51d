"""The async twin of `Host`."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._generated.resources.comms import AsyncComms
from .._generated.resources.sessions import AsyncSessions
from .async_turn import AsyncTurn
from .calls import UNSET
from .host_turn import (
    CANCELLED,
    LEASE_OVER,
    LEASE_TTL_MS,
    LISTEN_SECONDS,
    POLL_MS,
    RELEASE_SECONDS,
    TurnState,
    ending,
    known,
    unknown_kind,
)
from .model import Unknown
from .outage import OutageWatch, Tries, is_outage, passes
from .parley_error import ParleyError
from .turn_questions import AnswersReceived

if TYPE_CHECKING:
    from .._generated.types.sessions import Session, SessionsOpenResponse
    from .async_client import AsyncParley

AsyncHandler = Callable[[Any, "AsyncTurn"], Awaitable[Any]]


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
        ephemeral: bool = False,
        ttl_ms: int = LEASE_TTL_MS,
        concurrency: int = 1,
        on_error: Callable[[Exception, Any], None] | None = None,
        on_outage: Callable[[ParleyError], None] | None = None,
        on_recovery: Callable[[], None] | None = None,
    ) -> None:
        calls = client._transport.with_retries(0)
        self._sessions = AsyncSessions(calls)
        self._comms = AsyncComms(calls)
        self._on_error = on_error
        self._watch = OutageWatch(on_outage, on_recovery)
        self.name = name
        self._description = description
        self._labels = labels
        self._inbound_policy = inbound_policy
        self._ephemeral = ephemeral
        self._ttl_ms = ttl_ms
        self._lease_token = secrets.token_urlsafe(24)
        # A drain whose answer is lost is repeated with the same claim token.
        self._next_claim = secrets.token_urlsafe(24)
        self._received = AnswersReceived()
        self._opened = False
        self._opening = asyncio.Lock()
        self._drains = False
        """A drain is in flight: it keeps the lease, and its end renews it."""
        self._concurrency = concurrency
        self._stop = asyncio.Event()
        self._aborted: ParleyError | None = None
        self._running: dict[asyncio.Task[None], AsyncTurn] = {}
        self._ended = False
        self._failure: BaseException | None = None

    async def open(self) -> Session:
        """Opens the session and holds its name; `serve` does it too. Senders find it from now on."""
        opened = await self._open()
        self._opened = True
        return opened.session

    async def serve(self, handler: AsyncHandler) -> None:
        """Answers interactions until `stop()`, then releases the name; survives outages of the daemon.

        The handler gets the interaction and an `AsyncTurn`. What it returns becomes the result, without
        that what it emitted; what it raises becomes the failure; unless it ended the turn itself.
        """
        if not self._opened:
            await self.open()
        keeper = asyncio.create_task(self._keep())
        try:
            try:
                await self._loop(handler)
            except ParleyError as error:
                self._fail(error)
            while self._running:
                await asyncio.wait(self._running)
        finally:
            self._stop.set()
            self._ended = True
            left = [keeper, *self._running]
            for task in left:
                task.cancel()
            await asyncio.wait(left)
            with suppress(ParleyError):
                await self._sessions.open(
                    name=self.name, ttl_ms=0, lease_token=self._lease_token, timeout=RELEASE_SECONDS
                )
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Takes nothing more; `serve` returns when the work in flight is done and the daemon has its outcomes."""
        self._stop.set()

    def abort(self) -> None:
        """Ends at once: cancels the handlers and gives their work back.

        What the daemon does not take within 2 s is offered again when its claim has run out.
        """
        self._aborted = self._aborted or ending()
        self.stop()
        for task, turn in list(self._running.items()):
            if not turn._state.settled:
                task.cancel()
            asyncio.get_running_loop().call_later(RELEASE_SECONDS, turn._lose, self._aborted)

    async def _loop(self, handler: AsyncHandler) -> None:
        tries = Tries(self._watch)
        while not self._stop.is_set():
            free = self._concurrency - len(self._running)
            if free <= 0:
                await self._first(*self._running)
                continue
            draining = asyncio.ensure_future(self._drain(min(free, 64), POLL_MS))
            self._drains = True
            try:
                await self._first(draining)
                if not draining.done():
                    return
                batch = draining.result()
            except ParleyError as error:
                if not passes(error) and error.code not in LEASE_OVER:
                    raise
                # A lease that is over at once again must not spin.
                await self._first(asyncio.create_task(asyncio.sleep(tries.pause())))
                await self._attach_again(error)
                continue
            finally:
                self._drains = False
                draining.cancel()
            tries = Tries(self._watch)
            if batch.claim is None:
                continue
            if batch.claim.token == self._next_claim:
                self._next_claim = secrets.token_urlsafe(24)
            for interaction in batch.interactions:
                self._begin(handler, batch, interaction)

    async def _drain(self, most: int, wait_ms: int) -> Any:
        claims = list({turn._state.claim_token for turn in self._running.values() if not turn.lost})
        received = self._received.pending()
        batch = await self._sessions.drain(
            name=self.name,
            lease_token=self._lease_token,
            max=most,
            wait_ms=wait_ms,
            claim_token=self._next_claim if most > 0 else UNSET,
            claims=claims or UNSET,
            answers_received=received,
        )
        self._watch.answered()
        answers = batch.answers or ()
        self._received.drained(received, answers)
        for turn in list(self._running.values()):
            turn._take_answers(answers)
            if turn.interaction.interaction_id in (batch.cancel_requested or ()):
                turn._cancel()
        return batch

    async def _first(self, *tasks: asyncio.Task[Any]) -> None:
        """Waits for one of the tasks or for `stop()`."""
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()

    def _begin(self, handler: AsyncHandler, batch: Any, interaction: Any) -> None:
        work = unknown_kind if isinstance(interaction, Unknown) else handler
        interaction = known(interaction)
        for turn in self._running.values():
            if turn.interaction.interaction_id == interaction.interaction_id and not turn.lost:
                # After a long outage the daemon may offer again what is in work here.
                turn._state.claim_token = batch.claim.token
                return
        state = TurnState(self.name, batch.claim.token, interaction)
        state.questions.take(batch.answers or ())
        turn = AsyncTurn(self._sessions, self._comms, self._watch, self.name, state, interaction)
        task = asyncio.create_task(self._run(work, turn))
        turn._task = task
        self._running[task] = turn
        task.add_done_callback(lambda done: self._running.pop(done, None))

    async def _run(self, handler: AsyncHandler, turn: AsyncTurn) -> None:
        try:
            await self._work(handler, turn)
        except Exception as error:
            # A claim that is over is offered again by the daemon; so is one that could not be settled.
            if self._on_error is not None:
                self._on_error(error, turn.interaction)
        except asyncio.CancelledError:
            if self._on_error is not None and turn._state.lost_reason is not None:
                self._on_error(turn._state.lost_reason, turn.interaction)
            raise
        finally:
            await turn._close()

    async def _work(self, handler: AsyncHandler, turn: AsyncTurn) -> None:
        state = turn._state
        try:
            result = await handler(turn.interaction, turn)
        except asyncio.CancelledError:
            if self._aborted is None or state.settled or state.lost.is_set():
                raise
            await turn.retry_after(0)
        except Exception as error:
            if self._aborted is not None and not state.settled and not state.lost.is_set():
                await turn.retry_after(0)
                return
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

    async def _open(self) -> SessionsOpenResponse:
        opened = await self._sessions.open(
            name=self.name,
            description=UNSET if self._description is None else self._description,
            labels=UNSET if self._labels is None else self._labels,
            inbound_policy=UNSET if self._inbound_policy is None else self._inbound_policy,
            ephemeral=True if self._ephemeral else UNSET,
            ttl_ms=self._ttl_ms,
            lease_token=self._lease_token,
        )
        self._watch.attached = True
        self._watch.answered()
        return opened

    async def _attach(self, token: str) -> None:
        """Opens the session again; as a new holder when another one had the name after this token and has left it."""
        async with self._opening:
            try:
                await self._open()
            except ParleyError as error:
                if error.code != "fence_stale" or self._lease_token != token:
                    raise
                self._lease_token = secrets.token_urlsafe(24)
                await self._open()

    async def _attach_again(self, cause: ParleyError) -> None:
        if is_outage(cause):
            self._watch.failed(cause)
        try:
            await self._attach(self._lease_token)
        except ParleyError as error:
            if not passes(error):
                raise

    async def _listen(self) -> None:
        """While no more is taken, no drain waits that would return cancellations and answers."""
        if self._running and (len(self._running) >= self._concurrency or self._stop.is_set()):
            await self._drain(0, int(LISTEN_SECONDS * 1000))

    def _fail(self, error: ParleyError) -> None:
        """The host cannot go on, and the turns in flight are void."""
        self._failure = self._failure or error
        self._stop.set()
        for turn in list(self._running.values()):
            turn._lose(error)

    async def _keep(self) -> None:
        """Renews the lease, attaches again after an outage, and renews the claims of handlers that are silent."""
        period = min(self._ttl_ms / 3000, LISTEN_SECONDS)
        renewed = time.monotonic()
        # Before Python 3.12 a wait that ends at the same time can swallow the cancellation.
        while not self._ended:
            await asyncio.sleep(period)
            try:
                is_due = not self._drains and time.monotonic() - renewed >= self._ttl_ms / 3000
                if is_due or not self._watch.attached:
                    await self._attach(self._lease_token)
                    renewed = time.monotonic()
                for turn in list(self._running.values()):
                    if turn._state.quiet():
                        turn._beat()
                await self._listen()
            except ParleyError as error:
                if is_outage(error):
                    self._watch.failed(error)
                elif error.code == "session_name_taken":
                    self._fail(error)
