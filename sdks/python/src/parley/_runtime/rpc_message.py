"""JSON-RPC 2.0 texts; nothing here does I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .._generated.operations import COMMS_STREAM, COMMS_STREAM_CLOSE, SYSTEM_INITIALIZE
from .._generated.version import CONTRACT_DIGEST, CONTRACT_VERSION
from ..version import __version__
from .parley_error import error_from_payload

if TYPE_CHECKING:
    from .operation import Operation

STREAM_EVENT = "comms/stream_event"
STREAM_CLOSED = "comms/stream_closed"


def call_text(id: int, operation: Operation, params: str) -> str:
    """A call whose params are already JSON."""
    return f'{{"jsonrpc":"2.0","id":{id},"method":{json.dumps(operation.rpc)},"params":{params}}}'


def initialize_text(id: int, session: str | None) -> str:
    """The first call of a connection: contract versions and the acting session."""
    params: dict[str, Any] = {
        "client": {"name": "parley-python", "version": __version__},
        "contract": CONTRACT_VERSION,
        "digest": CONTRACT_DIGEST,
    }
    if session is not None:
        params["session"] = session
    return call_text(id, SYSTEM_INITIALIZE, json.dumps(params))


def open_text(id: int, fields: dict[str, Any]) -> str:
    """Opens a stream."""
    return call_text(id, COMMS_STREAM, json.dumps(fields))


def close_text(id: int, stream_id: str) -> str:
    """Closes a stream of the same connection."""
    return call_text(id, COMMS_STREAM_CLOSE, json.dumps({"stream_id": stream_id}))


def cancel_text(id: int) -> str:
    """Tells the daemon that nobody waits for a call any more."""
    return json.dumps({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": id}})


def result_of(message: Any, status: int | None = None) -> Any:
    """The result in a response; raises its typed error."""
    if isinstance(message, dict) and "result" in message:
        return message["result"]
    error = message.get("error") if isinstance(message, dict) else None
    payload = error.get("data", error) if isinstance(error, dict) else message
    raise error_from_payload(payload, status=status)
