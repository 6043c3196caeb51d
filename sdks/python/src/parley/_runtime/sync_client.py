"""The blocking client."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._generated.operations import OPERATIONS
from .._generated.resources.comms import CommsRoot
from .._generated.resources.planes import Planes
from .calls import CallOptions
from .client_options import IDLE_SECONDS, ClientOptions
from .codec import Encoded, decode_value, encode
from .http_message import HttpRequest, RawResponse, base_headers, build_request, query_of, read_response
from .locator import Locator
from .parley_error import ParleyError, SendAndStreamError
from .retry import RetryPolicy
from .send_and_stream import SentStream, interaction_scope, reserving
from .sync_http import SyncHttp
from .sync_socket import SyncSockets
from .sync_stream import EventStream, SocketSource, SseSource, StreamSource
from .target import Target
from .transport_failure import TransportFailure

if TYPE_CHECKING:
    from .operation import Operation
    from .sync_host import Host


class Parley(Planes, CommsRoot):
    """A blocking client of the Parley daemon; safe to share between threads.

    Without arguments it finds this user's daemon by itself.

    Args:
        base_url: Address of the daemon, for example `http://127.0.0.1:7433`; needs `token`. Required where
            there are no unix sockets.
        token: Bearer token; over the unix socket none is needed. It is sent to `base_url` only, never over a
            redirect; without an address, over this user's socket.
        socket_path: Unix socket of the daemon. Default: the one of this user's daemon.
        session: The session that calls act as; default is the caller's own.
        timeout: Seconds for one call with all its tries.
        idle_timeout: Seconds of silence after which a stream's connection counts as dropped.
        retries: How often a call that may safely be repeated is tried again.
        headers: Headers of every HTTP request.
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
        self._transport = SyncCalls(Locator(base_url, token, socket_path), options)
        self._calls = self._transport

    def send_and_stream(self, request: Any, **options: Any) -> SentStream:
        """Sends a command that opens an interaction, and reads the interaction's events.

        Raises `SendAndStreamError`: at the stage `send` nothing was accepted; at `stream_attach` it
        was, and the error has the receipt.
        """
        try:
            receipt = self.comms.send(reserving(request), **options)
        except ParleyError as error:
            raise SendAndStreamError("send", error) from error
        try:
            shared = {name: value for name, value in options.items() if name != "idempotency_key"}
            stream = self.comms.stream(scope=interaction_scope(receipt), after_sequence=0, **shared)
        except ParleyError as error:
            raise SendAndStreamError("stream_attach", error, receipt) from error
        return SentStream(receipt, stream)

    def host(self, name: str, **options: Any) -> Host:
        """A host of the session `name`; `serve(handler)` answers what is sent to it."""
        from .sync_host import Host

        return Host(self, name, **options)

    def call(self, operation_id: str, request: Any, **options: Any) -> Any:
        """Calls an operation by its id with a request that is not checked; answers plain JSON values.

        Of a stream operation it opens the stream, answers with what was opened, and closes it.
        """
        return self._transport.call(OPERATIONS[operation_id], request, CallOptions(**options))

    def close(self) -> None:
        """Closes the connections; streams that are open keep theirs."""
        self._transport.close()

    def __enter__(self) -> Parley:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SyncCalls:
    """Carries operations to the daemon: HTTP, and for comms over TCP JSON-RPC on a WebSocket."""

    def __init__(self, locator: Locator, options: ClientOptions, raw: bool = False) -> None:
        self._locator = locator
        self._options = options
        self._raw = raw
        self._http = SyncHttp()
        self._sockets = SyncSockets()

    def raw(self) -> SyncCalls:
        """The same connections, answering with `RawResponse`."""
        return self._share(SyncCalls(self._locator, self._options, raw=True))

    def with_retries(self, retries: int) -> SyncCalls:
        """The same connections, with another number of tries for each call."""
        policy = replace(self._options.policy, retries=retries)
        return self._share(SyncCalls(self._locator, replace(self._options, policy=policy)))

    def _share(self, other: SyncCalls) -> SyncCalls:
        other._http, other._sockets = self._http, self._sockets
        return other

    def unary(self, operation: Operation, request: Any, **options: Any) -> Any:
        call = CallOptions(**options)
        encoded = encode(operation, request, call.idempotency_key)
        return self._retry(operation, encoded, call, rpc=operation.plane == "comms")

    def call(self, operation: Operation, request: Any, call: CallOptions) -> Any:
        encoded = encode(operation, request, call.idempotency_key, check=False)
        if operation.kind == "stream":
            try:
                source = self._source(operation, encoded.fields, call)
            except TransportFailure as failure:
                raise failure.error from failure
            source.close(explicit=True)
            return source.opened
        plain = self if self._raw else self.raw()
        return plain._retry(operation, encoded, call, rpc=True).data

    def stream(self, operation: Operation, request: Any, **options: Any) -> EventStream[Any, Any]:
        call = CallOptions(**options)
        fields = encode(operation, request, None).fields

        def connect(wanted: dict[str, Any]) -> StreamSource:
            return self._source(operation, wanted, call)

        return EventStream(operation, fields, connect, self._options.policy)

    def close(self) -> None:
        self._http.close()
        self._sockets.close()

    def _retry(self, operation: Operation, encoded: Encoded, call: CallOptions, *, rpc: bool) -> Any:
        seconds = self._options.timeout_of(operation, call, encoded.fields)
        deadline = time.monotonic() + seconds
        policy, attempt = self._options.policy, 0
        while True:
            try:
                return self._once(operation, encoded, call, rpc, deadline)
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
            time.sleep(delay)
            attempt += 1

    def _once(self, operation: Operation, encoded: Encoded, call: CallOptions, rpc: bool, deadline: float) -> Any:
        target = self._locator.target(deadline - time.monotonic())
        timeout = max(deadline - time.monotonic(), 0.001)
        session = self._options.session_of(call)
        if rpc and target.socket_path is None and operation.plane == "comms":
            return self._over_socket(operation, encoded, target, session, timeout)
        headers = base_headers(target, session, self._options.headers_of(call))
        request = build_request(operation, encoded, target, headers, rpc=rpc)
        response = self._http.exchange(target, request, timeout)
        return read_response(operation, request, response, target, raw=self._raw)

    def _over_socket(
        self, operation: Operation, encoded: Encoded, target: Target, session: str | None, timeout: float
    ) -> Any:
        connection = self._sockets.take(target, session, timeout, self._options.idle_timeout)
        try:
            result = connection.call(operation, encoded.body.decode(), timeout)
        except TransportFailure:
            connection.close()
            raise
        except BaseException as error:
            if isinstance(error, ParleyError):
                self._sockets.give_back(connection)
            else:
                connection.close()
            raise
        self._sockets.give_back(connection)
        if self._raw:
            return RawResponse("rpc", None, {}, result, operation.response)
        return decode_value(operation.response, result)

    def _source(self, operation: Operation, fields: dict[str, Any], call: CallOptions) -> StreamSource:
        session = self._options.session_of(call)
        timeout = self._options.timeout_of(operation, call, fields)
        target = self._locator.target(timeout)
        idle = call.idle_timeout if call.idle_timeout is not None else self._options.idle_timeout
        try:
            if target.socket_path is None:
                connection = self._sockets.take(target, session, timeout, idle)
                return SocketSource(self._sockets, connection, fields, timeout)
            headers = base_headers(target, session, self._options.headers_of(call))
            headers["Accept"] = "text/event-stream"
            path = f"{target.prefix}{operation.rest.path if operation.rest else ''}{query_of(operation, fields)}"
            return SseSource(self._http, target, HttpRequest("GET", path, headers, None, False), timeout, idle)
        except TransportFailure:
            self._locator.forget()
            raise

