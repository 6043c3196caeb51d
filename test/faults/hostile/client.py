"""A program of the user under test on the Python SDK: makes every kind of call and prints what each came to."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

from parley import AsyncParley, Parley, ParleyError, PeerMessageCommand, SessionScope

PLAN: dict[str, Any] = json.loads(sys.argv[1])
MARKER, TOKEN = PLAN["marker"], PLAN["token"]
SESSION_ID = "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f"
MESSAGE = PeerMessageCommand(to="reviewer", body=MARKER)

CALLS: dict[str, Callable[[Any], Any]] = {
    "send": lambda client: client.send(MESSAGE),
    "status": lambda client: client.system.status(),
    "stream": lambda client: client.stream(scope=SessionScope(session_id=SESSION_ID)),
    "open session": lambda client: client.sessions.open(name="of-a-client", description=MARKER),
}
PLACES: dict[str, dict[str, Any]] = {
    "without an address": {},
    "with a token alone": {"token": TOKEN},
    **{f"at {address}": {"base_url": address, "token": TOKEN} for address in PLAN["addresses"]},
}


def report(name: str, outcome: str) -> None:
    print(json.dumps({"name": name, "outcome": outcome}), flush=True)


def sync_calls() -> None:
    for place, arguments in PLACES.items():
        for name, call in CALLS.items():
            outcome = "ok"
            with Parley(**arguments, retries=0, timeout=15) as client:
                try:
                    call(client)
                except ParleyError as error:
                    outcome = error.code
            report(f"{name} {place}, blocking", outcome)


async def async_calls() -> None:
    for place, arguments in PLACES.items():
        for name, call in CALLS.items():
            outcome = "ok"
            async with AsyncParley(**arguments, retries=0, timeout=15) as client:
                try:
                    await call(client)
                except ParleyError as error:
                    outcome = error.code
            report(f"{name} {place}, async", outcome)


sync_calls()
asyncio.run(async_calls())
