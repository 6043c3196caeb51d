"""Says for each `{"type": "module:Name", "value": ...}` on stdin whether the Python SDK's strict models take it."""

from __future__ import annotations

import json
import sys

from parley._runtime.codec import adapter


def takes(type_name: str, value: object) -> bool:
    try:
        adapter(type_name).validate_python(value)
    except ValueError:
        return False
    return True


verdicts = [takes(case["type"], case["value"]) for line in sys.stdin for case in [json.loads(line)]]
json.dump(verdicts, sys.stdout)
