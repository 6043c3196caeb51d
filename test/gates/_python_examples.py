"""Runs each Python example of the reference on real resource classes over a fake wire; prints what it would send."""

from __future__ import annotations

import json
import sys
import types

from parley._generated.resources.comms import Comms
from parley._generated.resources.endpoints import Endpoints
from parley._generated.resources.sessions import Sessions
from parley._generated.resources.system import System


class Recorder:
    """Takes the place of the transport."""

    def __init__(self) -> None:
        self.sent: list[object] = []

    def unary(self, operation, request, **options):
        self.sent.append([operation.id, request])

    def stream(self, operation, request, **options):
        self.sent.append([operation.id, request])
        return []


def run(code: str) -> list[object]:
    recorder = Recorder()

    class Parley:
        comms = Comms(recorder)
        endpoints = Endpoints(recorder)
        sessions = Sessions(recorder)
        system = System(recorder)

    sys.modules["parley_example"] = types.ModuleType("parley_example")
    sys.modules["parley_example"].Parley = Parley
    exec(compile(code.replace("from parley import", "from parley_example import"), "example", "exec"), {})
    return recorder.sent


json.dump([run(json.loads(line)) for line in sys.stdin], sys.stdout)
