"""The async twin of `EventStream`."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from .async_http import AsyncHttp, failure_of
from .async_socket import AsyncSocket
from .codec import decode_value, parse_json
from .http_message import HttpRequest, HttpResponse, check_contract, http_error
from .parley_error import ParleyError
from .retry import RetryPolicy
from .rpc_message import STREAM_CLOSED, STREAM_EVENT, close_text, open_text, result_of
from .sse import SseFrame, SseParser
from .stream_cursor import StreamCursor, stream_fields
from .sync_stream import RESUME_SECONDS
from .target import Target
from .transport_failure import TransportFailure, unreachable

if TYPE_CHECKING:
    import httpx

    from .operation import Operation

EventT = TypeVar("EventT")
OpenedT = TypeVar("OpenedT")


class AsyncStreamSource(Protocol):
    """An open stream on one connection."""

    opened: dict[str, Any]

    async def next(self) -> tuple[bool, dict[str, Any]]: ...

    async def close(self, explicit: bool) -> None: ...


class AsyncEventStream(Generic[EventT, OpenedT]):
    """Iterates over events with `async for`; each comes once and in order.

    It opens at the first event, or when it is awaited, which gives the stream itself. The rest is as
    in `EventStream`.
    """

    def __init__(
        self,
        operation: Operation,
        prepare: Callable[[], dict[str, Any]],
        connect: Callable[[dict[str, Any]], Awaitable[AsyncStreamSource]],
        policy: RetryPolicy,
    ) -> None:
        self._operation = operation
        self._connect = connect
        self._policy = policy
        self._cursor = StreamCursor(prepare(), stream_fields(operation))
        self._source: AsyncStreamSource | None = None
        self._closed = False
        self._started = False
        self._attempt = 0

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

    async def open(self) -> AsyncEventStream[EventT, OpenedT]:
        """Opens the stream now; raises what the daemon refuses it with."""
        attempt = 0
        while not self._started:
            try:
                await self._open()
            except (TransportFailure, ParleyError) as failure:
                error = failure.error if isinstance(failure, TransportFailure) else failure
                if not self._policy.should_retry(self._operation, attempt, error, sent=True):
                    raise error from None
                await asyncio.sleep(self._policy.delay(attempt, error))
                attempt += 1
        return self

    def __await__(self) -> Generator[Any, None, AsyncEventStream[EventT, OpenedT]]:
        return self.open().__await__()

    def __aiter__(self) -> AsyncIterator[EventT]:
        return self

    async def __anext__(self) -> EventT:
        await self.open()
        while not self._closed:
            if self._source is None:
                await self._reopen()
                continue
            try:
                is_event, payload = await self._source.next()
                if not is_event:
                    await self._end(self._cursor.closed(payload))
                    continue
            except TransportFailure:
                if not self._closed:
                    await self._end(not self._cursor.finished)
                continue
            except ParleyError as error:
                await self._end(error.retryable)
                if not error.retryable:
                    raise
                continue
            self._attempt = 0
            if self._cursor.accept(payload):
                event: EventT = decode_value(self._operation.event or "", payload)
                return event
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Ends the stream; an interaction's stream that is closed early cannot be attached again."""
        if self._closed:
            return
        self._closed = self._started = True
        source = self._source
        if source is not None:
            await source.close(explicit=True)

    async def __aenter__(self) -> AsyncEventStream[EventT, OpenedT]:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _end(self, resume: bool) -> None:
        source, self._source = self._source, None
        if source is not None:
            await source.close(explicit=False)
        if not resume:
            self._closed = True

    async def _reopen(self) -> None:
        give_up = time.monotonic() + RESUME_SECONDS
        error: ParleyError | None = None
        while not self._closed:
            if self._attempt > 0:
                await asyncio.sleep(self._policy.delay(self._attempt - 1, error))
            self._attempt += 1
            try:
                return await self._open()
            except TransportFailure as failure:
                error = failure.error
            except ParleyError as refused:
                error = refused
                if self._cursor.refused(refused):
                    self._attempt = 0
                    continue
            if not error.retryable or time.monotonic() > give_up:
                self._closed = True
                raise error

    async def _open(self) -> None:
        source = await self._connect(self._cursor.request())
        self._source = source
        self._cursor.opened(source.opened)
        self.opened = decode_value(self._operation.response, source.opened)
        self._started = True
        if self._closed:
            await source.close(explicit=True)


