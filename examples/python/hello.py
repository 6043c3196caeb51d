"""Who is there, and one question to one of them: python examples/python/hello.py [peer] [question]"""

from __future__ import annotations

import json
import sys

from parley import Parley, PeerRequestCommand, SendAndStreamError


def main(to: str = "echo", question: str = "hello") -> int:
    with Parley() as client:
        peers = [f"{peer.name} ({peer.presence.state})" for peer in client.peers().peers]
        print(f"peers: {', '.join(peers) or 'none'}")
        try:
            command = PeerRequestCommand(to=to, intent="ask", params={"body": question})
            receipt, stream = client.send_and_stream(command)
        except SendAndStreamError as error:
            print(f"{error.stage}: {error.message} [{error.code}]", file=sys.stderr)
            return 1
        print(f"accepted: {receipt.kind}")
        with stream:
            for item in stream:
                event = item.event
                if event.kind == "text_delta":
                    print(event.delta, end="", flush=True)
                elif event.kind == "interaction_complete":
                    print(f"\nresult: {json.dumps(event.result)}")
                elif event.kind == "interaction_failed":
                    print(f"\nfailed: {event.reason.message}", file=sys.stderr)
                    return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
