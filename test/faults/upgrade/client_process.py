"""The Python SDK of a program talks to a daemon: what each call comes to. client_process.py <Callee as JSON>"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from parley import Parley, ParleyError

callee = json.loads(sys.argv[1])
outcomes: dict[str, str] = {}


def attempt(name: str, call: Callable[[], Any]) -> None:
    try:
        call()
        outcomes[name] = "works"
    except ParleyError as error:
        outcomes[name] = f"{error.code}: {error.message}"


def read(client: Parley) -> None:
    scope = {"kind": "session", "session_id": callee["sessionId"]}
    with client.comms.stream(scope=scope, follow=False) as stream:
        for _ in stream:
            pass


def attempt_all(over: str, client: Parley) -> None:
    message = {"kind": "peer_message", "to": callee["name"], "body": "x"}
    attempt(f"version over {over}", client.system.version)
    attempt(f"peers over {over}", client.peers)
    attempt(f"send over {over}", lambda: client.send(message))
    attempt(f"stream over {over}", lambda: read(client))
    attempt(f"host over {over}", lambda: client.sessions.open(name=f"py-{len(over)}"))
    if hasattr(client.system, "echo"):
        attempt(f"new operation over {over}", client.system.echo)
    client.close()


attempt_all("the socket", Parley(socket_path=callee["socketPath"], retries=0, timeout=10))
attempt_all("TCP", Parley(callee["address"], callee["token"], retries=0, timeout=10))
print(json.dumps(outcomes))
