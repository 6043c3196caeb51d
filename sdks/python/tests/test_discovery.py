"""A client finds the daemon of its user, and finds it again after a restart elsewhere."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from discovery_cases import UID, Scene, possible_cases, scene_of
from fake_daemon import FakeDaemon
from parley import AsyncParley, DaemonUnreachableError, Parley, ParleyError
from parley._runtime.discovery import look_for_daemon
from parley._runtime.locator import Locator, Surroundings
from parley._runtime.no_daemon import no_daemon_message
from parley._runtime.port_owner import stranger_on_port
from parley._runtime.target import Target

Start = Callable[..., FakeDaemon]
MARK = {"file": "state/parley/starting.json", "mode": "0600", "json": {"state": "starting", "pid": "<live>"}}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, because a unix socket's path may have about a hundred characters."""
    with tempfile.TemporaryDirectory(prefix="parley-") as path:
        yield Path(path).resolve()


@pytest.mark.parametrize("case", possible_cases(), ids=lambda case: case["name"])
def test_the_daemon_is_found(case: dict[str, Any], folder: Path) -> None:
    """[sdk.discovery] [trust.socket-only] [trust.clients-no-config]"""
    expected = case["expect"]
    with scene_of(folder, case["tree"]) as scene:
        seen = look_for_daemon(scene.env(case.get("env")), UID)
        socket = expected.get("socket")
        assert next(iter(seen.sockets), None) == (None if socket is None else str(folder / socket))
        assert seen.starting_pid == (os.getpid() if "starting" in expected else None)
        if "message" in expected:
            strangers = case.get("strangers", {})
            listed_home = str(folder / "listed")
            shown = no_daemon_message(seen, UID, lambda port, uid: strangers.get(str(port)), lambda: listed_home)
            assert shown == scene.fill(expected["message"])


class Time:
    """Surroundings of a scene whose time passes only while a client waits."""

    def __init__(self, scene: Scene, on_pause: Callable[[int], Any] = lambda looks: None) -> None:
        self.seconds = 0.0
        self.looks = 0
        self._on_pause = on_pause
        self.surroundings = Surroundings(scene.env(), UID, lambda: self.seconds, self.pause)

    def pause(self, seconds: float) -> None:
        self.seconds += seconds
        self.looks += 1
        self._on_pause(self.looks)


def test_a_daemon_that_starts_is_waited_for(folder: Path) -> None:
    """[trust.start-wait]"""
    with scene_of(folder, [MARK]) as scene:

        def on_pause(looks: int) -> None:
            if looks == 3:
                scene.add({"socket": "state/parley/daemon.sock", "mode": "0600"})

        time = Time(scene, on_pause)
        found = Locator(None, "t", None, time.surroundings).target(30)
        assert (found.socket_path, found.token) == (str(folder / "state/parley/daemon.sock"), "t")
        assert time.looks == 3


def test_a_start_is_waited_for_once_and_for_30_seconds(folder: Path) -> None:
    """[trust.start-wait]"""
    with scene_of(folder, [MARK]) as scene:
        time = Time(scene)
        locator = Locator(None, None, None, time.surroundings)
        for _ in range(2):
            with pytest.raises(DaemonUnreachableError, match=rf"is starting \(pid {os.getpid()}\)"):
                locator.target(60)
            assert time.seconds == pytest.approx(30, abs=0.06)
        time = Time(scene)
        with pytest.raises(DaemonUnreachableError, match="is starting"):
            Locator(None, None, None, time.surroundings).target(1)
        assert 0.8 < time.seconds < 1


def test_a_start_is_waited_for_while_the_daemon_before_it_stops(folder: Path) -> None:
    """[trust.start-wait] The socket of the daemon that stops still answers."""
    path = "state/parley/daemon.json"
    ending = {"state": "stopping", "pid": "<live>", "socket_path": "{root}/own/d.sock"}
    tree = [MARK, {"file": path, "mode": "0600", "json": ending}, {"socket": "own/d.sock", "mode": "0600"}]
    with scene_of(folder, tree) as scene:

        def on_pause(looks: int) -> None:
            if looks == 2:
                scene.add({"file": path, "mode": "0600", "json": {**ending, "state": "serving"}})

        time = Time(scene, on_pause)
        found = Locator(None, None, None, time.surroundings).target(30)
        assert found.socket_path == str(folder / "own/d.sock")
        assert time.looks == 2


def test_a_start_that_gives_up_is_not_waited_for(folder: Path) -> None:
    """[trust.start-wait]"""
    with scene_of(folder, [MARK]) as scene:
        time = Time(scene, lambda looks: (folder / MARK["file"]).unlink() if looks == 2 else None)
        with pytest.raises(DaemonUnreachableError, match="No daemon of yours is running"):
            Locator(None, None, None, time.surroundings).target(30)
        assert time.looks == 2


