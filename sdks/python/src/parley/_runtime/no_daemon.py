"""What to report when no daemon of this user answers, and what to type."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable

from .discovery import Sighting
from .port_owner import stranger_on_port

_DEFAULT_PORT = 7433


def no_daemon_message(
    sighting: Sighting,
    uid: int,
    stranger_on: Callable[[int, int], int | None] = stranger_on_port,
    listed_home: Callable[[], str | None] | None = None,
) -> str:
    """Why no daemon of this user answers, and what to type."""
    parts = [_headline(sighting)]
    if sighting.refusals:
        shown = "; ".join(f"{refusal.path} ({refusal.why})" for refusal in sighting.refusals)
        parts.append(f"Not used: {shown}.")
    ports = dict.fromkeys((sighting.port or _DEFAULT_PORT, _DEFAULT_PORT))
    owners = ((port, stranger_on(port, uid)) for port in ports)
    foreign = next(((port, owner) for port, owner in owners if owner is not None), None)
    if foreign is not None:
        port, owner = foreign
        parts.append(f"Port {port} belongs to user {owner}: a daemon there is not yours, and nothing was sent to it.")
    parts.append(_advice(sighting, uid, foreign is not None, listed_home or _home_in_user_list))
    return " ".join(parts)


def still_starting_message(pid: int) -> str:
    """The message about a daemon whose start takes longer than clients wait."""
    return (
        f"Your daemon is starting (pid {pid}) and does not answer yet. "
        "Try again in a moment; `parley doctor` shows more."
    )


def _headline(sighting: Sighting) -> str:
    if sighting.pid is None:
        return "No daemon of yours is running."
    return f"Your daemon (pid {sighting.pid}) {'is stopping' if sighting.state == 'stopping' else 'does not answer'}."


def _advice(sighting: Sighting, uid: int, is_port_taken: bool, listed_home: Callable[[], str | None]) -> str:
    problem = _folder_problem(sighting, uid)
    if problem is not None:
        elsewhere = _other_home(listed_home()) if sighting.is_in_home else "type `unset XDG_STATE_HOME`"
        return f"{problem}: {elsewhere}, then `parley up --detach`."
    fixes = [refusal.fix for refusal in sighting.refusals if refusal.fix is not None]
    runs = sighting.pid is not None and sighting.state != "stopping"
    if fixes:
        return f"Type `{' && '.join(fixes)}`{'' if runs else ', then `parley up --detach`'}."
    if runs:
        return "Type `parley stop`, then `parley up --detach`."
    return f"Start your own with `parley up --detach`{', which takes the next free port' if is_port_taken else ''}."


def _other_home(listed: str | None) -> str:
    """A login through `su` or a container often leaves the HOME of another user in the environment."""
    if listed is not None and os.access(listed, os.W_OK | os.X_OK):
        return f"type `export HOME={shlex.quote(listed)}`"
    return "set HOME to a folder that you can write to"


def _home_in_user_list() -> str | None:
    """The user list of the system need not have this user."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return None


def _folder_problem(sighting: Sighting, uid: int) -> str | None:
    """Why no daemon of this user can start in the folder of the discovery file; None when one can."""
    there = _nearest(sighting.folder)
    leads = f"{'HOME' if sighting.is_in_home else 'XDG_STATE_HOME'} leads to {there}"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{leads}, where you cannot write"
    # Root can write everywhere, also after `sudo` with the folders of a user whose daemon runs there.
    owner = os.stat(there).st_uid
    if owner == uid or all(os.path.dirname(refusal.path) != there for refusal in sighting.refusals):
        return None
    return f"{leads}, where a daemon of user {owner} has its files"


def _nearest(folder: str) -> str:
    """The folder, or the nearest one above it that exists."""
    return folder if os.path.exists(folder) or os.path.dirname(folder) == folder else _nearest(os.path.dirname(folder))
