"""Prints every public name of the package and of its classes as JSON, by class."""

from __future__ import annotations

import json

import parley

found: dict[str, list[str]] = {"": [name for name in dir(parley) if not name.startswith("_")]}
for name in found[""]:
    value = getattr(parley, name)
    if isinstance(value, type):
        found[name] = [member for member in dir(value) if not member.startswith("_")]
with parley.Parley(base_url="http://127.0.0.1:1", token="none") as client:
    for name in vars(client):
        if not name.startswith("_"):
            found[f"client.{name}"] = dir(getattr(client, name))
print(json.dumps(found))
