"""HTTP requests and answers as values; nothing here does I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

from .._generated.version import CONTRACT_DIGEST, CONTRACT_VERSION
from ..version import __version__
from .codec import Encoded, decode, decode_value, parse_json
from .parley_error import ParleyError, error_from_payload
from .rpc_message import call_text, result_of

if TYPE_CHECKING:
    from .operation import Operation
    from .target import Target

USER_AGENT = f"parley-python/{__version__}"


class HttpRequest(NamedTuple):
    """One request; the path has the query in it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None
    rpc: bool


class HttpResponse(NamedTuple):
    """One answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class RawResponse(NamedTuple):
    """An answer before it is checked: what travelled, and `parse()` for the typed result."""

    surface: str
    """`rest` or `rpc`: how the operation travelled."""
    status: int | None
    """HTTP status; None over a WebSocket."""
    headers: Mapping[str, str]
    data: Any
    """The result as plain JSON values."""
    type_name: str

    def parse(self) -> Any:
        """The typed result."""
        return decode_value(self.type_name, self.data)

    @property
    def request_id(self) -> str | None:
        """Names this call in the daemon's log."""
        return self.headers.get("parley-request-id")


def base_headers(target: Target, session: str | None, extra: Mapping[str, str] | None) -> dict[str, str]:
    """Headers of every request: credentials, contract and acting session."""
    headers = {
        "Host": target.authority,
        "User-Agent": USER_AGENT,
        "Parley-Contract": CONTRACT_VERSION,
        "Parley-Digest": CONTRACT_DIGEST,
    }
    if target.token is not None:
        headers["Authorization"] = f"Bearer {target.token}"
    if session is not None:
        headers["Parley-Session"] = session
    headers.update(extra or {})
    return headers


def build_request(
    operation: Operation, encoded: Encoded, target: Target, headers: dict[str, str], *, rpc: bool
) -> HttpRequest:
    """The request of a unary call: by its REST binding, or as JSON-RPC over POST."""
    rest = operation.rest
    headers = {**headers, "Accept": "application/json"}
    if rpc or rest is None:
        headers["Content-Type"] = "application/json"
        body = call_text(1, operation, encoded.body.decode()).encode()
        return HttpRequest("POST", f"{target.prefix}/rpc", headers, body, True)
    path = rest.path
    for name in rest.path_fields:
        path = path.replace(f"{{{name}}}", quote(str(encoded.fields[name]), safe=""))
    if not rest.body:
        return HttpRequest(rest.method, target.prefix + path + query_of(operation, encoded.fields), headers, None, False)
    headers["Content-Type"] = "application/json"
    body = encoded.body
    if rest.path_fields:
        rest_fields = {name: value for name, value in encoded.fields.items() if name not in rest.path_fields}
        body = json.dumps(rest_fields, ensure_ascii=False, separators=(",", ":")).encode()
    return HttpRequest(rest.method, target.prefix + path, headers, body, False)


def query_of(operation: Operation, fields: Any) -> str:
    """The query of a request whose fields travel there."""
    assert operation.rest is not None
    pairs = []
    for name, path, type in operation.rest.query:
        value = fields
        for step in (*path, "kind") if type == "tag" and path[-1] != "kind" else path:
            value = value.get(step) if isinstance(value, dict) else None
        if value is not None:
            pairs.append((name, value if isinstance(value, str) else json.dumps(value)))
    return f"?{urlencode(pairs)}" if pairs else ""


def read_response(
    operation: Operation, request: HttpRequest, response: HttpResponse, place: Target, *, raw: bool
) -> Any:
    """The typed result of a call; raises the typed error."""
    check_contract(response.headers)
    if response.status >= 300 and not (request.rpc and response.status == 400):
        raise http_error(response, place)
    if request.rpc:
        data = result_of(parse_json(response.body), response.status)
        if not raw:
            return decode_value(operation.response, data)
        return RawResponse("rpc", response.status, response.headers, data, operation.response)
    if raw:
        data = parse_json(response.body)
        return RawResponse("rest", response.status, response.headers, data, operation.response)
    return decode(operation.response, response.body)


def http_error(response: HttpResponse, place: Target) -> ParleyError:
    """The typed error of an answer with a status of 300 or more.

    A body that is no error payload comes from a proxy, or from another program than a daemon.
    """
    try:
        payload = parse_json(response.body)
    except ParleyError:
        payload = None
    if isinstance(payload, dict) and isinstance(payload.get("error"), dict):
        payload = payload["error"].get("data", payload)
    if isinstance(payload, dict) and isinstance(payload.get("code"), str):
        error = error_from_payload(payload, status=response.status)
    else:
        error = _foreign_answer(response, place)
    retry_after = response.headers.get("retry-after", "")
    if error.retry_after_ms is None and retry_after.isdigit():
        error.retry_after_ms = int(retry_after) * 1000
    return error


_AWAY_STATUSES = (502, 503, 504)
"""What a proxy answers while the daemon behind it is away."""


def _foreign_answer(response: HttpResponse, place: Target) -> ParleyError:
    from .._generated.errors import DaemonUnreachableError

    status = response.status
    if status in _AWAY_STATUSES:
        message = f"A proxy at {place} answered HTTP {status}: the daemon is away."
    elif 300 <= status < 400:
        message = (
            f"{place} answered with a redirect (HTTP {status}). "
            "Redirects are not followed: pass the daemon's own address."
        )
    else:
        text = response.body[:80].decode("utf-8", "replace")
        got = json.dumps(text, ensure_ascii=False) if text else "an empty body"
        message = (
            f"{place} answered HTTP {status} with {got}, which no Parley daemon sends: "
            "check the address and any proxy in front of it."
        )
    return DaemonUnreachableError(message, retryable=status in (*_AWAY_STATUSES, 429), status=status)


def check_contract(headers: Mapping[str, str]) -> None:
    """Raises `contract_mismatch` when the daemon speaks another contract; an absent header means no check."""
    theirs = headers.get("parley-contract")
    if theirs is not None and not compatible(theirs):
        from .._generated.errors import ContractMismatchError

        older = "the daemon" if _numbers(theirs) < _numbers(CONTRACT_VERSION) else "this SDK"
        raise ContractMismatchError(
            f"This SDK speaks contract {CONTRACT_VERSION}, the daemon {theirs}; upgrade {older}."
        )


def compatible(version: str) -> bool:
    """Same `0.minor`, or the same major from 1.0 on."""
    ours, theirs = _numbers(CONTRACT_VERSION), _numbers(version)
    return ours[:2] == theirs[:2] if ours[0] == 0 else ours[0] == theirs[0]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else -1 for part in version.split(".")[:3])
