"""What the runtime knows of one operation."""

from __future__ import annotations

from typing import NamedTuple


class QueryField(NamedTuple):
    """A request field that travels in the query; `tag` carries a union's `kind`."""

    name: str
    path: tuple[str, ...]
    type: str


class RestBinding(NamedTuple):
    """How an operation is called over HTTP."""

    method: str
    path: str
    path_fields: tuple[str, ...]
    body: bool
    query: tuple[QueryField, ...]
    key_header: bool


class StreamFields(NamedTuple):
    """Fields of a stream's request and events, as the contract declares them; None where it has none."""

    cursor: str | None
    position: str | None
    resume: str | None
    follow: str | None
    terminal: tuple[str, ...] = ()
    terminal_scope: str | None = None


class Operation(NamedTuple):
    """One operation of the contract; types are named `module:Name` and load on first use."""

    id: str
    plane: str
    kind: str
    idempotency: str
    key_path: tuple[str, ...] | None
    timeout: str
    validation_error: str
    request: str
    response: str
    event: str | None
    closed: str | None
    rpc: str | None
    rest: RestBinding | None
    stream: StreamFields | None = None