class AsyncSocketSource:
    """A stream on a WebSocket of its own."""

    def __init__(self, socket: AsyncSocket, opened: dict[str, Any], early: deque[dict[str, Any]]) -> None:
        self._socket = socket
        self.opened = opened
        # What a daemon says before it has answered the opening is the stream's first.
        self._early = early
        self._reading = False

    @classmethod
    async def open(cls, socket: AsyncSocket, fields: dict[str, Any], timeout: float) -> AsyncSocketSource:
        """Opens the stream; closes the connection when the daemon refuses."""
        try:
            id = socket.next_id()
            await socket.send(open_text(id, fields))
            early: deque[dict[str, Any]] = deque()
            return cls(socket, result_of(await socket.receive_answer(id, timeout, early)), early)
        except BaseException:
            await socket.close()
            raise

    async def next(self) -> tuple[bool, dict[str, Any]]:
        self._reading = True
        try:
            while True:
                message = self._early.popleft() if self._early else await self._socket.receive()
                params = message.get("params")
                if not isinstance(params, dict) or params.get("stream_id") != self.opened["stream_id"]:
                    continue
                if message.get("method") in (STREAM_EVENT, STREAM_CLOSED):
                    return message["method"] == STREAM_EVENT, params
        finally:
            self._reading = False

    async def close(self, explicit: bool) -> None:
        if explicit and self._socket.alive:
            try:
                id = self._socket.next_id()
                await self._socket.send(close_text(id, self.opened["stream_id"]))
                # A task that reads sees the closing event; without one the answer is read here.
                if self._reading:
                    return
                await self._socket.receive_answer(id, 5)
            except (TransportFailure, ParleyError):
                pass
        await self._socket.close()


class AsyncSseSource:
    """A stream over HTTP; closing it drops the connection."""

    def __init__(self, target: Target, response: httpx.Response) -> None:
        self._target = target
        self._response = response
        self._chunks = response.aiter_raw()
        self._parser = SseParser()
        self._frames: deque[SseFrame] = deque()
        self.opened: dict[str, Any] = {}

    @classmethod
    async def open(
        cls, http: AsyncHttp, target: Target, request: HttpRequest, timeout: float, idle: float
    ) -> AsyncSseSource:
        """Opens the stream; errors come before its first frame."""
        response = await http.start(target, request, timeout, idle)
        try:
            headers = {name.lower(): value for name, value in response.headers.items()}
            check_contract(headers)
            if response.status_code != 200:
                raise http_error(HttpResponse(response.status_code, headers, await response.aread()), target)
            source = cls(target, response)
            frame = await source._frame()
            if frame.event != "stream_opened":
                raise unreachable(target, ValueError(f"the stream began with {frame.event}"), sent=True)
            source.opened = parse_json(frame.data)
            return source
        except BaseException:
            await response.aclose()
            raise

    async def next(self) -> tuple[bool, dict[str, Any]]:
        frame = await self._frame()
        return frame.event != "stream_closed", parse_json(frame.data)

    async def close(self, explicit: bool) -> None:
        await self._response.aclose()

    async def _frame(self) -> SseFrame:
        import httpx

        while not self._frames:
            try:
                self._frames.extend(self._parser.feed(await self._chunks.__anext__()))
            except StopAsyncIteration as error:
                raise unreachable(self._target, EOFError("the stream ended"), sent=True) from error
            except (httpx.HTTPError, httpx.StreamError, ValueError) as error:
                raise failure_of(self._target, error, 0) from error
        return self._frames.popleft()
