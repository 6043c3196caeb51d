"""Requests to bytes, bytes to results: JSON without NaN, at most 64 deep, checked against the contract."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from .parley_error import ErrorDetail, ParleyError
from .pattern_rules import refused_text

if TYPE_CHECKING:
    from .operation import Operation

MAX_DEPTH = 64


class Encoded(NamedTuple):
    """A request ready to be sent: as plain JSON values and as the bytes of the same."""

    fields: Any
    body: bytes
    key: str | None


def encode(operation: Operation, request: Any, key: str | None, *, check: bool = True) -> Encoded:
    """Encodes a request and gives it its idempotency key; raises the contract's validation error.

    Args:
        key: The caller's key. Without one a key is minted here, once for all tries of the call.
        check: Without it the request goes out as it is and nothing is minted.
    """
    fields = _plain(operation, request, "", 1)
    if check and operation.idempotency == "keyed":
        key = _give_key(operation, fields, key)
    try:
        body = json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise _refuse(operation, ErrorDetail("", "invalid_value", "well-formed Unicode", "a lone surrogate")) from None
    if check:
        _check(operation, fields, body)
    return Encoded(fields, body, key)


def decode(type_name: str, body: bytes | str) -> Any:
    """Reads a JSON text as a type of the contract; fields that are not known here are kept."""
    return _read(type_name, "validate_json", body)


def decode_value(type_name: str, value: Any) -> Any:
    """As `decode`, for JSON that is already parsed."""
    return _read(type_name, "validate_python", value)


def parse_json(text: bytes | str) -> Any:
    """Parses what the daemon sent; anything that is no JSON is an `internal` error."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _internal(f"The daemon answered with something that is no JSON: {error}") from error


@lru_cache(maxsize=None)
def adapter(type_name: str) -> Any:
    """The validator of a type named `module:Name`; its module loads now."""
    from pydantic import TypeAdapter

    module, _, name = type_name.partition(":")
    return TypeAdapter(getattr(import_module(f"parley._generated.types.{module}"), name))


def _read(type_name: str, method: str, value: Any) -> Any:
    try:
        return getattr(adapter(type_name), method)(value, extra="allow")
    except (ValueError, RecursionError) as error:
        name = type_name.partition(":")[2]
        raise _internal(f"The daemon's answer is no {name} of this contract: {error}") from error


def _internal(message: str) -> ParleyError:
    from .._generated.errors import InternalError

    return InternalError(message)


def _plain(operation: Operation, value: Any, field: str, depth: int) -> Any:
    """The value as JSON has it. Recursion ends at the depth limit, so any input is safe."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise _refuse(operation, ErrorDetail(field, "invalid_value", "a finite number", str(value)))
    if depth > MAX_DEPTH:
        raise _refuse(operation, ErrorDetail("", "out_of_range", f"at most {MAX_DEPTH} levels of nesting", "more"))
    to_wire = getattr(value, "to_wire", None)
    if to_wire is not None:
        return _plain_model(operation, value, to_wire, field, depth)
    if isinstance(value, Mapping):
        plain = {}
        for name, item in value.items():
            if not isinstance(name, str):
                raise _refuse(operation, ErrorDetail(field, "wrong_type", "string keys", type(name).__name__))
            plain[name] = _plain(operation, item, f"{field}.{name}" if field else name, depth + 1)
        return plain
    if isinstance(value, (list, tuple)):
        return [_plain(operation, item, f"{field}[{index}]", depth + 1) for index, item in enumerate(value)]
    raise _refuse(operation, ErrorDetail(field, "wrong_type", "a JSON value", type(value).__name__))


def _plain_model(operation: Operation, value: Any, to_wire: Any, field: str, depth: int) -> Any:
    try:
        wire = to_wire()
    except (ValueError, RecursionError):
        # Only a model that holds itself, or JSON far too deep, cannot be dumped.
        raise _refuse(
            operation, ErrorDetail("", "out_of_range", f"at most {MAX_DEPTH} levels of nesting", "more")
        ) from None
    return _plain(operation, wire, field, depth)


def _give_key(operation: Operation, fields: Any, key: str | None) -> str | None:
    if not isinstance(fields, dict):
        return key
    *parents, name = operation.key_path or ()
    holder = fields
    for parent in parents:
        holder = holder.setdefault(parent, {})
        if not isinstance(holder, dict):
            return key
    given = holder.get(name)
    if given is not None and key is not None and given != key:
        field = ".".join((*parents, name))
        raise _refuse(operation, ErrorDetail(field, "invalid_value", "the key of the call option", "another key"))
    if given is None:
        holder[name] = key if key is not None else uuid4().hex
    return str(holder[name])


def _check(operation: Operation, fields: Any, body: bytes) -> None:
    from pydantic import ValidationError

    try:
        adapter(operation.request).validate_json(body, extra="forbid")
    except ValidationError as error:
        from .validation_details import to_details

        raise _refuse(operation, *to_details(error, fields, adapter(operation.request))) from None


def _refuse(operation: Operation, *details: ErrorDetail) -> ParleyError:
    from .._generated.errors import ERROR_CLASSES

    return ERROR_CLASSES[operation.validation_error](refused_text(details), details=details)
