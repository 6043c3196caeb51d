"""Decodes each `{"type": "module:Name", "text": ...}` on stdin as the Python SDK does.

Prints per line what goes back to the wire, and the kinds of the variants that were not known; null when it is refused.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from parley import ParleyError
from parley._runtime.codec import adapter, decode
from parley._runtime.model import Unknown


def unknown_in(value: Any) -> list[str]:
    if isinstance(value, Unknown):
        return [value.wire_kind]
    if isinstance(value, dict):
        return [kind for item in value.values() for kind in unknown_in(item)]
    if isinstance(value, (list, tuple)):
        return [kind for item in value for kind in unknown_in(item)]
    return unknown_in(vars(value)) if hasattr(value, "model_fields_set") else []


def read(type_name: str, text: str) -> Any:
    try:
        value = decode(type_name, text)
    except ParleyError as error:
        return {"error": error.message}
    wire = value.to_wire() if hasattr(value, "to_wire") else adapter(type_name).dump_python(value)
    return {"wire": wire, "unknown": unknown_in(value)}


json.dump([read(case["type"], case["text"]) for line in sys.stdin for case in [json.loads(line)]], sys.stdout)
