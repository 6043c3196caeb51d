"""Follows a session's log and remembers its place: start it again and it goes on where it was.

python examples/python/stream_resume.py <session> <file for the place> [how many events]
"""

from __future__ import annotations

import sys
from pathlib import Path

from parley import Parley


def main(name: str, file: str, count: str = "0") -> None:
    place = Path(file)
    position = int(place.read_text()) if place.exists() else 0
    left = int(count)
    with Parley() as client:
        session = client.sessions.get(name=name).session
        scope = {"kind": "session", "session_id": session.session_id}
        # Drops of the connection and restarts of the daemon are no business of this loop.
        with client.stream(scope=scope, after_sequence=position) as stream:
            for item in stream:
                print(item.sequence, item.event.kind, flush=True)
                if item.sequence is not None:
                    place.write_text(str(item.sequence))
                left -= 1
                if left == 0:
                    break


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:4])
