"""Keep-alive HTTP/1.1 over TCP, TLS or a unix socket, on the standard library."""

from __future__ import annotations

import http.client
import select
import socket
import threading
import time
from collections import deque
from typing import Any

from .http_message import HttpRequest, HttpResponse
from .target import Target
from .transport_failure import timed_out, unreachable

_MAX_IDLE = 16
_MAX_IDLE_SECONDS = 60.0


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _TlsConnection(http.client.HTTPSConnection):
    """Connects to the loopback address, but checks the certificate for the name."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.host, target.port)
        self._create_connection = lambda address, *rest: socket.create_connection(
            (target.connect_host, target.port), *rest
        )


class SyncHttp:
    """A pool of connections; each carries one request at a time."""

    def __init__(self) -> None:
        self._idle: deque[tuple[Target, float, http.client.HTTPConnection]] = deque()
        self._lock = threading.Lock()

    def exchange(self, target: Target, request: HttpRequest, timeout: float) -> HttpResponse:
        """Sends a request and reads the whole answer; raises `TransportFailure`."""
        connection, response = self.start(target, request, timeout)
        try:
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._failure(target, error, timeout, sent=True) from error
        answer = HttpResponse(response.status, _headers(response), body)
        if response.will_close:
            connection.close()
        else:
            self._keep(target, connection)
        return answer

    def start(
        self, target: Target, request: HttpRequest, timeout: float
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Sends a request and reads the answer's head; the caller closes the connection."""
        connection = self._take(target, timeout)
        sent = False
        try:
            if connection.sock is None:
                connection.connect()
            sent = True
            connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                connection.putheader(name, value)
            if request.body is not None:
                connection.putheader("Content-Length", str(len(request.body)))
            try:
                connection.endheaders(request.body)
            except ConnectionError as cut:
                return connection, _last_words(connection, cut)
            return connection, connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._failure(target, error, timeout, sent=sent) from error

    def close(self) -> None:
        """Closes what is idle."""
        with self._lock:
            idle, self._idle = self._idle, deque()
        for _, _, connection in idle:
            connection.close()

    def _take(self, target: Target, timeout: float) -> http.client.HTTPConnection:
        while True:
            with self._lock:
                if not self._idle:
                    break
                kept_for, since, connection = self._idle.pop()
            fresh = time.monotonic() - since < _MAX_IDLE_SECONDS
            if kept_for == target and fresh and not _is_dropped(connection.sock):
                connection.sock.settimeout(timeout)
                return connection
            connection.close()
        connection = self._open(target)
        connection.timeout = timeout
        return connection

    def _open(self, target: Target) -> http.client.HTTPConnection:
        if target.socket_path is not None:
            return _UnixConnection(target.socket_path)
        if target.secure:
            return _TlsConnection(target)
        return http.client.HTTPConnection(target.connect_host, target.port)

    def _keep(self, target: Target, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._idle.append((target, time.monotonic(), connection))
            old = self._idle.popleft()[2] if len(self._idle) > _MAX_IDLE else None
        if old is not None:
            old.close()

    def _failure(self, target: Target, error: Exception, timeout: float, *, sent: bool) -> Exception:
        if isinstance(error, TimeoutError) and sent:
            return timed_out(target, timeout)
        return unreachable(target, error, sent=sent)


def _is_dropped(sock: Any) -> bool:
    """An idle connection that has something to read was closed by the daemon."""
    if sock is None:
        return True
    try:
        return bool(select.select([sock], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def _last_words(connection: http.client.HTTPConnection, cut: ConnectionError) -> http.client.HTTPResponse:
    """What a daemon answered that refused by the head alone and did not wait for the body."""
    try:
        return connection.getresponse()
    except (OSError, http.client.HTTPException):
        raise cut from None


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}
