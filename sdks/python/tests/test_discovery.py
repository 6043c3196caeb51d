"""A client finds the daemon of its user, and finds it again after a restart elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_daemon import FakeDaemon
from parley import DaemonUnreachableError, Parley, ParleyError
from parley._runtime.discovery import discover
from parley._runtime.target import Target

Start = Callable[..., FakeDaemon]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Folders of a user who has nothing yet."""
    env = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return env


def announce(env: dict[str, str], **fields: Any) -> None:
    folder = Path(env["XDG_STATE_HOME"]) / "parley"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "daemon.json").write_text(json.dumps({"instance_id": "x", "pid": 1, **fields}))


def test_the_socket_comes_first(environment: dict[str, str], tmp_path: Path) -> None:
    socket_path = tmp_path / "daemon.sock"
    socket_path.touch()
    announce(environment, address="http://127.0.0.1:7433", socket_path=str(socket_path))
    assert discover(None, environment) == Target(socket_path=str(socket_path))
    assert discover("t", environment) == Target.from_url("http://127.0.0.1:7433", "t")


def test_without_a_socket_the_address_is_taken(environment: dict[str, str]) -> None:
    announce(environment, address="http://127.0.0.1:7444", socket_path="/nowhere/daemon.sock")
    assert discover(None, environment) == Target.from_url("http://127.0.0.1:7444")


def test_a_config_file_names_the_address(environment: dict[str, str]) -> None:
    folder = Path(environment["XDG_CONFIG_HOME"]) / "parley"
    folder.mkdir(parents=True)
    (folder / "parley.toml").write_text('[server]\nhost = "127.0.0.2"\nport = 7555\n')
    assert discover("t", environment) == Target(host="127.0.0.2", port=7555, token="t")
    Path("parley.toml").write_text("[server]\nport = 7666\n")
    assert discover("t", environment).port == 7666
    for unusable in ("0", "99999", '"x"'):
        Path("parley.toml").write_text(f"[server]\nport = {unusable}\n")
        assert discover("t", environment).port == 7433
    Path("parley.toml").write_text("[server\n")
    with pytest.raises(ParleyError, match="parley.toml cannot be read"):
        discover("t", environment)


def test_nothing_there_says_what_to_do(environment: dict[str, str]) -> None:
    with pytest.raises(DaemonUnreachableError, match="npm start"):
        discover(None, environment)
    announce(environment)
    (Path(environment["XDG_STATE_HOME"]) / "parley" / "daemon.json").write_text("not JSON")
    with pytest.raises(DaemonUnreachableError):
        discover(None, environment)


def test_a_restart_elsewhere_is_found(environment: dict[str, str], start_daemon: Start) -> None:
    first, second = start_daemon("unix"), start_daemon("unix")
    for daemon in (first, second):
        daemon.handlers["system.health"] = lambda request: {"status": "ok", "version": "1"}
    announce(environment, socket_path=first.socket_path)
    with Parley() as client:
        assert client.system.health().status == "ok"
        first.stop()
        announce(environment, socket_path=second.socket_path)
        assert client.system.health().status == "ok"
    assert len(second.calls) == 1


@pytest.mark.parametrize(
    ("url", "host", "connect", "authority"),
    [
        ("http://web.localhost:8080", "web.localhost", "127.0.0.1", "web.localhost:8080"),
        ("http://LOCALHOST:1", "localhost", "127.0.0.1", "localhost:1"),
        ("http://notlocalhost:1", "notlocalhost", "notlocalhost", "notlocalhost:1"),
        ("http://[::1]:7433/", "::1", "::1", "[::1]:7433"),
        ("https://example.org", "example.org", "example.org", "example.org"),
    ],
)
def test_addresses(url: str, host: str, connect: str, authority: str) -> None:
    target = Target.from_url(url)
    assert (target.host, target.connect_host, target.authority) == (host, connect, authority)


@pytest.mark.parametrize("url", ["127.0.0.1:7433", "ftp://a", "http://", "http://a?x=1"])
def test_no_addresses(url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        Target.from_url(url)
