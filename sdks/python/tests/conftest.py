"""Fixtures shared by the tests."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_daemon import FakeDaemon
from parley._runtime import retry


DEFAULT_PORT = 7433


@pytest.fixture(autouse=True)
def own_places(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The user who runs the tests may have a daemon: a test that would use its folders or the default port fails.

    The user's home is replaced by an empty one. Yields what a test did that it must not do.
    """
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name, folder in {"STATE_HOME": "state", "DATA_HOME": "data", "CONFIG_HOME": "config", "RUNTIME_DIR": "run"}.items():
        (home / folder).mkdir()
        monkeypatch.setenv(f"XDG_{name}", str(home / folder))
    trespasses: list[str] = []

    def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(sock: socket.socket, address: Any, *rest: Any) -> Any:
            if isinstance(address, tuple) and address[1] == DEFAULT_PORT:
                trespasses.append(f"{method.__name__} on the default port: {os.environ.get('PYTEST_CURRENT_TEST')}")
                raise PermissionError(trespasses[-1])
            return method(sock, address, *rest)

        return call

    for method in (socket.socket.connect, socket.socket.connect_ex, socket.socket.bind):
        monkeypatch.setattr(socket.socket, method.__name__, guarded(method))
    yield trespasses
    assert trespasses == []
    assert [str(path) for path in home.glob("*/parley")] == [], "give the client folders of its own"


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries wait for next to nothing; how long they would wait is tested by itself."""
    wait = retry.RetryPolicy.delay
    monkeypatch.setattr(retry.RetryPolicy, "delay", lambda self, attempt, error=None: wait(self, attempt, error) / 100)


@pytest.fixture
def start_daemon() -> Iterator[Callable[..., FakeDaemon]]:
    """Starts fake daemons, over TCP or a unix socket, and stops them."""
    started: list[FakeDaemon] = []
    # Short, because a unix socket's path may have about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="parley-") as folder:

        def start(transport: str = "tcp", **options: Any) -> FakeDaemon:
            path = str(Path(folder) / f"{len(started)}.sock") if transport == "unix" else None
            started.append(FakeDaemon(path, **options))
            return started[-1]

        yield start
        for daemon in started:
            if not daemon._stopping:
                daemon.stop()
