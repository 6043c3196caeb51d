"""What the file system of a user looks like, and what a client makes of it; the TypeScript SDK runs the same cases."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "test/vectors/discovery/cases.json").read_text("utf-8")
)
OTHER_UID = 65_534
DEAD_PID = 2**22 + 1
"""Above the largest process id of Linux and macOS."""
UID = os.geteuid()


def needs_root(case: dict[str, Any]) -> bool:
    """The case has files of another user."""
    return any("owner" in entry for entry in case["tree"])


def possible_cases() -> list[dict[str, Any]]:
    """Those that this machine can show."""
    return [
        case
        for case in CASES
        if case.get("needs", sys.platform) == sys.platform and (UID == 0 or not needs_root(case))
    ]


class Scene:
    """A folder of one case, with its sockets listening."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self.root = root
        self._stack = stack
        root.chmod(0o700)

    def env(self, changes: dict[str, str] | None = None) -> dict[str, str]:
        folders = {"XDG_STATE_HOME": "state", "XDG_CONFIG_HOME": "config", "XDG_RUNTIME_DIR": "run"}
        own = {name: str(self.root / folder) for name, folder in folders.items()}
        return {"HOME": str(self.root), **own, **(changes or {})}

    def fill(self, text: str) -> str:
        """Text of a case with this scene's values."""
        values = {"root": self.root, "uid": UID, "other": OTHER_UID, "live": os.getpid()}
        return re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), text)

    def add(self, entry: dict[str, Any]) -> Path:
        kind = next(kind for kind in ("file", "socket", "folder", "pipe", "link") if kind in entry)
        path = self.root / entry[kind]
        self._make_folder(path.parent)
        if kind == "file":
            path.write_text(json.dumps(self._filled(entry["json"])) if "json" in entry else self.fill(entry.get("text", "")))
        elif kind == "folder":
            path.mkdir(exist_ok=True)
        elif kind == "pipe":
            os.mkfifo(path)
        elif kind == "link":
            self._make_folder((self.root / entry["to"]).parent)
            path.symlink_to(self.root / entry["to"])
        else:
            listener = self._stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            listener.bind(str(path))
            listener.listen()
        if "mode" in entry:
            path.chmod(int(entry["mode"], 8))
        if "owner" in entry:
            os.lchown(path, OTHER_UID, OTHER_UID)
        return path

    def _make_folder(self, folder: Path) -> None:
        if not folder.exists():
            self._make_folder(folder.parent)
            folder.mkdir(mode=0o700)

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(inner) for key, inner in value.items()}
        if isinstance(value, str):
            return {"<live>": os.getpid(), "<dead>": DEAD_PID}.get(value, self.fill(value))
        return value


@contextmanager
def scene_of(folder: Path, tree: list[dict[str, Any]]) -> Iterator[Scene]:
    """Makes the files of a case."""
    with ExitStack() as stack:
        scene = Scene(folder, stack)
        for entry in tree:
            scene.add(entry)
        yield scene
