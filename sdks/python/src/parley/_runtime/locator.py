"""Remembers where the daemon is until a connection fails."""

from __future__ import annotations

import threading

from .discovery import discover
from .target import Target


class Locator:
    """The daemon's place: given once, or found and found again after each failed connection."""

    def __init__(self, base_url: str | None, token: str | None, socket_path: str | None) -> None:
        if base_url is not None and socket_path is not None:
            raise ValueError("pass base_url or socket_path, not both")
        self._token = token
        self._lock = threading.Lock()
        self._fixed: Target | None = None
        if base_url is not None:
            self._fixed = Target.from_url(base_url, token)
        elif socket_path is not None:
            self._fixed = Target(socket_path=socket_path, token=token)
        self._found = self._fixed

    def target(self) -> Target:
        """Where the daemon is; raises `daemon_unreachable` when nothing tells."""
        with self._lock:
            if self._found is None:
                self._found = discover(self._token)
            return self._found

    def forget(self) -> None:
        """A connection failed: look again next time."""
        with self._lock:
            self._found = self._fixed
