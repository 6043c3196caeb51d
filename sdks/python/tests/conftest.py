"""Fixtures shared by the tests."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_daemon import FakeDaemon
from parley._runtime import retry


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
