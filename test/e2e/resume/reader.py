"""Prints a stream's events, one JSON line each: <sync|async> <interaction|session> <host> <interactions until the end>.

The first line of stdin is the daemon's address and a token; only the asynchronous reader uses them.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from parley import AsyncParley, Parley, PeerRequestCommand

MODE, SCOPE, HOST, UNTIL = sys.argv[1:5]
ADDRESS, TOKEN = sys.stdin.readline().split()
COMMAND = PeerRequestCommand(to=HOST, intent="count", params=None)
left = int(UNTIL)


def said(item: Any) -> bool:
    """Prints the event; False after the last one that is wanted."""
    global left
    text = item.event.delta if item.event.kind == "text_delta" else item.event.kind
    print(json.dumps([item.sequence, str(item.interaction_id), text]), flush=True)
    left -= item.event.kind == "interaction_complete"
    return left > 0


def read() -> None:
    with Parley() as client:
        if SCOPE == "interaction":
            stream = client.send_and_stream(COMMAND).stream
        else:
            scope = {"kind": "session", "session_id": client.sessions.get(name=HOST).session.session_id}
            stream = client.stream(scope=scope, after_sequence=0)
        with stream:
            for item in stream:
                if not said(item):
                    break


async def read_async() -> None:
    async with AsyncParley(base_url=ADDRESS, token=TOKEN) as client:
        if SCOPE == "interaction":
            stream = (await client.send_and_stream(COMMAND)).stream
        else:
            found = await client.sessions.get(name=HOST)
            scope = {"kind": "session", "session_id": found.session.session_id}
            stream = client.stream(scope=scope, after_sequence=0)
        async with stream:
            async for item in stream:
                if not said(item):
                    break


if MODE == "sync":
    read()
else:
    asyncio.run(read_async())
