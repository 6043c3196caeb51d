"""Which files and sockets are this user's own, and closed to other users."""

from __future__ import annotations

import os
import shlex
import stat
from dataclasses import dataclass

_IS_LINK = "is a symbolic link"


@dataclass(frozen=True)
class Refusal:
    """Why a path is not used, and the command that changes this where one can."""

    path: str
    why: str
    fix: str | None = None


def read_own_file(path: str, uid: int) -> str | Refusal | None:
    """The text of a private file (0600) of this user; None when there is no file.

    Symbolic links are not followed, and owner and mode are those of the open file, so that it cannot
    be exchanged between check and read.
    """
    try:
        # Opening a pipe without a writer would wait.
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        return _unreadable(path, error, uid)
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            return Refusal(path, "is not a file")
        refusal = _strangers_right(path, status, uid)
        if refusal is not None:
            return refusal
        with open(file, encoding="utf-8", errors="replace", closefd=False) as reader:
            return reader.read()
    except OSError as error:
        return _unreadable(path, error, uid)
    finally:
        os.close(file)


def own_socket(path: str, uid: int) -> str | Refusal | None:
    """The path to connect to; None when there is nothing.

    It is a private socket (0600) of this user in a folder where no other user can put another in its
    place before the connection is made.
    """
    if not os.path.isabs(path):
        return Refusal(path, "is not an absolute path")
    try:
        folder = os.path.realpath(os.path.dirname(path), strict=True)
        real = os.path.join(folder, os.path.basename(path))
        status = os.lstat(real)
        if stat.S_ISLNK(status.st_mode):
            return _removable(Refusal(path, _IS_LINK), uid)
        if not stat.S_ISSOCK(status.st_mode):
            return Refusal(path, "is not a socket")
        return _strangers_right(path, status, uid) or _strangers_folder(folder, uid) or real
    except OSError as error:
        return _unreadable(path, error, uid)


def _strangers_right(path: str, status: os.stat_result, uid: int) -> Refusal | None:
    if status.st_uid != uid:
        return _removable(Refusal(path, _belongs_to(status.st_uid, uid)), uid)
    if status.st_mode & 0o077 == 0:
        return None
    why = f"is open to other users, mode {_octal(status.st_mode)}"
    return Refusal(path, why, f"chmod 600 {shlex.quote(path)}")


def _removable(refusal: Refusal, uid: int) -> Refusal:
    """In a folder of their own, users may remove what is not theirs; the daemon writes its file or socket again."""
    if os.lstat(os.path.dirname(refusal.path)).st_uid != uid:
        return refusal
    return Refusal(refusal.path, refusal.why, f"rm {shlex.quote(refusal.path)}")


def _strangers_folder(folder: str, uid: int) -> Refusal | None:
    """The folder belongs to this user or root, and no other user can write to it or replace a folder above it."""
    refusal = _strangers_write(folder, (uid, 0), 0o022, uid)
    # Where root has no number in this user namespace, the owner of `/` is who administers the machine.
    trusted = (uid, 0, os.lstat("/").st_uid)
    path = folder
    while refusal is None and path != os.path.dirname(path):
        path = os.path.dirname(path)
        status = os.lstat(path)
        # A group with the user's own number has no other members.
        others_write = 0o002 if status.st_gid in (uid, 0) else 0o022
        refusal = _strangers_write(path, trusted, 0 if status.st_mode & stat.S_ISVTX else others_write, uid)
    return refusal


def _strangers_write(path: str, owners: tuple[int, ...], forbidden: int, uid: int) -> Refusal | None:
    status = os.lstat(path)
    if status.st_uid not in owners:
        return Refusal(path, _belongs_to(status.st_uid, uid))
    if status.st_mode & forbidden == 0:
        return None
    why = f"can be written by other users, mode {_octal(status.st_mode)}"
    return Refusal(path, why, f"chmod go-w {shlex.quote(path)}" if status.st_uid == uid else None)


def _unreadable(path: str, error: OSError, uid: int) -> Refusal | None:
    import errno

    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return None
    if error.errno == errno.ELOOP:
        return _removable(Refusal(path, _IS_LINK), uid)
    return Refusal(path, f"cannot be read, {errno.errorcode.get(error.errno or 0, error.errno)}")


def _belongs_to(owner: int, uid: int) -> str:
    return f"belongs to user {owner}, not to you, user {uid}"


def _octal(mode: int) -> str:
    return f"{stat.S_IMODE(mode):04o}"
