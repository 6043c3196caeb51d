"""For each `{"type": "module:Name", "text": JSON}` on stdin: whether the generated type takes it, parsed and as text."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from parley._runtime.codec import adapter


def fits(validate: Callable[[Any], object], value: object) -> bool:
    try:
        validate(value)
    except ValueError:
        return False
    return True


cases = [json.loads(line) for line in sys.stdin]
json.dump(
    {
        "parsed": [fits(adapter(case["type"]).validate_python, json.loads(case["text"])) for case in cases],
        "text": [fits(adapter(case["type"]).validate_json, case["text"]) for case in cases],
    },
    sys.stdout,
)
