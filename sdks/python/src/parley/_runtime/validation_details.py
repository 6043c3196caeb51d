"""pydantic's errors in the contract's words: dotted fields, our issues, sorted, each once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from .parley_error import ErrorDetail
from .pattern_rules import pattern_words

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

_ISSUES = {
    "missing": "missing_field",
    "extra_forbidden": "unknown_field",
    "literal_error": "invalid_value",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "string_too_short": "out_of_range",
    "too_short": "out_of_range",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "string_pattern_mismatch": "pattern",
    "union_tag_invalid": "unknown_kind",
}
_TYPES = {
    "string_type": "string",
    "bool_type": "boolean",
    "int_type": "integer",
    "int_from_float": "integer",
    "list_type": "array",
    "dict_type": "object",
    "model_type": "object",
}
_TEXT_OF = {"object": "an object, not its JSON text", "array": "an array, not its JSON text"}
_SCALAR_TEXT = {
    "integer": ("an integer, not its text", re.compile(r"-?\d+")),
    "boolean": ("a boolean, not its text", re.compile(r"true|false")),
}


def to_details(error: ValidationError, value: Any, adapter: TypeAdapter[Any]) -> list[ErrorDetail]:
    """The details of a request that failed."""
    found: dict[tuple[str, str], ErrorDetail] = {}
    for one in error.errors(include_url=False):
        detail = _detail(one, value, adapter)
        found.setdefault((detail.field, detail.issue), detail)
    wrong = {field for field, issue in found if issue == "wrong_type"}
    kept = [one for one in found.values() if one.issue == "wrong_type" or one.field not in wrong]
    return sorted(kept, key=lambda one: (one.field, one.issue))


def _detail(error: Any, value: Any, adapter: TypeAdapter[Any]) -> ErrorDetail:
    field, subject, parent = _locate(error["loc"], value)
    kind, context = error["type"], error.get("ctx", {})
    if kind == "union_tag_not_found":
        if not isinstance(subject, dict):
            return ErrorDetail(field, "wrong_type", _expected_type("object", subject), json_type(subject))
        field = f"{field}.kind" if field else "kind"
        if "kind" not in subject:
            return ErrorDetail(field, "missing_field", "string", "absent")
        return ErrorDetail(field, "wrong_type", "string", json_type(subject["kind"]))
    if kind == "union_tag_invalid":
        tags = context["expected_tags"].replace("'", "")
        field = f"{field}.kind" if field else "kind"
        return ErrorDetail(field, "unknown_kind", f"one of: {tags}", _shorten(subject["kind"]))
    if kind == "extra_forbidden":
        issue = "forbidden_field" if _known_to_sibling(error["loc"], parent, adapter) else "unknown_field"
        return ErrorDetail(field, issue, "absent", json_type(subject))
    if kind == "missing":
        return ErrorDetail(field, "missing_field", "a value", "absent")
    issue = _ISSUES.get(kind, "wrong_type")
    if issue == "wrong_type":
        return ErrorDetail(field, issue, _expected_type(_TYPES.get(kind, "a JSON value"), subject), json_type(subject))
    if issue == "pattern":
        expected, got = pattern_words(context["pattern"], subject)
        return ErrorDetail(field, issue, expected, got)
    got = _shorten(subject) if issue == "invalid_value" else json_type(subject)
    return ErrorDetail(field, issue, _expected(kind, context), got)


def _expected_type(name: str, subject: Any) -> str:
    """What was expected in place of the subject; a value that came as text is named as such."""
    if not isinstance(subject, str):
        return name
    if name in _TEXT_OF:
        return _TEXT_OF[name]
    words, fits = _SCALAR_TEXT.get(name, (name, None))
    return words if fits is not None and fits.fullmatch(subject.strip()) else name


def _expected(kind: str, context: dict[str, Any]) -> str:
    if kind == "literal_error":
        return "one of: " + str(context["expected"]).replace("'", "").replace(" or ", ", ")
    if kind in ("string_too_long", "too_long"):
        return f"at most {context['max_length']}"
    if kind in ("string_too_short", "too_short"):
        return f"at least {context['min_length']}"
    return f"at least {context['ge']}" if "ge" in context else f"at most {context.get('le')}"


def _locate(loc: tuple[int | str, ...], value: Any) -> tuple[str, Any, Any]:
    """Follows pydantic's location, which also names the variants of unions, through the value."""
    field = ""
    parent: Any = None
    tag_seen = False
    for step in loc:
        if isinstance(value, dict) and isinstance(step, str):
            if not tag_seen and step == value.get("kind") and step not in value:
                tag_seen = True
                continue
            parent, value = value, value.get(step)
            field = f"{field}.{step}" if field else step
        elif isinstance(value, list) and isinstance(step, int):
            parent, value = value, value[step]
            field = f"{field}[{step}]"
        else:
            break
        tag_seen = False
    return field, value, parent


def _known_to_sibling(loc: tuple[int | str, ...], parent: Any, adapter: TypeAdapter[Any]) -> bool:
    annotation = get_args(adapter._type)
    variants = get_args(annotation[0]) if annotation else ()
    if len(loc) != 2 or not isinstance(parent, dict):
        return False
    return any(loc[1] in {f.alias or n for n, f in one.model_fields.items()} for one in variants if hasattr(one, "model_fields"))


def json_type(value: Any) -> str:
    """JSON's name of a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _shorten(value: Any) -> str:
    text = value if isinstance(value, str) else "object" if isinstance(value, dict) else str(value)
    return f"{text[:61]}..." if len(text) > 64 else text
