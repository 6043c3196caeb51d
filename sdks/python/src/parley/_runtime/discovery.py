"""Finds the daemon of this user by its files, and nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .own_path import Refusal, own_socket, read_own_file


class NoHomeError(Exception):
    """Neither HOME nor the password file names a home folder of this user."""


@dataclass(frozen=True)
class Sighting:
    """The state of this user's daemon, as its files show it."""

    folder: str
    """The folder of the discovery file."""
    is_in_home: bool
    """Whether the folder follows from HOME, not from XDG_STATE_HOME."""
    sockets: tuple[str, ...]
    """Sockets of this user that exist, the one of the discovery file first."""
    refusals: tuple[Refusal, ...]
    """Paths that exist and are not used."""
    starting_pid: int | None = None
    """A live process that starts a daemon, or whose socket file is about to be created again."""
    pid: int | None = None
    """The daemon's live process, when the discovery file names it."""
    state: str | None = None
    port: int | None = None
    """The port of the daemon's TCP listener, as the discovery file names it."""


def look_for_daemon(env: Mapping[str, str], uid: int) -> Sighting:
    """Looks for this user's daemon: the socket that its discovery file names, else the usual places.

    Only files and sockets count that belong to this user and are closed to others; no config file is
    read, and no TCP address is used.
    """
    folder, is_in_home = _state_folder(env)
    refusals: list[Refusal] = []
    # In this order a start is never missed: its mark is removed after the discovery file has been written.
    mark = _read_announcement(os.path.join(folder, "starting.json"), uid, refusals)
    found = _read_announcement(os.path.join(folder, "daemon.json"), uid, refusals)
    named = found.get("socket_path")
    runtime = env.get("XDG_RUNTIME_DIR", "")
    paths = [
        *([named] if isinstance(named, str) and named else []),
        *([os.path.join(runtime, "parley", "daemon.sock")] if os.path.isabs(runtime) else []),
        os.path.join(folder, "daemon.sock"),
    ]
    is_missing = isinstance(named, str) and named != ""
    sockets: list[str] = []
    for path in dict.fromkeys(paths):
        looked = own_socket(path, uid)
        if looked is None:
            continue
        if path == named:
            is_missing = False
        if isinstance(looked, Refusal):
            refusals.append(looked)
        else:
            sockets.append(looked)
    state, pid = found.get("state"), _live_pid(found)
    # A serving daemon creates its socket again within seconds when the file was removed.
    about_to_answer = state == "starting" or (state == "serving" and is_missing)
    return Sighting(
        folder=folder,
        is_in_home=is_in_home,
        sockets=tuple(sockets),
        refusals=tuple(refusals),
        starting_pid=_live_pid(mark) or (pid if about_to_answer else None),
        pid=pid,
        state=state if isinstance(state, str) else None,
        port=_port_of(found.get("address")),
    )


def _state_folder(env: Mapping[str, str]) -> tuple[str, bool]:
    state = env.get("XDG_STATE_HOME", "")
    if os.path.isabs(state):
        return os.path.join(state, "parley"), False
    home = env.get("HOME") or _listed_home()
    if not os.path.isabs(home):
        raise NoHomeError(f'HOME is "{home}", which is not an absolute path: set it to your home folder.')
    return os.path.join(home, ".local", "state", "parley"), True


def _listed_home() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError as error:
        # Many containers run as a user whom the password file does not list.
        raise NoHomeError(
            "No daemon of yours can be looked for, because no home folder of this user is known: set HOME to one."
        ) from error


def _read_announcement(path: str, uid: int, refusals: list[Refusal]) -> dict[str, Any]:
    looked = read_own_file(path, uid)
    if isinstance(looked, Refusal):
        refusals.append(looked)
        return {}
    try:
        value = json.loads(looked or "")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _live_pid(announcement: dict[str, Any]) -> int | None:
    """The process of the announcement, when it runs: a number that another process received since does not count."""
    pid, start = announcement.get("pid"), announcement.get("process_start")
    if type(pid) is not int or pid <= 0:
        return None
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        return None
    runs_since = _process_start(pid) if isinstance(start, str) else None
    return pid if runs_since is None or runs_since == start else None


def _process_start(pid: int) -> str | None:
    """When the process began, as the daemon writes it on Linux: the boot's id and the clock ticks since then."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            status = file.read()
        with open("/proc/sys/kernel/random/boot_id", encoding="latin-1") as file:
            boot = file.read().strip()
    except OSError:
        return None
    return f"{boot}:{status[status.rindex(')') + 2 :].split(' ')[19]}"


def _port_of(address: Any) -> int | None:
    try:
        return urlsplit(address).port if isinstance(address, str) else None
    except ValueError:
        return None
