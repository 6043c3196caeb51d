"""A blocking host: claims what is sent to a session and answers it."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from .calls import UNSET
from .host_turn import (
    CLAIM_OVER,
    KEEP_ALIVE,
    LEASE_OVER,
    LEASE_TTL_MS,
    POLL_MS,
    TurnState,
    dead,
    done,
    outcome_of_error,
)
from .model import Unknown
from .parley_error import ParleyError
from .retry import RetryPolicy

if TYPE_CHECKING:
    from .._generated.types.sessions import Session, SessionsOpenResponse
    from .sync_client import Parley

Handler = Callable[[Any, "Turn"], Any]


class Turn:
    """The host's work on one interaction. A handler that returns has settled it with what it returned."""

    def __init__(self, client: Parley, state: TurnState, interaction: Any) -> None:
        self._client = client
        self._state = state
        self.interaction = interaction

    @property
    def turn_id(self) -> str:
        """Id of the turn in the events that this turn emits."""
        return self._state.turn_id

    @property
    def lost(self) -> bool:
        """The claim is over: stop working, another host may have it already."""
        return self._state.lost.is_set()

    def text(self, delta: str) -> None:
        """Emits a piece of the answer's text."""
        self._emit(self._state.text_events(delta))

    def emit(self, *events: Any) -> None:
        """Emits events as they are, durable when this returns."""
        self._emit(list(events))

    def reply(self, result: Any = None) -> None:
        """Ends the interaction with a result."""
        self._settle(done(result))

    def fail(self, message: str, *, code: str = "executor_error", retryable: bool = False) -> None:
        """Ends the interaction as failed."""
        self._settle(dead(message, code, retryable))

    def retry_after(self, delay_ms: int) -> None:
        """Gives the interaction back, to be offered again later."""
        self._settle({"kind": "retry_after", "delay_ms": delay_ms})

    def _emit(self, events: list[Any]) -> None:
        try:
            self._client.sessions.emit(**self._state.emit_fields(events))
        except ParleyError as error:
            if error.code in CLAIM_OVER:
                self._state.lost.set()
            raise

    def _settle(self, outcome: dict[str, Any]) -> None:
        if self._state.outcome is not None:
            raise RuntimeError("the interaction is settled already")
        end = self._state.end_events()
        if end and outcome["kind"] != "retry_after":
            self._emit(end)
        try:
            self._client.sessions.settle(**self._state.settle_fields(outcome))
        except ParleyError as error:
            if error.code in CLAIM_OVER:
                self._state.lost.set()
            raise


class Host:
    """Serves one session: holds its name, claims interactions in order and hands them to a handler.

    Args:
        name: The session; it is opened when it does not exist.
        concurrency: Interactions at once; more than one gives up their order.
    """

    def __init__(
        self,
        client: Parley,
        name: str,
        *,
        description: str | None = None,
        labels: Mapping[str, str] | None = None,
        ttl_ms: int = LEASE_TTL_MS,
        concurrency: int = 1,
    ) -> None:
        self._client = client
        self.name = name
        self._description = description
        self._labels = labels
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
        """Answers interactions until `stop()`; survives restarts of the daemon.

        The handler gets the interaction and a `Turn`. What it returns becomes the result, what it
        raises the failure, unless it has settled the turn itself.
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
                batch = self._client.sessions.drain(
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
            if batch.claim is None:
                continue
            for interaction in batch.interactions:
                self._begin(pool, handler, batch.claim.token, interaction)

    def _begin(self, pool: ThreadPoolExecutor, handler: Handler, claim: str, interaction: Any) -> None:
        if isinstance(interaction, Unknown):
            self._refuse(claim, interaction)
            return
        turn = Turn(self._client, TurnState(self.name, claim, interaction), interaction)
        with self._freed:
            self._running[turn.turn_id] = turn
        pool.submit(self._run, handler, turn)

    def _run(self, handler: Handler, turn: Turn) -> None:
        state = turn._state
        try:
            try:
                result = handler(turn.interaction, turn)
                outcome = done(result)
            except Exception as error:
                outcome = outcome_of_error(error)
            if state.outcome is None and not state.lost.is_set():
                turn._settle(outcome)
        except ParleyError as error:
            # A claim that is over is offered again by the daemon; so is one that could not be settled.
            if error.code not in CLAIM_OVER and not error.retryable:
                self._failure = error
                self._stop.set()
        finally:
            with self._freed:
                del self._running[turn.turn_id]
                self._freed.notify_all()

    def _refuse(self, claim: str, interaction: Unknown) -> None:
        self._client.sessions.settle(
            name=self.name,
            claim_token=claim,
            interaction_id=interaction.raw["interaction_id"],
            outcome=dead(f"This host does not know interactions of the kind {interaction.wire_kind}.", "rejected", False),
        )

    def _wait_free(self) -> int:
        with self._freed:
            if len(self._running) >= self._concurrency:
                self._freed.wait()
            return self._concurrency - len(self._running)

    def _open(self) -> SessionsOpenResponse:
        return self._client.sessions.open(
            name=self.name,
            description=UNSET if self._description is None else self._description,
            labels=UNSET if self._labels is None else self._labels,
            ttl_ms=self._ttl_ms,
            lease_token=self._lease_token,
        )

    def _keep(self) -> None:
        """Renews the lease, and the claims of handlers that are silent."""
        period = min(self._ttl_ms / 3000, 5.0)
        renewed = time.monotonic()
        while not self._stop.wait(period) or self._running:
            try:
                if time.monotonic() - renewed >= self._ttl_ms / 3000:
                    self._open()
                    renewed = time.monotonic()
                for turn in list(self._running.values()):
                    if turn._state.quiet() and turn._state.outcome is None:
                        turn.emit(KEEP_ALIVE)
            except ParleyError as error:
                if error.code == "session_name_taken":
                    self._failure = error
                    self.stop()
            if self._stop.is_set() and self._running:
                with self._freed:
                    self._freed.wait(period)
