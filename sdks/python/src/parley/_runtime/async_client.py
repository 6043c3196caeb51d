"""The async client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._generated.operations import OPERATIONS
from .._generated.resources.comms import AsyncCommsRoot
from .._generated.resources.planes import AsyncPlanes
from .async_http import AsyncHttp
from .async_socket import AsyncSocket, AsyncSockets
from .async_stream import AsyncEventStream, AsyncSocketSource, AsyncSseSource, AsyncStreamSource
from .calls import CallOptions
from .client_options import IDLE_SECONDS, ClientOptions
from .codec import Encoded, decode_value, encode
from .http_message import HttpRequest, RawResponse, base_headers, build_request, query_of, read_response
from .locator import Locator
from .parley_error import ParleyError, SendAndStreamError
from .retry import RetryPolicy
from .send_and_stream import SentStream, interaction_scope, reserving
from .target import Target
from .transport_failure import TransportFailure, timed_out

if TYPE_CHECKING:
    from .async_host import AsyncHost
    from .operation import Operation


class AsyncParley(AsyncPlanes, AsyncCommsRoot):
    """An asyncio client of the Parley daemon; the arguments are those of `Parley`.

    Use it in one event loop, best in an `async with` block.
    """

    def __init__(
        self,
        base_url: str | None = None,
        token: str | None = None,
        *,
        socket_path: str | None = None,
        session: str | None = None,
        timeout: float | None = None,
        idle_timeout: float = IDLE_SECONDS,
        retries: int = 3,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        policy = RetryPolicy(retries=retries)
        options = ClientOptions(session, timeout, idle_timeout, dict(headers or {}), policy)
        self._transport = AsyncTransport(Locator(base_url, token, socket_path), options)
        self._calls = self._transport

    async def send_and_stream(self, request: Any, **options: Any) -> SentStream:
        """As `Parley.send_and_stream`; the stream is open when this returns."""
        try:
            receipt = await self.comms.send(reserving(request), **options)
        except ParleyError as error:
            raise SendAndStreamError("send", error) from error
        try:
            shared = {name: value for name, value in options.items() if name != "idempotency_key"}
            stream = await self.comms.stream(scope=interaction_scope(receipt), after_sequence=0, **shared)
        except ParleyError as error:
            raise SendAndStreamError("stream_attach", error, receipt) from error
        return SentStream(receipt, stream)

    def host(self, name: str, **options: Any) -> AsyncHost:
        """A host of the session `name`; `await serve(handler)` answers what is sent to it."""
        from .async_host import AsyncHost

        return AsyncHost(self, name, **options)

    async def call(self, operation_id: str, request: Any, **options: Any) -> Any:
        """As `Parley.call`."""
        return await self._transport.call(OPERATIONS[operation_id], request, CallOptions(**options))

    async def close(self) -> None:
        """Closes the connections; streams that are open keep theirs."""
        await self._transport.close()

    async def __aenter__(self) -> AsyncParley:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class AsyncTransport:
    """Carries operations to the daemon: HTTP, and for comms over TCP JSON-RPC on a WebSocket."""

    def __init__(self, locator: Locator, options: ClientOptions, raw: bool = False) -> None:
        self._locator = locator
        self._options = options
        self._raw = raw
        self._http = AsyncHttp()
        self._sockets = AsyncSockets()

    def raw(self) -> AsyncTransport:
        """The same connections, answering with `RawResponse`."""
        return self._share(AsyncTransport(self._locator, self._options, raw=True))

    def with_retries(self, retries: int) -> AsyncTransport:
        """The same connections, with another number of tries for each call."""
        policy = replace(self._options.policy, retries=retries)
        return self._share(AsyncTransport(self._locator, replace(self._options, policy=policy)))

    def _share(self, other: AsyncTransport) -> AsyncTransport:
        other._http, other._sockets = self._http, self._sockets
        return other

    async def unary(self, operation: Operation, request: Any, **options: Any) -> Any:
        call = CallOptions(**options)
        encoded = encode(operation, request, call.idempotency_key)
        return await self._retry(operation, encoded, call, rpc=operation.plane == "comms")

    async def call(self, operation: Operation, request: Any, call: CallOptions) -> Any:
        encoded = encode(operation, request, call.idempotency_key, check=False)
        if operation.kind == "stream":
            try:
                source = await self._source(operation, encoded.fields, call)
            except TransportFailure as failure:
                raise failure.error from failure
            await source.close(explicit=True)
            return source.opened
        plain = self if self._raw else self.raw()
        return (await plain._retry(operation, encoded, call, rpc=True)).data

    def stream(self, operation: Operation, request: Any, **options: Any) -> AsyncEventStream[Any, Any]:
        call = CallOptions(**options)

        async def connect(wanted: dict[str, Any]) -> AsyncStreamSource:
            return await self._source(operation, wanted, call)

        return AsyncEventStream(
            operation, lambda: encode(operation, request, None).fields, connect, self._options.policy
        )

    async def close(self) -> None:
        await self._http.close()
        await self._sockets.close()

    async def _retry(self, operation: Operation, encoded: Encoded, call: CallOptions, *, rpc: bool) -> Any:
        seconds = self._options.timeout_of(operation, call, encoded.fields)
        deadline = time.monotonic() + seconds
        policy, attempt = self._options.policy, 0
        while True:
            try:
                return await self._once(operation, encoded, call, rpc, deadline)
            except TransportFailure as failure:
                error, sent = failure.error, failure.sent
                self._locator.forget()
            except ParleyError as answered:
                error, sent = answered, True
            delay = policy.delay(attempt, error)
            if not policy.should_retry(operation, attempt, error, sent=sent):
                raise error
            if time.monotonic() + delay >= deadline:
                raise error
            await asyncio.sleep(delay)
            attempt += 1

    async def _once(self, operation: Operation, encoded: Encoded, call: CallOptions, rpc: bool, deadline: float) -> Any:
        target = await self._locator.async_target(deadline - time.monotonic())
        timeout = max(deadline - time.monotonic(), 0.001)
        session = self._options.session_of(call)
        if rpc and target.socket_path is None and operation.plane == "comms":
            shared = await self._sockets.take(target, session, timeout, self._options.idle_timeout)
            result = await shared.call(operation, encoded.body.decode(), timeout)
            if self._raw:
                return RawResponse("rpc", None, {}, result, operation.response)
            return decode_value(operation.response, result)
        headers = base_headers(target, session, self._options.headers_of(call))
        request = build_request(operation, encoded, target, headers, rpc=rpc)
        try:
            response = await asyncio.wait_for(self._http.exchange(target, request, timeout), timeout)
        except asyncio.TimeoutError as error:
            raise timed_out(target, timeout) from error
        return read_response(operation, request, response, target, raw=self._raw)

    async def _source(self, operation: Operation, fields: dict[str, Any], call: CallOptions) -> AsyncStreamSource:
        session = self._options.session_of(call)
        timeout = self._options.timeout_of(operation, call, fields)
        target = await self._locator.async_target(timeout)
        idle = call.idle_timeout if call.idle_timeout is not None else self._options.idle_timeout
        try:
            if target.socket_path is None:
                socket = await AsyncSocket.open(target, session, timeout, idle)
                return await AsyncSocketSource.open(socket, fields, timeout)
            headers = base_headers(target, session, self._options.headers_of(call))
            headers["Accept"] = "text/event-stream"
            path = f"{target.prefix}{operation.rest.path if operation.rest else ''}{query_of(operation, fields)}"
            request = HttpRequest("GET", path, headers, None, False)
            return await AsyncSseSource.open(self._http, target, request, timeout, idle)
        except TransportFailure:
            self._locator.forget()
            raise
