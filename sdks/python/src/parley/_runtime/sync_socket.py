"""JSON-RPC over WebSocket: connections that one call or one stream holds at a time."""

from __future__ import annotations

import socket
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from .codec import parse_json
from .http_message import USER_AGENT
from .rpc_message import call_text, initialize_text, result_of
from .target import Target
from .transport_failure import TransportFailure, timed_out, unreachable

if TYPE_CHECKING:
    from .operation import Operation

_MAX_IDLE = 16
_MAX_FRAME = 8 * 1024 * 1024


class SyncSocket:
    """One connection, initialized for one session."""

    def __init__(self, target: Target, session: str | None, timeout: float, idle_timeout: float) -> None:
        from websockets.sync.client import connect

        self.target = target
        self.session = session
        self._next_id = 1
        headers = {} if target.token is None else {"Authorization": f"Bearer {target.token}"}
        scheme = "wss" if target.secure else "ws"
        try:
            sock = socket.create_connection((target.connect_host, target.port), timeout)
            self._connection = connect(
                f"{scheme}://{target.authority}{target.prefix}/rpc",
                sock=sock,
                additional_headers=headers,
                user_agent_header=USER_AGENT,
                compression=None,
                proxy=None,
                max_size=_MAX_FRAME,
                open_timeout=timeout,
                close_timeout=1,
                ping_interval=idle_timeout / 2,
                ping_timeout=idle_timeout / 2,
            ).__enter__()  # from 17.1 on the only way to a connection that outlives a block
        except Exception as error:
            raise connect_failure(target, error) from error
        try:
            self.wait(self.send(initialize_text(self.next_id(), session)), timeout)
        except BaseException:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """The connection is still open, as far as this side knows."""
        return self._connection.state.name == "OPEN"

    def next_id(self) -> int:
        """An id that this connection has not used."""
        self._next_id += 1
        return self._next_id

    def call(self, operation: Operation, params: str, timeout: float) -> Any:
        """Calls and waits for the result."""
        return self.wait(self.send(call_text(self.next_id(), operation, params)), timeout)

    def send(self, text: str) -> int:
        """Sends one text; returns the id of the call in it."""
        from websockets.exceptions import ConnectionClosed

        try:
            self._connection.send(text)
        except (ConnectionClosed, OSError) as error:
            raise unreachable(self.target, error, sent=True) from error
        return self._next_id

    def wait(self, id: int, timeout: float) -> Any:
        """The result of a call; what else arrives meanwhile belongs to nobody and is dropped."""
        while True:
            message = self.receive(timeout)
            if message.get("id") == id and "method" not in message:
                return result_of(message)

    def receive(self, timeout: float | None = None) -> dict[str, Any]:
        """The next message; raises `TransportFailure` when the connection ends or time is up."""
        from websockets.exceptions import ConnectionClosed

        try:
            message = parse_json(self._connection.recv(timeout))
        except TimeoutError as error:
            self.close()
            raise timed_out(self.target, timeout or 0) from error
        except (ConnectionClosed, OSError) as error:
            raise unreachable(self.target, error, sent=True) from error
        if not isinstance(message, dict):
            raise unreachable(self.target, ValueError("a frame is no JSON-RPC message"), sent=True)
        return message

    def close(self) -> None:
        """Closes the connection; its streams close with it."""
        self._connection.close()


class SyncSockets:
    """Keeps connections that nobody uses now, by session."""

    def __init__(self) -> None:
        self._idle: deque[SyncSocket] = deque()
        self._lock = threading.Lock()

    def take(self, target: Target, session: str | None, timeout: float, idle_timeout: float) -> SyncSocket:
        """A connection for this session, for the caller alone."""
        with self._lock:
            for kept in list(self._idle):
                if not kept.alive or kept.target != target:
                    self._idle.remove(kept)
                    kept.close()
                elif kept.session == session:
                    self._idle.remove(kept)
                    return kept
        return SyncSocket(target, session, timeout, idle_timeout)

    def give_back(self, connection: SyncSocket) -> None:
        """The caller is done with it."""
        with self._lock:
            if connection.alive and len(self._idle) < _MAX_IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Closes what is idle."""
        with self._lock:
            idle, self._idle = self._idle, deque()
        for connection in idle:
            connection.close()


def connect_failure(target: Target, error: Exception) -> Exception:
    """A refused upgrade carries the daemon's error; everything else is an unreachable daemon."""
    if isinstance(error, TransportFailure):
        return error
    response = _refusal(error)
    if response is None:
        return unreachable(target, error, sent=False)
    from .http_message import HttpResponse, http_error

    headers = {name.lower(): value for name, value in response.headers.raw_items()}
    refusal = HttpResponse(response.status_code, headers, bytes(response.body or b""))
    return TransportFailure(http_error(refusal, target), sent=False)


def _refusal(error: BaseException | None) -> Any:
    """The HTTP answer to an upgrade. The library reports a redirect, which it cannot follow here, in errors of its own."""
    from websockets.exceptions import InvalidStatus

    while error is not None:
        if isinstance(error, InvalidStatus):
            return error.response
        error = error.__cause__ or error.__context__
    return None
