"""A host: serves one session over blocking calls."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._generated.resources.comms import Comms
from .._generated.resources.sessions import Sessions
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
    put_back,
    unknown_kind,
)
from .model import Unknown
from .outage import OutageWatch, Tries, is_outage, passes
from .parley_error import ParleyError
from .turn_questions import AnswersReceived
from .sync_turn import Turn

if TYPE_CHECKING:
    from .._generated.types.sessions import Session, SessionsOpenResponse
    from .sync_client import Parley

Handler = Callable[[Any, "Turn"], Any]


class Host:
    """Serves one session: holds its name, claims interactions in order and hands them to a handler.

    An outage of the daemon is not a failure of the work: handlers go on, and what they emit is kept and reported, each
    event once, when the daemon is back.

    Args:
        name: The session; it is opened when it does not exist.
        inbound_policy: What to do with what peers send, by kind (`accept`, `hold`, `refuse`); None: it stays as it is.
        ephemeral: Close the session when this host leaves, also when it is killed; else it keeps its inbox for the next host.
        concurrency: Interactions at once; more than one gives up their order.
        on_error: Called with what a handler raised, and with the reason when a turn was lost.
        on_outage: Called with the error when the daemon stops answering.
        on_recovery: Called when the daemon answers again.
    """

    def __init__(
        self,
        client: Parley,
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
        self._sessions = Sessions(calls)
        self._comms = Comms(calls)
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
        self._opening = threading.Lock()
        self._concurrency = concurrency
        self._stop = threading.Event()
        self._aborted: ParleyError | None = None
        self._running: dict[str, Turn] = {}
        self._freed = threading.Condition()
        self._drains = False
        """A drain is in flight: it keeps the lease, and its end renews it."""
        self._giving_back: list[threading.Thread] = []
        self._failure: BaseException | None = None

    def open(self) -> Session:
        """Opens the session and holds its name; `serve` does it too. Senders find it from now on."""
        opened = self._open()
        self._opened = True
        return opened.session

    def serve(self, handler: Handler) -> None:
        """Answers interactions until `stop()`, then releases the name; survives outages of the daemon.

        The handler gets the interaction and a `Turn`. What it returns becomes the result, without
        that what it emitted; what it raises becomes the failure; unless it ended the turn itself.
        """
        if not self._opened:
            self.open()
        keeper = threading.Thread(target=self._keep, name=f"parley-host-{self.name}", daemon=True)
        keeper.start()
        try:
            with ThreadPoolExecutor(self._concurrency, thread_name_prefix=f"parley-{self.name}") as pool:
                try:
                    self._loop(pool, handler)
                except ParleyError as error:
                    self._fail(error)
        except BaseException:
            self.abort()
            raise
        finally:
            self._stop.set()
            for thread in [keeper, *self._giving_back]:
                thread.join()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Takes nothing more; `serve` returns when the work in flight is done and the daemon has its outcomes."""
        self._stop.set()
        with self._freed:
            self._freed.notify_all()

    def abort(self) -> None:
        """Ends at once: gives the work in flight back, and the calls of its turns raise.

        What the daemon does not take within 2 s is offered again when its claim has run out. A handler's thread cannot
        be ended from outside: `serve` returns when the handlers have.
        """
        reason = self._aborted or ending()
        self._aborted = reason
        self.stop()
        for turn in list(self._running.values()):
            thread = threading.Thread(target=self._give_back, args=(turn, reason), daemon=True)
            self._giving_back.append(thread)
            thread.start()

    def _give_back(self, turn: Turn, reason: ParleyError) -> None:
        late = threading.Timer(RELEASE_SECONDS, turn._lose, (reason,))
        late.daemon = True
        late.start()
        with suppress(Exception):
            turn.retry_after(0)
        late.cancel()
        turn._lose(reason)

    def _loop(self, pool: ThreadPoolExecutor, handler: Handler) -> None:
        tries = Tries(self._watch)
        while not self._stop.is_set():
            free = self._wait_free()
            if free <= 0:
                continue
            self._drains = True
            try:
                batch = self._drain(min(free, 64), POLL_MS)
            except ParleyError as error:
                if not passes(error) and error.code not in LEASE_OVER:
                    raise
                # A lease that is over at once again must not spin.
                self._stop.wait(tries.pause())
                self._attach_again(error)
                continue
            finally:
                self._drains = False
            tries = Tries(self._watch)
            if batch.claim is None:
                continue
            if batch.claim.token == self._next_claim:
                self._next_claim = secrets.token_urlsafe(24)
            work = put_back if self._stop.is_set() else handler
            for interaction in batch.interactions:
                self._begin(pool, work, batch, interaction)

    def _drain(self, most: int, wait_ms: int) -> Any:
        claims = list({turn._state.claim_token for turn in list(self._running.values()) if not turn.lost})
        received = self._received.pending()
        batch = self._sessions.drain(
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

    def _begin(self, pool: ThreadPoolExecutor, handler: Handler, batch: Any, interaction: Any) -> None:
        work = unknown_kind if isinstance(interaction, Unknown) else handler
        interaction = known(interaction)
        with self._freed:
            for turn in self._running.values():
                if turn.interaction.interaction_id == interaction.interaction_id and not turn.lost:
                    # After a long outage the daemon may offer again what is in work here.
                    turn._state.claim_token = batch.claim.token
                    return
            state = TurnState(self.name, batch.claim.token, interaction)
            state.questions.take(batch.answers or ())
            turn = Turn(self._sessions, self._comms, self._watch, self.name, state, interaction)
            self._running[turn.id] = turn
        pool.submit(self._run, work, turn)

    def _run(self, handler: Handler, turn: Turn) -> None:
        state = turn._state
        try:
            try:
                result = handler(turn.interaction, turn)
            except Exception as error:
                if self._aborted is not None:
                    return
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
        except Exception as error:
            # A claim that is over is offered again by the daemon; so is one that could not be settled.
            if self._on_error is not None:
                self._on_error(error, turn.interaction)
        finally:
            turn._close()
            with self._freed:
                del self._running[turn.id]
                self._freed.notify_all()

    def _wait_free(self) -> int:
        with self._freed:
            while len(self._running) >= self._concurrency and not self._stop.is_set():
                self._freed.wait()
            return 0 if self._stop.is_set() else self._concurrency - len(self._running)

    def _open(self) -> SessionsOpenResponse:
        opened = self._sessions.open(
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

    def _attach(self, token: str) -> None:
        """Opens the session again; as a new holder when another one had the name after this token and has left it."""
        with self._opening:
            try:
                self._open()
            except ParleyError as error:
                if error.code != "fence_stale" or self._lease_token != token:
                    raise
                self._lease_token = secrets.token_urlsafe(24)
                self._open()

    def _attach_again(self, cause: ParleyError) -> None:
        if is_outage(cause):
            self._watch.failed(cause)
        try:
            self._attach(self._lease_token)
        except ParleyError as error:
            if not passes(error):
                raise

    def _keep(self) -> None:
        """Renews the lease, attaches again after an outage, and renews the claims of handlers that are silent."""
        period = min(self._ttl_ms / 3000, LISTEN_SECONDS)
        renewed = time.monotonic()
        while not self._stop.wait(period) or self._running:
            try:
                is_due = not self._drains and time.monotonic() - renewed >= self._ttl_ms / 3000
                if is_due or not self._watch.attached:
                    self._attach(self._lease_token)
                    renewed = time.monotonic()
                for turn in list(self._running.values()):
                    if turn._state.quiet():
                        turn._beat()
                self._listen()
            except ParleyError as error:
                if is_outage(error):
                    self._watch.failed(error)
                elif error.code == "session_name_taken":
                    self._fail(error)
            if self._stop.is_set() and self._running:
                with self._freed:
                    self._freed.wait(period)
        self._release()

    def _fail(self, error: ParleyError) -> None:
        """The host cannot go on, and the turns in flight are void."""
        self._failure = self._failure or error
        self.stop()
        for turn in list(self._running.values()):
            turn._lose(error)

    def _listen(self) -> None:
        """While no more is taken, no drain waits that would return cancellations and answers."""
        if self._running and (len(self._running) >= self._concurrency or self._stop.is_set()):
            self._drain(0, int(LISTEN_SECONDS * 1000))

    def _release(self) -> None:
        """The session turns offline and keeps its inbox; a drain that still waits comes back empty."""
        with suppress(ParleyError):
            self._sessions.open(name=self.name, ttl_ms=0, lease_token=self._lease_token, timeout=RELEASE_SECONDS)
