"""A small daemon for tests: HTTP, server-sent events and JSON-RPC over WebSocket on one listener."""

from __future__ import annotations

import json
import os
import random
import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID, uuid4

from parley._generated.operations import OPERATIONS
from parley._generated.version import CONTRACT_VERSION
from websockets.exceptions import ConnectionClosed
from websockets.server import ServerProtocol
from websockets.sync.server import ServerConnection

SESSION_ID = "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f"
INTERACTION_ID = "0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f"
AT = "2026-11-21T09:30:00.000Z"
_METHODS = {operation.rpc: operation for operation in OPERATIONS.values()}


class Refusal(Exception):
    """What a handler raises to answer with an error."""

    def __init__(self, code: str, status: int = 400, **fields: Any) -> None:
        super().__init__(code)
        self.status = status
        self.payload = {
            "code": code,
            "message": f"refused: {code}",
            "details": [],
            "retryable": False,
            "request_id": "r1",
            **fields,
        }


class Drop(Exception):
    """What a handler raises to cut the connection without an answer."""


class FakeDaemon:
    """Serves until closed; `handlers` maps operation ids to functions of the request."""

    def __init__(self, socket_path: str | None = None, contract: str = CONTRACT_VERSION) -> None:
        self.socket_path = socket_path
        self.contract = contract
        self.handlers: dict[str, Callable[[Any], Any]] = {}
        self.calls: list[tuple[str, Any, dict[str, str]]] = []
        self.log: list[dict[str, Any]] = []
        self.stream_requests: list[dict[str, Any]] = []
        self.on_open: Callable[[dict[str, Any]], None] = lambda request: None
        self.cut_after: Callable[[], int | None] = lambda: None
        self.cut_politely = False
        self.closed_reason = "terminal"
        self.snapshot_last: int | None = None
        self.stream_closes: list[str] = []
        self.changed = threading.Condition()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._port = 0
        self.start()

    def start(self) -> None:
        """Listens; after `stop` on the same address again."""
        if self.socket_path is None:
            self._listener = socket.create_server(("127.0.0.1", self._port))
            self._port = self._listener.getsockname()[1]
        else:
            self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._listener.bind(self.socket_path)
            self._listener.listen()
        self._listener.settimeout(0.1)
        self._stopping = False
        self._spawn(self._accept, self._listener)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def client_arguments(self) -> dict[str, Any]:
        """What a client needs to reach this daemon."""
        if self.socket_path is not None:
            return {"socket_path": self.socket_path}
        return {"base_url": self.base_url, "token": "parley_abc_secret"}

    def stop(self) -> None:
        """Cuts everything, as a daemon that is killed does."""
        self._stopping = True
        with self.changed:
            self.changed.notify_all()
        self._listener.close()
        if self.socket_path is not None:
            os.unlink(self.socket_path)
        for connection in list(self._connections):
            _cut(connection)
        for thread in self._threads:
            thread.join(5)
        self._threads.clear()

    def append(self, *events: dict[str, Any]) -> None:
        """Puts events at the end of the log; open streams get them."""
        with self.changed:
            self.log.extend(events)
            self.changed.notify_all()

    def _spawn(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping:
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            connection.settimeout(None)
            self._connections.add(connection)
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            head = b""
            while b"\r\n\r\n" not in head:
                head = connection.recv(65536, socket.MSG_PEEK)
                if not head:
                    return
            if b"upgrade: websocket" in head.lower():
                self._serve_socket(connection)
            else:
                _HttpHandler(connection, self)
        except (OSError, ConnectionClosed, Drop):
            pass
        finally:
            self._connections.discard(connection)
            _cut(connection)
            connection.close()

    # Calls

    def answer(self, operation_id: str, request: Any, headers: dict[str, str]) -> Any:
        """The result of a call; raises `Refusal` or `Drop`."""
        self.calls.append((operation_id, request, headers))
        handler = self.handlers.get(operation_id)
        if handler is None:
            raise Refusal("internal", 500)
        return handler(request)

    # Streams

    def open_stream(self, request: dict[str, Any]) -> dict[str, Any]:
        """The opened payload; raises what `on_open` raises."""
        self.stream_requests.append(request)
        self.on_open(request)
        last = len(self.log) if self.snapshot_last is None else self.snapshot_last
        snapshot = {"state": "attached", "first_sequence": 1, "last_sequence": last}
        return {"stream_id": str(uuid4()), "scope": request["scope"], "snapshot": snapshot}

    def events_of(self, opened: dict[str, Any], request: dict[str, Any]) -> Any:
        """Yields `(sequence, event)`; raises `Drop` where the connection is to be cut."""
        position = request.get("after_sequence")
        if position is None:
            position = 0 if request["scope"]["kind"] == "interaction" else opened["snapshot"]["last_sequence"]
        left = self.cut_after()
        while True:
            with self.changed:
                while position >= len(self.log) and not self._stopping and request.get("follow", True):
                    self.changed.wait()
                if self._stopping:
                    raise Drop
                if position >= len(self.log):
                    return
                event = self.log[position]
            if left == 0:
                if self.cut_politely:
                    return
                raise Drop
            left = None if left is None else left - 1
            position += 1
            yield position, self.frame(opened, position, event)
            if event["kind"] in ("interaction_complete", "interaction_failed") and request["scope"]["kind"] == "interaction":
                return

    def frame(self, opened: dict[str, Any], sequence: int, event: dict[str, Any]) -> dict[str, Any]:
        return {
            "stream_id": opened["stream_id"],
            "scope": opened["scope"],
            "sequence": sequence,
            "event_id": str(UUID(int=sequence)),
            "at": AT,
            "event": event,
        }

    # JSON-RPC

    def rpc(self, message: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        operation = _METHODS[message["method"]]
        try:
            return {"jsonrpc": "2.0", "id": message["id"], "result": self.answer(operation.id, message["params"], headers)}
        except Refusal as refusal:
            return rpc_error(message["id"], refusal)

    def _serve_socket(self, connection: socket.socket) -> None:
        protocol = ServerProtocol()
        server = ServerConnection(connection, protocol, SimpleNamespace(socket_closed=threading.Event()), ping_interval=None, close_timeout=0.2)
        server.handshake()
        headers = {name.lower(): value for name, value in server.request.headers.raw_items()}
        self.handlers.setdefault("system.initialize", lambda request: initialized(self.contract))
        streams: set[str] = set()
        try:
            for text in server:
                message = json.loads(text)
                method = message["method"]
                if method == "comms/stream_open":
                    self._spawn(self._socket_stream, server, connection, message, streams)
                elif method == "comms/stream_close":
                    id = message["params"]["stream_id"]
                    self.stream_closes.append(id)
                    if id in streams:
                        server.send(json.dumps(closed_message(id, "closed")))
                    server.send(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {"closed": True, "already_closed": False}}))
                elif "id" in message:
                    server.send(json.dumps(self.rpc(message, headers)))
        finally:
            _cut(connection)
            server.recv_events_thread.join()

    def _socket_stream(self, server: Any, connection: socket.socket, message: Any, streams: Any) -> None:
        try:
            try:
                opened = self.open_stream(message["params"])
            except Refusal as refusal:
                server.send(json.dumps(rpc_error(message["id"], refusal)))
                return
            streams.add(opened["stream_id"])
            server.send(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": opened}))
            for _, event in self.events_of(opened, message["params"]):
                server.send(json.dumps({"jsonrpc": "2.0", "method": "comms/stream_event", "params": event}))
            reason = "drained" if message["params"].get("follow") is False else self.closed_reason
            server.send(json.dumps(closed_message(opened["stream_id"], reason)))
        except (Drop, OSError, ConnectionClosed):
            _cut(connection)


def closed_message(stream_id: str, reason: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "comms/stream_closed", "params": {"stream_id": stream_id, "reason": reason}}


def initialized(contract: str) -> dict[str, Any]:
    if contract.split(".")[:2] != CONTRACT_VERSION.split(".")[:2]:
        raise Refusal("contract_mismatch", 412)
    return {}


def rpc_error(id: Any, refusal: Refusal) -> dict[str, Any]:
    error = {"code": -31000, "message": refusal.payload["message"], "data": refusal.payload}
    return {"jsonrpc": "2.0", "id": id, "error": error}


def _cut(connection: socket.socket) -> None:
    """Breaks the connection; the thread that serves it closes it."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class _HttpHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, connection: socket.socket, daemon: FakeDaemon) -> None:
        self.daemon = daemon
        super().__init__(connection, ("client", 0), None)  # type: ignore[arg-type]

    def log_message(self, *_: Any) -> None:
        pass

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = int(headers.get("content-length", 0))
        body = self.rfile.read(length)
        if len(body) < length:
            # The client was cut off in the middle of its request.
            raise Drop
        fields = json.loads(body) if body else {}
        try:
            if parts.path == "/rpc":
                # Over HTTP an error in the envelope has the status of its code, as `rpc` gives it.
                message = self.daemon.rpc(fields, headers)
                return self._json(200, message)
            if parts.path == "/comms/stream":
                return self._stream(dict(parse_qsl(parts.query)), headers)
            operation, path_fields = _route(self.command, parts.path)
            fields = {**fields, **path_fields, **dict(parse_qsl(parts.query))}
            result = self.daemon.answer(operation.id, fields, headers)
            self._json(200, result)
        except Refusal as refusal:
            self._json(refusal.status, refusal.payload)

    do_GET = do_POST = do_DELETE = _handle  # noqa: N815

    def _json(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Parley-Contract", self.daemon.contract)
        self.send_header("Parley-Request-Id", "r1")
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, query: dict[str, str], headers: dict[str, str]) -> None:
        scope = {name: query[name] for name in ("session_id", "interaction_id") if name in query}
        request: dict[str, Any] = {"scope": {"kind": query["scope"], **scope}}
        if "after_sequence" in query:
            request["after_sequence"] = int(query["after_sequence"])
        if "follow" in query:
            request["follow"] = query["follow"] == "true"
        if "resume_of" in query:
            request["resume_of"] = query["resume_of"]
        opened = self.daemon.open_stream(request)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._chunk(f"retry: 2000\n\nevent: stream_opened\ndata: {json.dumps(opened)}\n\n")
        for sequence, event in self.daemon.events_of(opened, request):
            text = f": hb\n\nid: {sequence}\nevent: {event['event']['kind']}\ndata: {json.dumps(event)}\n\n"
            split = random.randrange(1, len(text))
            self._chunk(text[:split])
            self._chunk(text[split:])
        reason = "drained" if request.get("follow") is False else self.daemon.closed_reason
        closed = {"stream_id": opened["stream_id"], "reason": reason}
        self._chunk(f"event: stream_closed\ndata: {json.dumps(closed)}\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def _route(method: str, path: str) -> tuple[Any, dict[str, str]]:
    for operation in OPERATIONS.values():
        rest = operation.rest
        if rest is None or rest.method != method:
            continue
        wanted, given = rest.path.split("/"), path.split("/")
        if len(wanted) == len(given) and all(w.startswith("{") or w == g for w, g in zip(wanted, given)):
            return operation, {w[1:-1]: g for w, g in zip(wanted, given) if w.startswith("{")}
    raise Refusal("route_not_found", 404)
