"""Who listens on a TCP port, by the kernel's tables: nothing is sent to find out."""

from __future__ import annotations

from collections.abc import Callable

_LISTENING = "0A"


def _read_text(path: str) -> str:
    try:
        with open(path, encoding="latin-1") as file:
            return file.read()
    except OSError:
        return ""


def stranger_on_port(port: int, uid: int, read: Callable[[str], str] = _read_text) -> int | None:
    """The other user who listens there; None when no other user does, or the platform does not show it."""
    suffix = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in read(table).splitlines():
            fields = line.split()
            if len(fields) > 7 and fields[1].endswith(suffix) and fields[3] == _LISTENING:
                owner = int(fields[7])
                if owner != uid:
                    return owner
    return None
