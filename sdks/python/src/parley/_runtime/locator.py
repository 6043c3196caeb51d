"""Remembers where the daemon is until a connection fails."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

from .discovery import NoHomeError, look_for_daemon
from .no_daemon import no_daemon_message, still_starting_message
from .parley_error import ParleyError
from .target import Target

_START_SECONDS = 30.0
"""How long calls wait for a daemon that is starting, within their own time limit."""
_LOOK_EVERY = 0.05


def _own_uid() -> int | None:
    return os.geteuid() if sys.platform != "win32" and hasattr(socket, "AF_UNIX") else None


@dataclass(frozen=True)
class Surroundings:
    """What discovery looks at; tests pass their own."""

    env: Mapping[str, str]
    uid: int | None
    """This user's number; None on platforms without unix sockets that show their owner."""
    now: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


class Locator:
    """The daemon's place: given once, or found and found again after each failed connection."""

    def __init__(
        self,
        base_url: str | None,
        token: str | None,
        socket_path: str | None,
        surroundings: Surroundings | None = None,
    ) -> None:
        if base_url is not None and socket_path is not None:
            raise ValueError("pass base_url or socket_path, not both")
        self._token = token
        self._surroundings = surroundings or Surroundings(os.environ, _own_uid())
        self._fixed: Target | None = None
        if base_url is not None:
            self._fixed = Target.from_url(base_url, token)
        elif socket_path is not None:
            self._fixed = Target(socket_path=socket_path, token=token)
        self._lock = threading.Lock()
        self._found = self._fixed
        # A start that was waited for in vain is not waited for again: calls that are repeated would wait each time.
        self._waited_for: int | None = None

    def target(self, seconds: float) -> Target:
        """Where the daemon is; waits for one that is starting, `seconds` at most. Raises `daemon_unreachable`."""
        search = self._search(seconds)
        while True:
            try:
                self._surroundings.pause(next(search))
            except StopIteration as end:
                found: Target = end.value
                return found

    async def async_target(self, seconds: float) -> Target:
        """As `target`, without blocking the event loop."""
        import asyncio

        search = self._search(seconds)
        while True:
            try:
                await asyncio.sleep(next(search))
            except StopIteration as end:
                found: Target = end.value
                return found

    def forget(self) -> None:
        """A connection failed: look again next time."""
        with self._lock:
            self._found = self._fixed

    def _search(self, seconds: float) -> Generator[float, None, Target]:
        """Yields the seconds to wait before it looks again."""
        with self._lock:
            if self._found is not None:
                return self._found
        found = Target(socket_path=(yield from self._find(seconds)), token=self._token, explain=self._no_daemon)
        with self._lock:
            self._found = self._found or found
            return self._found

    def _find(self, seconds: float) -> Generator[float, None, str]:
        """The socket of this user's daemon; while one starts, the first that answers."""
        env, uid = self._surroundings.env, self._uid()
        since = self._surroundings.now()
        while True:
            try:
                seen = look_for_daemon(env, uid)
            except NoHomeError as error:
                raise _unreachable(str(error)) from error
            if seen.starting_pid is None:
                if seen.sockets:
                    return seen.sockets[0]
                raise _unreachable(no_daemon_message(seen, uid))
            # A daemon that stops still has its socket for a moment; the one that is about to start is meant.
            is_ending = seen.state == "stopping" and seen.pid is not None
            for path in () if is_ending else seen.sockets:
                if _answers(path):
                    return path
            waited = self._surroundings.now() - since
            is_late = waited >= _START_SECONDS or seen.starting_pid == self._waited_for
            # The call's own time limit would end it with a message about an answer that may still come.
            if is_late or seconds - waited < 2 * _LOOK_EVERY:
                if is_late:
                    self._waited_for = seen.starting_pid
                raise _unreachable(still_starting_message(seen.starting_pid))
            yield _LOOK_EVERY

    def _no_daemon(self) -> str:
        uid = self._uid()
        return no_daemon_message(look_for_daemon(self._surroundings.env, uid), uid)

    def _uid(self) -> int:
        if self._surroundings.uid is not None:
            return self._surroundings.uid
        raise ParleyError(
            "This platform has no unix sockets that show their owner, so the client cannot find your daemon by itself: "
            "pass `base_url` and `token`.",
            code="invalid_request",
        )


def _unreachable(message: str) -> ParleyError:
    from .._generated.errors import DaemonUnreachableError

    return DaemonUnreachableError(message)


def _answers(path: str) -> bool:
    """Whether a process listens at the socket; nothing is sent."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except BlockingIOError:
            return True  # it listens, and others wait before us
        except OSError:
            return False
        return True
