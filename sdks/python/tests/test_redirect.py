"""[trust.origin-only] Body and token go to the address that was given, and to no other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from fake_daemon import SESSION_ID
from parley import AsyncParley, DaemonUnreachableError, Parley, PeerMessageCommand, SessionScope

Calls = dict[str, Callable[[Any], Any]]
CALLS: Calls = {
    "over HTTP": lambda client: client.system.status(),
    "over a WebSocket": lambda client: client.send(PeerMessageCommand(to="bob", body="private")),
    "by a post": lambda client: client.call("system.status", {}),
    "by a stream": lambda client: client.stream(scope=SessionScope(session_id=SESSION_ID)),
}


class Server(ThreadingHTTPServer):
    """Redirects everything, or records everything."""

    daemon_threads = True

    def __init__(self, status: int = 200, location: str | None = None) -> None:
        received: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                received.append(f"{self.command} {self.path}")
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(status)
                if location is not None:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.send_header("Connection", "close")
                self.end_headers()

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.received = received
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def __exit__(self, *error: Any) -> None:
        self.shutdown()
        super().__exit__(*error)

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.server_port}"


@pytest.fixture(params=[301, 302, 303, 307, 308])
def redirect(request: pytest.FixtureRequest) -> Iterator[tuple[int, Callable[[str], Server], Server]]:
    """A status, what makes a server that redirects with it, and a server to which nothing may come."""
    servers: list[Server] = []

    def start(location: str) -> Server:
        servers.append(Server(request.param, location))
        return servers[-1]

    with Server() as stranger:
        yield request.param, start, stranger
        for server in servers:
            server.__exit__()
        assert stranger.received == []


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("scheme", ["http", "ws"])
@pytest.mark.parametrize("style", ["sync", "async"])
def test_a_redirect_is_not_followed(
    redirect: tuple[int, Callable[[str], Server], Server], style: str, scheme: str, call: Callable[[Any], Any]
) -> None:
    status, start, stranger = redirect
    server = start(f"{scheme}://{stranger.authority}/rpc")
    arguments = {"base_url": f"http://{server.authority}", "token": "parley_abc_secret", "retries": 0}
    with pytest.raises(DaemonUnreachableError, match=rf"redirect \(HTTP {status}\)"):
        ask(style, call, arguments)
    assert len(server.received) == 1


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("style", ["sync", "async"])
def test_a_redirect_to_another_path_of_the_same_server_is_not_followed(
    redirect: tuple[int, Callable[[str], Server], Server], style: str, call: Callable[[Any], Any]
) -> None:
    status, start, _ = redirect
    server = start("/elsewhere")
    arguments = {"base_url": f"http://{server.authority}", "token": "parley_abc_secret", "retries": 0}
    with pytest.raises(DaemonUnreachableError, match=rf"redirect \(HTTP {status}\)"):
        ask(style, call, arguments)
    assert len(server.received) == 1


def ask(style: str, call: Callable[[Any], Any], arguments: dict[str, Any]) -> None:
    """Makes one call with a client of its own."""
    if style == "sync":
        with Parley(**arguments) as client:
            call(client)
        return

    async def run() -> None:
        async with AsyncParley(**arguments) as client:
            await call(client)

    asyncio.run(run())
