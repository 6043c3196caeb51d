"""Takes one call a line as JSON on stdin, makes it with the SDK, answers one line; the first line is the token."""

import json
import sys

from parley import Parley, ParleyError

address = sys.argv[1]
token = sys.stdin.readline().strip()
clients: dict[tuple[str | None, str], Parley] = {}


def client_for(session: str | None, secret: str) -> Parley:
    key = (session, secret)
    if key not in clients:
        clients[key] = Parley(base_url=address, token=secret, session=session, retries=0)
    return clients[key]


def answer(call: dict) -> dict:
    client = client_for(call.get("session"), call.get("token") or token)
    request = call["request"]
    try:
        # Unchecked: what is wrong has to reach the daemon. A stream answers with what was opened.
        return {"response": client.call(call["operation"], request)}
    except ParleyError as error:
        return {"error": error.payload}


for line in sys.stdin:
    sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
    sys.stdout.flush()
for client in clients.values():
    client.close()