def test_the_async_client_waits_without_blocking(folder: Path, start_daemon: Start) -> None:
    """[trust.start-wait]"""
    daemon = start_daemon("unix")
    daemon.handlers["system.health"] = lambda request: {"status": "ok", "version": "1"}
    assert daemon.socket_path is not None
    os.chmod(daemon.socket_path, 0o600)

    async def run(scene: Scene) -> str:
        client = AsyncParley()
        client._transport._locator = Locator(None, None, None, Surroundings(scene.env(), UID))
        call = asyncio.create_task(client.system.health())
        await asyncio.sleep(0)
        assert not call.done()
        announcement = {"state": "serving", "pid": "<live>", "socket_path": daemon.socket_path}
        scene.add({"file": "state/parley/daemon.json", "mode": "0600", "json": announcement})
        status: str = (await call).status
        await client.close()
        return status

    with scene_of(folder, [MARK]) as scene:
        assert asyncio.run(run(scene)) == "ok"


def test_a_user_without_a_home_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """[daemon.typed-failures] A user whom the password file does not list has no home folder."""

    def unlisted(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", unlisted)
    locator = Locator(None, None, None, Surroundings(env={}, uid=os.geteuid()))
    with pytest.raises(DaemonUnreachableError, match="set HOME to one"):
        locator.target(1.0)
    locator = Locator(None, None, None, Surroundings(env={"HOME": "here"}, uid=os.geteuid()))
    with pytest.raises(DaemonUnreachableError, match="set it to your home folder"):
        locator.target(1.0)


def test_without_unix_sockets_an_address_is_asked_for() -> None:
    """[trust.no-unix-sockets]"""
    surroundings = Surroundings({}, None)
    with pytest.raises(ParleyError, match=r"no unix sockets.*pass `base_url` and `token`") as caught:
        Locator(None, "t", None, surroundings).target(30)
    assert (caught.value.code, caught.value.retryable) == ("invalid_request", False)
    assert Locator("http://127.0.0.1:1", "t", None, surroundings).target(30).port == 1


@pytest.mark.parametrize("token", [None, "parley_abc_secret"])
@pytest.mark.parametrize("style", ["sync", "async"])
def test_a_token_goes_over_the_socket(
    folder: Path, start_daemon: Start, monkeypatch: pytest.MonkeyPatch, token: str | None, style: str
) -> None:
    """[trust.socket-only]"""
    daemon, elsewhere = start_daemon("unix"), start_daemon("tcp")
    daemon.handlers["system.health"] = lambda request: {"status": "ok", "version": "1"}
    assert daemon.socket_path is not None
    os.chmod(daemon.socket_path, 0o600)
    announcement = {"address": elsewhere.base_url, "socket_path": daemon.socket_path}

    async def ask() -> str:
        async with AsyncParley(token=token) as client:
            status: str = (await client.system.health()).status
            return status

    with scene_of(folder, [{"file": "state/parley/daemon.json", "mode": "0600", "json": announcement}]) as scene:
        for name, value in scene.env().items():
            monkeypatch.setenv(name, value)
        if style == "async":
            assert asyncio.run(ask()) == "ok"
        else:
            with Parley(token=token) as client:
                assert client.system.health().status == "ok"
    [(_, _, headers)] = daemon.calls
    assert headers.get("authorization") == (None if token is None else f"Bearer {token}")
    assert elsewhere.calls == []


def test_a_restart_elsewhere_is_found(folder: Path, start_daemon: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """[sdk.discovery]"""
    first, second = start_daemon("unix"), start_daemon("unix")
    for daemon in (first, second):
        daemon.handlers["system.health"] = lambda request: {"status": "ok", "version": "1"}
        os.chmod(daemon.socket_path or "", 0o600)
    with scene_of(folder, []) as scene, Parley() as client:
        for name, value in scene.env().items():
            monkeypatch.setenv(name, value)
        path = scene.add({"file": "state/parley/daemon.json", "mode": "0600", "json": {"socket_path": first.socket_path}})
        assert client.system.health().status == "ok"
        first.stop()
        path.write_text(json.dumps({"socket_path": second.socket_path}))
        assert client.system.health().status == "ok"
    assert len(second.calls) == 1


def test_another_user_on_a_port_is_found_in_the_kernels_tables() -> None:
    """[trust.foreign-port]"""
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

    def row(local: str, state: str, owner: int) -> str:
        return f"   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 {owner} 0 12345 1 0\n"

    tables = {
        "/proc/net/tcp": head + row("0100007F:1D09", "0A", UID) + row("0100007F:1D0A", "0A", UID + 7),
        "/proc/net/tcp6": head + row("00:1D0B", "0A", UID + 8) + row("00:1D0C", "01", UID + 9),
    }
    found = [stranger_on_port(port, UID, tables.__getitem__) for port in (7433, 7434, 7435, 7436)]
    assert found == [None, UID + 7, UID + 8, None]
    assert stranger_on_port(7434, UID, lambda path: "") is None


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
