"""A blocking host: claims what is sent to a session and answers it."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from .._generated.resources.comms import Comms
from .._generated.resources.sessions import Sessions
from .model import Unknown
from .parley_error import ParleyError
from .retry import RetryPolicy

if TYPE_CHECKING:
    from .._generated.types.sessions import Session, SessionsOpenResponse
    from .sync_client import Parley

Handler = Callable[[Any, "Turn"], Any]


class Turn:
    """The host's work on one interaction. A handler that returns has settled it with what it returned."""

    def __init__(self, sessions: Sessions, comms: Comms, name: str, state: TurnState, interaction: Any) -> None:
        self._sessions = sessions
        self._comms = comms
        self._name = name
        self._state = state
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
        """Emits events, durable when this returns; the turn fills in its `turn_id`."""
        self._emit(list(events))

    def reply(self, result: Any = None) -> None:
        """Ends the interaction with a result."""
        self._state.take()
        try:
            self._end(*self._state.done(result))
        except ParleyError as error:
            if self._state.refused(error):
                self._answer(*self._state.dead(f"{error.code}: {error.message}", "executor_error", False))
            raise

    def fail(self, message: str, *, code: str = "executor_error", retryable: bool = False) -> None:
        """Ends the interaction as failed."""
        self._state.take()
        self._end(*self._state.dead(message, code, retryable))

    def retry_after(self, delay_ms: int) -> None:
        """Gives the interaction back, to be offered again later."""
        self._state.take()
        self._settle({"kind": "retry_after", "delay_ms": delay_ms})

    def _emit(self, events: list[Any]) -> None:
        try:
            for request in self._state.emit_requests(events):
                emitted = self._sessions.emit(**request)
                if emitted.cancel_requested:
                    self._cancel()
        except ParleyError as error:
            if error.code in CLAIM_OVER:
                self._state.lost.set()
            raise

    def _cancel(self) -> None:
        self._state.cancelled.set()

    def _end(self, response: dict[str, Any] | None, outcome: dict[str, Any]) -> None:
        self._emit(self._state.end_events())
        self._answer(response, outcome)

    def _answer(self, response: dict[str, Any] | None, outcome: dict[str, Any]) -> None:
        if response is not None:
            try:
                self._comms.send(response, session=self._name)
            except ParleyError as error:
                # The handler answered by itself, or an earlier attempt did: only the settling is left.
                if error.code != "interaction_ended":
                    raise
        self._settle(outcome)

    def _settle(self, outcome: dict[str, Any]) -> None:
        try:
            self._sessions.settle(**self._state.settle_request(outcome))
        except ParleyError as error:
            if error.code in CLAIM_OVER:
                self._state.lost.set()
            raise


