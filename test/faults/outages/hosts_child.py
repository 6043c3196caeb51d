"""Serves some sessions with the Python SDK until its stdin ends; notes what it begins and completes.

Arguments: <sync|async> <ledger> <names> [<address> <token>]
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import Any

from parley import AsyncParley, Parley

MODE, LEDGER, NAMES = sys.argv[1:4]
ARGUMENTS: dict[str, Any] = dict(zip(("base_url", "token"), sys.argv[4:6]))


def note(what: str, interaction: Any, turn: Any) -> None:
    with open(LEDGER, "a", encoding="ascii") as ledger:
        ledger.write(f"{what} {interaction.interaction_id} {interaction.attempt} {turn.id}\n")


def failed(error: Exception, interaction: Any) -> None:
    print(interaction.interaction_id, repr(error), file=sys.stderr, flush=True)


def pieces(interaction: Any) -> tuple[float, list[str]]:
    count, pause, size = (float(part) for part in interaction.params["body"].split())
    return pause, [f"{number};{'x' * int(size)}" for number in range(1, int(count) + 1)]


def work(interaction: Any, turn: Any) -> int:
    pause, texts = pieces(interaction)
    note("start", interaction, turn)
    for text in texts:
        time.sleep(pause)
        turn.text(text)
    note("done", interaction, turn)
    return len(texts)


async def work_async(interaction: Any, turn: Any) -> int:
    pause, texts = pieces(interaction)
    note("start", interaction, turn)
    for text in texts:
        await asyncio.sleep(pause)
        await turn.text(text)
    note("done", interaction, turn)
    return len(texts)


def serve() -> None:
    with Parley(**ARGUMENTS) as client:
        hosts = [client.host(name, ttl_ms=15_000, concurrency=2, on_error=failed) for name in NAMES.split(",")]
        threads = [threading.Thread(target=host.serve, args=(work,)) for host in hosts]
        for thread in threads:
            thread.start()
        sys.stdin.read()
        for host in hosts:
            host.abort()
        for thread in threads:
            thread.join()


async def serve_async() -> None:
    async with AsyncParley(**ARGUMENTS) as client:
        hosts = [client.host(name, ttl_ms=15_000, concurrency=2, on_error=failed) for name in NAMES.split(",")]
        serving = [asyncio.create_task(host.serve(work_async)) for host in hosts]
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        for host in hosts:
            host.abort()
        await asyncio.gather(*serving)


if MODE == "sync":
    serve()
else:
    asyncio.run(serve_async())
