"""A stream of events that goes on where it stopped, over dropped connections and restarts."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from .codec import decode_value, parse_json
from .http_message import HttpRequest, HttpResponse, check_contract, http_error
from .parley_error import ParleyError
from .retry import RetryPolicy
from .rpc_message import STREAM_CLOSED, STREAM_EVENT, close_text, open_text, result_of
from .sse import SseFrame, SseParser
from .stream_cursor import StreamCursor, stream_fields
from .sync_http import SyncHttp
from .sync_socket import SyncSocket, SyncSockets
from .target import Target
from .transport_failure import TransportFailure, unreachable

if TYPE_CHECKING:
    from .operation import Operation

EventT = TypeVar("EventT")
OpenedT = TypeVar("OpenedT")

RESUME_SECONDS = 120.0


class StreamSource(Protocol):
    """An open stream on one connection."""

    opened: dict[str, Any]

    def next(self) -> tuple[bool, dict[str, Any]]:
        """An event with True, or the closing payload with False; raises `TransportFailure`."""

    def close(self, explicit: bool) -> None: ...


class EventStream(Generic[EventT, OpenedT]):
    """Iterates over events; each comes once and in order. Close it, or use it in a `with` block.

    It has no total timeout. A connection that is silent for the idle timeout counts as dropped; a
    dropped one is opened again after the last event, for up to two minutes without any success.
    """

    def __init__(
        self,
        operation: Operation,
        fields: dict[str, Any],
        connect: Callable[[dict[str, Any]], StreamSource],
        policy: RetryPolicy,
    ) -> None:
        self._operation = operation
        self._connect = connect
        self._policy = policy
        self._cursor = StreamCursor(fields, stream_fields(operation))
        self._source: StreamSource | None = None
        self._closed = threading.Event()
        self._attempt = 0
        self._open_first()

    opened: OpenedT
    """What the daemon said when the stream was opened last: its id and a snapshot of the log."""

    @property
    def stream_id(self) -> str:
        """Id of the stream that is or was open last."""
        return self._cursor.stream_id or ""

    @property
    def last_sequence(self) -> int | None:
        """Position of the last event that was read: what a later stream passes as `after_sequence`."""
        return self._cursor.last_sequence

    def __iter__(self) -> Iterator[EventT]:
        return self

    def __next__(self) -> EventT:
        while not self._closed.is_set():
            if self._source is None:
                self._reopen()
                continue
            try:
                is_event, payload = self._source.next()
                if not is_event:
                    self._end(self._cursor.closed(payload))
                    continue
            except TransportFailure:
                if not self._closed.is_set():
                    self._end(not self._cursor.finished)
                continue
            except ParleyError as error:
                self._end(error.retryable)
                if not error.retryable:
                    raise
                continue
            self._attempt = 0
            if self._cursor.accept(payload):
                event: EventT = decode_value(self._operation.event or "", payload)
                return event
        raise StopIteration

    def close(self) -> None:
        """Ends the stream; an interaction's stream that is closed early cannot be attached again."""
        if self._closed.is_set():
            return
        self._closed.set()
        source = self._source
        if source is not None:
            source.close(explicit=True)

    def __enter__(self) -> EventStream[EventT, OpenedT]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _end(self, resume: bool) -> None:
        source, self._source = self._source, None
        if source is not None:
            source.close(explicit=False)
        if not resume:
            self._closed.set()

    def _reopen(self) -> None:
        """Opens the stream again, with growing pauses until nothing has worked for too long."""
        give_up = time.monotonic() + RESUME_SECONDS
        error: ParleyError | None = None
        while not self._closed.is_set():
            if self._attempt > 0 and self._closed.wait(self._policy.delay(self._attempt - 1, error)):
                return
            self._attempt += 1
            try:
                return self._open()
            except TransportFailure as failure:
                error = failure.error
            except ParleyError as refused:
                error = refused
                if self._cursor.refused(refused):
                    self._attempt = 0
                    continue
            if not error.retryable or time.monotonic() > give_up:
                self._closed.set()
                raise error

    def _open_first(self) -> None:
        attempt = 0
        while True:
            try:
                return self._open()
            except (TransportFailure, ParleyError) as failure:
                error = failure.error if isinstance(failure, TransportFailure) else failure
                if not self._policy.should_retry(self._operation, attempt, error, sent=True):
                    raise error from None
            self._closed.wait(self._policy.delay(attempt, error))
            attempt += 1

    def _open(self) -> None:
        source = self._connect(self._cursor.request())
        self._source = source
        self._cursor.opened(source.opened)
        self.opened = decode_value(self._operation.response, source.opened)
        if self._closed.is_set():
            source.close(explicit=True)