class Host:
    """Serves one session: holds its name, claims interactions in order and hands them to a handler.

    Args:
        name: The session; it is opened when it does not exist.
        inbound_policy: What to do with what peers send, by kind (`accept`, `hold`, `refuse`); None: what was said before.
        concurrency: Interactions at once; more than one gives up their order.
        on_error: Called with what a handler raised; the interaction fails with it in any case.
    """

    def __init__(
        self,
        client: Parley,
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
        self._sessions = Sessions(calls)
        self._comms = Comms(calls)
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
        self._stop = threading.Event()
        self._running: dict[str, Turn] = {}
        self._freed = threading.Condition()
        self._failure: BaseException | None = None

    def open(self) -> Session:
        """Opens the session and holds its name; `serve` does it too. Senders find it from now on."""
        opened = self._open()
        self._opened = True
        return opened.session

    def serve(self, handler: Handler) -> None:
        """Answers interactions until `stop()`, then lets go of the name; survives restarts of the daemon.

        The handler gets the interaction and a `Turn`. What it returns becomes the result, without
        that what it said; what it raises becomes the failure; unless it ended the turn itself.
        """
        if not self._opened:
            self.open()
        keeper = threading.Thread(target=self._keep, name=f"parley-host-{self.name}", daemon=True)
        keeper.start()
        try:
            with ThreadPoolExecutor(self._concurrency, thread_name_prefix=f"parley-{self.name}") as pool:
                self._loop(pool, handler)
        finally:
            self._stop.set()
            keeper.join()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Takes nothing more; `serve` returns when the work in hand is done."""
        self._stop.set()
        with self._freed:
            self._freed.notify_all()

    def _loop(self, pool: ThreadPoolExecutor, handler: Handler) -> None:
        attempt = 0
        while not self._stop.is_set():
            free = self._wait_free()
            if free == 0:
                continue
            try:
                batch = self._sessions.drain(
                    name=self.name,
                    lease_token=self._lease_token,
                    max=min(free, 64),
                    wait_ms=POLL_MS,
                )
                attempt = 0
            except ParleyError as error:
                if error.code in LEASE_OVER:
                    self._open()
                elif not error.retryable:
                    raise
                # A lease that is over at once again must not spin.
                self._stop.wait(self._policy.delay(attempt, error))
                attempt += 1
                continue
            self._cancel(batch.cancel_requested)
            if batch.claim is None:
                continue
            for interaction in batch.interactions:
                self._begin(pool, handler, batch.claim.token, interaction)

    def _begin(self, pool: ThreadPoolExecutor, handler: Handler, claim: str, interaction: Any) -> None:
        if isinstance(interaction, Unknown):
            self._sessions.settle(**rejection(claim, self.name, interaction))
            return
        turn = Turn(self._sessions, self._comms, self.name, TurnState(self.name, claim, interaction), interaction)
        with self._freed:
            self._running[turn.id] = turn
        pool.submit(self._run, handler, turn)

    def _run(self, handler: Handler, turn: Turn) -> None:
        state = turn._state
        try:
            try:
                result = handler(turn.interaction, turn)
            except Exception as error:
                if self._on_error is not None and not state.cancelled.is_set():
                    self._on_error(error, turn.interaction)
                if not state.settled and not state.lost.is_set():
                    message, code = state.failure_of(error)
                    turn.fail(message, code=code)
            else:
                if state.settled or state.lost.is_set():
                    return
                if state.gave_up(result):
                    turn.fail(CANCELLED, code="cancelled")
                else:
                    turn.reply(state.result_of(result))
        except ParleyError as error:
            # A claim that is over is offered again by the daemon; so is one that could not be settled.
            if self._on_error is not None:
                self._on_error(error, turn.interaction)
        finally:
            with self._freed:
                del self._running[turn.id]
                self._freed.notify_all()

    def _wait_free(self) -> int:
        with self._freed:
            if len(self._running) >= self._concurrency:
                self._freed.wait()
            return self._concurrency - len(self._running)

    def _open(self) -> SessionsOpenResponse:
        return self._sessions.open(
            name=self.name,
            description=UNSET if self._description is None else self._description,
            labels=UNSET if self._labels is None else self._labels,
            inbound_policy=UNSET if self._inbound_policy is None else self._inbound_policy,
            ttl_ms=self._ttl_ms,
            lease_token=self._lease_token,
        )

    def _keep(self) -> None:
        """Renews the lease, and the claims of handlers that are silent."""
        period = min(self._ttl_ms / 3000, LISTEN_SECONDS)
        renewed = time.monotonic()
        while not self._stop.wait(period) or self._running:
            try:
                if time.monotonic() - renewed >= self._ttl_ms / 3000:
                    self._open()
                    renewed = time.monotonic()
                for turn in list(self._running.values()):
                    if turn._state.quiet():
                        turn.emit(WORKING)
                self._listen()
            except ParleyError as error:
                if error.code == "session_name_taken":
                    self._failure = error
                    self.stop()
            if self._stop.is_set() and self._running:
                with self._freed:
                    self._freed.wait(period)
        self._release()

    def _listen(self) -> None:
        """While there is no room for more, no drain waits that would hear of cancellations."""
        if len(self._running) >= self._concurrency:
            heard = self._sessions.drain(
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

    def _release(self) -> None:
        """The session turns offline and keeps its inbox; a drain that still waits comes back empty."""
        with suppress(ParleyError):
            self._sessions.open(name=self.name, ttl_ms=0, lease_token=self._lease_token, timeout=RELEASE_SECONDS)
