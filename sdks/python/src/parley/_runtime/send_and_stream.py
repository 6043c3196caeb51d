"""What `send_and_stream` adds to `send` and `stream`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .parley_error import ErrorDetail, ParleyError


class SentStream(NamedTuple):
    """The receipt of a command and the stream of the interaction that it opened."""

    receipt: Any
    stream: Any


def reserving(request: Any) -> dict[str, Any]:
    """The command with a reservation for its stream."""
    fields = request.to_wire() if hasattr(request, "to_wire") else request
    if not isinstance(fields, Mapping) or fields.get("kind") not in ("input", "peer_request"):
        from .._generated.errors import InvalidCommandError

        kind = fields.get("kind") if isinstance(fields, Mapping) else None
        raise InvalidCommandError(
            "Only `input` and `peer_request` open an interaction; use `send` for the other kinds.",
            details=[ErrorDetail("kind", "invalid_value", "one of: input, peer_request", str(kind))],
        )
    return {**fields, "stream": "reserve_interaction"}


def interaction_scope(receipt: Any) -> dict[str, str]:
    """The scope of the interaction that a receipt names."""
    interaction_id = getattr(receipt, "interaction_id", None)
    if not isinstance(interaction_id, str):
        raise ParleyError(f"The receipt {receipt!r} names no interaction.", code="internal")
    return {"kind": "interaction", "interaction_id": interaction_id}