class SocketSource:
    """A stream on a WebSocket that nothing else uses."""

    def __init__(self, sockets: SyncSockets, connection: SyncSocket, fields: dict[str, Any], timeout: float) -> None:
        self._sockets = sockets
        self._connection = connection
        self._done = False
        self._reading = threading.Lock()
        # What a daemon says before it has answered the opening is the stream's first.
        self._early: deque[dict[str, Any]] = deque()
        try:
            id = connection.send(open_text(connection.next_id(), fields))
            while True:
                message = connection.receive(timeout)
                if message.get("id") == id and "method" not in message:
                    self.opened = result_of(message)
                    return
                self._early.append(message)
        except TransportFailure:
            connection.close()
            raise
        except ParleyError:
            sockets.give_back(connection)
            raise

    def next(self) -> tuple[bool, dict[str, Any]]:
        with self._reading:
            while True:
                message = self._early.popleft() if self._early else self._connection.receive()
                params = message.get("params")
                if not isinstance(params, dict) or params.get("stream_id") != self.opened["stream_id"]:
                    continue
                if message.get("method") == STREAM_EVENT:
                    return True, params
                if message.get("method") == STREAM_CLOSED:
                    self._done = True
                    return False, params

    def close(self, explicit: bool) -> None:
        if self._done:
            self._sockets.give_back(self._connection)
            return
        if explicit and self._connection.alive:
            try:
                id = self._connection.send(close_text(self._connection.next_id(), self.opened["stream_id"]))
                # A thread that reads sees the closing event; without one the answer is read here.
                if not self._reading.acquire(blocking=False):
                    return
                try:
                    self._connection.wait(id, 5)
                finally:
                    self._reading.release()
            except (TransportFailure, ParleyError):
                pass
        self._connection.close()


class SseSource:
    """A stream over HTTP; closing it drops the connection."""

    def __init__(self, http_: SyncHttp, target: Target, request: HttpRequest, timeout: float, idle: float) -> None:
        self._target = target
        self._parser = SseParser()
        self._frames: deque[SseFrame] = deque()
        self._connection, self._response = http_.start(target, request, timeout)
        headers = {name.lower(): value for name, value in self._response.getheaders()}
        # With `Connection: close` the socket belongs to the response alone.
        raw = getattr(self._response.fp, "raw", None)
        self._socket: socket.socket | None = self._connection.sock or getattr(raw, "_sock", None)
        try:
            check_contract(headers)
            if self._response.status != 200:
                raise http_error(HttpResponse(self._response.status, headers, self._response.read()), target)
            if self._socket is not None:
                self._socket.settimeout(idle)
            frame = self._frame()
            if frame.event != "stream_opened":
                raise unreachable(target, ValueError(f"the stream began with {frame.event}"), sent=True)
            self.opened = parse_json(frame.data)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise unreachable(target, error, sent=True) from error
        except BaseException:
            self._connection.close()
            raise

    def next(self) -> tuple[bool, dict[str, Any]]:
        frame = self._frame()
        return frame.event != "stream_closed", parse_json(frame.data)

    def close(self, explicit: bool) -> None:
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._connection.close()

    def _frame(self) -> SseFrame:
        while not self._frames:
            try:
                chunk = self._response.read1(65536)
                if not chunk:
                    raise EOFError("the stream ended")
                self._frames.extend(self._parser.feed(chunk))
            except (OSError, EOFError, ValueError, AttributeError, http.client.HTTPException) as error:
                raise unreachable(self._target, error, sent=True) from error
        return self._frames.popleft()
