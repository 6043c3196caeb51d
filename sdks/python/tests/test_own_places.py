"""[quality.test-places] A test reaches neither the user's folders nor the default port."""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
from pathlib import Path

import pytest
from parley import DaemonUnreachableError, Parley


def test_the_default_port_is_refused_and_reported(own_places: list[str]) -> None:
    with socket.socket() as sock:
        for method in (sock.connect, sock.connect_ex, sock.bind):
            with pytest.raises(PermissionError, match="default port"):
                method(("127.0.0.1", 7433))
    with pytest.raises(PermissionError):
        socket.create_connection(("localhost", 7433))
    with pytest.raises(OSError, match="default port"):
        asyncio.run(asyncio.open_connection("127.0.0.1", 7433))
    assert len(own_places) >= 5
    own_places.clear()


def test_the_home_is_not_the_users(own_places: list[str]) -> None:
    assert Path.home() != Path(pwd.getpwuid(os.getuid()).pw_dir)
    with pytest.raises(DaemonUnreachableError), Parley() as client:
        client.system.status()
    assert own_places == []
