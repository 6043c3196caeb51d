"""An agent that counts words; it works until Ctrl-C, over restarts of the daemon: python examples/python/host.py [name]"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import Any

from parley import AsyncParley, AsyncTurn


async def count(interaction: Any, turn: AsyncTurn) -> dict[str, int]:
    words = text_of(interaction).split()
    for index, word in enumerate(words, 1):
        await turn.text(f"{index} {word}\n")
    return {"words": len(words)}


def text_of(interaction: Any) -> str:
    if interaction.kind in ("input", "peer_message"):
        return interaction.body
    content = interaction.params if interaction.kind == "peer_request" else interaction.result
    body = content.get("body") if isinstance(content, dict) else None
    return body if isinstance(body, str) else json.dumps(content)


async def main(name: str = "counter") -> None:
    async with AsyncParley() as client:
        host = client.host(name, description="counts words", concurrency=4)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, host.stop)
        session = await host.open()
        print(f"{session.name} serves; Ctrl-C stops it", flush=True)
        await host.serve(count)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:2]))
