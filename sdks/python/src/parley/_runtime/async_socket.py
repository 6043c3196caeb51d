"""JSON-RPC over WebSocket: one connection per session for calls, one per stream."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import cache
from typing import TYPE_CHECKING, Any

from .codec import parse_json
from .http_message import USER_AGENT
from .parley_error import ParleyError
from .rpc_message import call_text, cancel_text, initialize_text, result_of
from .sync_socket import connect_failure
from .target import Target
from .transport_failure import TransportFailure, timed_out, unreachable

if TYPE_CHECKING:
    from .operation import Operation

_MAX_FRAME = 8 * 1024 * 1024
_IN_FLIGHT = 32


class AsyncSocket:
    """One connection, initialized for one session."""

    def __init__(self, target: Target, connection: Any) -> None:
        self.target = target
        self._connection = connection
        self._next_id = 1

    @classmethod
    async def open(cls, target: Target, session: str | None, timeout: float, idle_timeout: float) -> AsyncSocket:
        """Connects and initializes."""
        from websockets.asyncio.client import connect

        headers = {} if target.token is None else {"Authorization": f"Bearer {target.token}"}
        try:
            connection = await _without_redirects(connect)(
                f"{'wss' if target.secure else 'ws'}://{target.authority}{target.prefix}/rpc",
                host=target.connect_host,
                port=target.port,
                additional_headers=headers,
                user_agent_header=USER_AGENT,
                compression=None,
                proxy=None,
                max_size=_MAX_FRAME,
                open_timeout=timeout,
                close_timeout=1,
                ping_interval=idle_timeout / 2,
                ping_timeout=idle_timeout / 2,
            )
        except Exception as error:
            raise connect_failure(target, error) from error
        socket = cls(target, connection)
        try:
            id = socket.next_id()
            await socket.send(initialize_text(id, session))
            result_of(await socket.receive_answer(id, timeout))
        except BaseException:
            await socket.close()
            raise
        return socket

    @property
    def alive(self) -> bool:
        """The connection is still open, as far as this side knows."""
        return bool(self._connection.state.name == "OPEN")

    def next_id(self) -> int:
        """An id that this connection has not used."""
        self._next_id += 1
        return self._next_id

    async def send(self, text: str) -> None:
        """Sends one text."""
        from websockets.exceptions import ConnectionClosed

        try:
            await self._connection.send(text)
        except (ConnectionClosed, OSError) as error:
            raise unreachable(self.target, error, sent=True) from error

    async def receive(self) -> dict[str, Any]:
        """The next message; raises `TransportFailure` when the connection ends."""
        from websockets.exceptions import ConnectionClosed

        try:
            message = parse_json(await self._connection.recv())
        except (ConnectionClosed, OSError) as error:
            raise unreachable(self.target, error, sent=True) from error
        if not isinstance(message, dict):
            raise unreachable(self.target, ValueError("a frame is no JSON-RPC message"), sent=True)
        return message

    async def receive_answer(
        self, id: int, timeout: float, early: deque[dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        """The response of a call on a connection that nobody else reads; `early` gets what comes before it."""

        async def wanted() -> dict[str, Any]:
            while True:
                message = await self.receive()
                if message.get("id") == id and "method" not in message:
                    return message
                if early is not None:
                    early.append(message)

        try:
            return await asyncio.wait_for(wanted(), timeout)
        except asyncio.TimeoutError as error:
            raise timed_out(self.target, timeout) from error

    async def close(self) -> None:
        """Closes the connection; its streams close with it."""
        await self._connection.close()


@cache
def _without_redirects(connect: type[Any]) -> type[Any]:
    """The library's connector, which would follow redirects on the same server, without that."""
    return type("Connect", (connect,), {"process_redirect": lambda self, error: error})


class SharedSocket:
    """A connection whose calls run side by side."""

    def __init__(self, socket: AsyncSocket) -> None:
        self._socket = socket
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._slots = asyncio.Semaphore(_IN_FLIGHT)
        self._reader = asyncio.create_task(self._read())

    @property
    def usable(self) -> bool:
        """Calls can go out, from the event loop that runs now."""
        return self._socket.alive and not self._reader.done() and self._reader.get_loop() is asyncio.get_running_loop()

    @property
    def target(self) -> Target:
        return self._socket.target

    async def call(self, operation: Operation, params: str, timeout: float) -> Any:
        """Calls and waits for the result."""
        async with self._slots:
            id = self._socket.next_id()
            future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
            self._waiting[id] = future
            try:
                await self._socket.send(call_text(id, operation, params))
                return result_of(await asyncio.wait_for(future, timeout))
            except asyncio.TimeoutError as error:
                await self._cancel(id)
                raise timed_out(self.target, timeout) from error
            except asyncio.CancelledError:
                await self._cancel(id)
                raise
            finally:
                del self._waiting[id]

    async def close(self) -> None:
        """Closes the connection; calls in flight fail."""
        if self._reader.get_loop() is asyncio.get_running_loop():
            await self._socket.close()
            self._reader.cancel()

    async def _cancel(self, id: int) -> None:
        try:
            await self._socket.send(cancel_text(id))
        except (TransportFailure, ParleyError):
            pass

    async def _read(self) -> None:
        try:
            while True:
                message = await self._socket.receive()
                future = self._waiting.get(message.get("id", -1))
                if future is not None and not future.done() and "method" not in message:
                    future.set_result(message)
        except (TransportFailure, ParleyError) as error:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(error)


class AsyncSockets:
    """The shared connections by session."""

    def __init__(self) -> None:
        self._open: dict[str | None, SharedSocket] = {}
        self._locks: dict[str | None, asyncio.Lock] = {}

    async def take(self, target: Target, session: str | None, timeout: float, idle: float) -> SharedSocket:
        """The session's connection; opened when there is none."""
        found = self._open.get(session)
        if found is not None and found.usable and found.target == target:
            return found
        lock = self._locks.setdefault(session, asyncio.Lock())
        async with lock:
            found = self._open.get(session)
            if found is not None and found.usable and found.target == target:
                return found
            if found is not None:
                await found.close()
            opened = SharedSocket(await AsyncSocket.open(target, session, timeout, idle))
            self._open[session] = opened
            return opened

    async def close(self) -> None:
        """Closes all."""
        found, self._open = list(self._open.values()), {}
        for socket in found:
            await socket.close()
