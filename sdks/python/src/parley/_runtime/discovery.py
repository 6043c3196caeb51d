"""Finds the daemon of this user: its discovery file, else the address in `parley.toml`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .parley_error import ParleyError
from .target import Target

DEFAULT_PORT = 7433


def discover(token: str | None = None, environment: Mapping[str, str] | None = None) -> Target:
    """The way to the running daemon; raises `daemon_unreachable` when nothing names one.

    A unix socket comes first: it needs no token. With a token, or where sockets do not work, the
    address is taken. It is read anew for each new connection, because a restart may move it.
    """
    env = os.environ if environment is None else environment
    found = _read_discovery_file(env)
    if found is not None:
        socket_path = found.get("socket_path")
        if token is None and isinstance(socket_path, str) and _has_unix_sockets() and os.path.exists(socket_path):
            return Target(socket_path=socket_path)
        if isinstance(found.get("address"), str):
            return Target.from_url(found["address"], token)
    for path in _config_files(env):
        if path.is_file():
            return _from_config(path, token)
    raise _unreachable(env)


def discovery_file(environment: Mapping[str, str]) -> Path:
    """Where a running daemon says how to reach it."""
    return _folder(environment, "XDG_STATE_HOME", ".local/state") / "parley" / "daemon.json"


def _read_discovery_file(env: Mapping[str, str]) -> dict[str, Any] | None:
    try:
        found = json.loads(discovery_file(env).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _config_files(env: Mapping[str, str]) -> Iterator[Path]:
    yield Path("parley.toml")
    yield _folder(env, "XDG_CONFIG_HOME", ".config") / "parley" / "parley.toml"
    yield Path("/etc/parley/parley.toml")


def _from_config(path: Path, token: str | None) -> Target:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]
    try:
        server = tomllib.loads(path.read_text("utf-8")).get("server", {})
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ParleyError(f"{path} cannot be read: {error}", code="invalid_request") from error
    socket_path = server.get("socket")
    if token is None and isinstance(socket_path, str) and _has_unix_sockets():
        full = os.path.expanduser(socket_path)
        if os.path.exists(full):
            return Target(socket_path=full)
    host = str(server.get("host", "127.0.0.1"))
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    port = server.get("port")
    # 0 lets the daemon choose: only its discovery file knows what. Mistakes are the daemon's to complain about.
    known = isinstance(port, int) and 0 < port < 65_536
    return Target(host=host, port=port if known else DEFAULT_PORT, token=token)


def _folder(env: Mapping[str, str], variable: str, fallback: str) -> Path:
    value = env.get(variable, "")
    return Path(value) if os.path.isabs(value) else Path(env.get("HOME") or Path.home()) / fallback


def _has_unix_sockets() -> bool:
    import socket

    return hasattr(socket, "AF_UNIX")


def _unreachable(env: Mapping[str, str]) -> ParleyError:
    from .._generated.errors import DaemonUnreachableError

    return DaemonUnreachableError(
        f"No daemon runs for this user ({discovery_file(env)} is missing, no parley.toml found). "
        "Start one with `npm start` or `parley up`, or pass base_url and token."
    )
