"""Client of the Parley daemon: send, stream, peers, hosts.

Names load when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._generated.names import MODULES
from ._generated.version import CONTRACT_DIGEST, CONTRACT_VERSION
from .version import __version__

if TYPE_CHECKING:
    from ._generated.errors import *
    from ._generated.types import *
    from ._runtime.async_client import AsyncParley as AsyncParley
    from ._runtime.async_host import AsyncHost as AsyncHost
    from ._runtime.async_turn import AsyncTurn as AsyncTurn
    from ._runtime.async_stream import AsyncEventStream as AsyncEventStream
    from ._runtime.calls import UNSET as UNSET
    from ._runtime.http_message import RawResponse as RawResponse
    from ._runtime.model import Unknown as Unknown
    from ._runtime.parley_error import ErrorDetail as ErrorDetail
    from ._runtime.parley_error import ParleyError as ParleyError
    from ._runtime.parley_error import SendAndStreamError as SendAndStreamError
    from ._runtime.send_and_stream import SentStream as SentStream
    from ._runtime.sync_client import Parley as Parley
    from ._runtime.sync_host import Host as Host
    from ._runtime.sync_turn import Turn as Turn
    from ._runtime.sync_stream import EventStream as EventStream

_RUNTIME = {
    "AsyncEventStream": "async_stream",
    "AsyncHost": "async_host",
    "AsyncParley": "async_client",
    "AsyncTurn": "async_turn",
    "ErrorDetail": "parley_error",
    "EventStream": "sync_stream",
    "Host": "sync_host",
    "Parley": "sync_client",
    "ParleyError": "parley_error",
    "RawResponse": "http_message",
    "SendAndStreamError": "parley_error",
    "SentStream": "send_and_stream",
    "Turn": "sync_turn",
    "UNSET": "calls",
    "Unknown": "model",
}

__all__ = ["CONTRACT_DIGEST", "CONTRACT_VERSION", "__version__", *_RUNTIME, *MODULES]


def __getattr__(name: str) -> Any:
    if name in _RUNTIME:
        module = f"._runtime.{_RUNTIME[name]}"
    elif name in MODULES:
        module = f"._generated.{MODULES[name]}"
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(module, __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
