"""The contract's patterns in words. The daemon has the same table in `src/kernel/pattern-rules.ts`."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .parley_error import ErrorDetail


class Rule(NamedTuple):
    """What a pattern allows."""

    words: str
    is_name: bool = False
    """A refused one suggests another."""
    is_secret: bool = False
    """The value may be a secret, or hold one."""


PATTERN_RULES: dict[str, Rule] = {
    r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$": Rule(
        "lower-case letters, digits and inner hyphens, 1 to 63 characters", is_name=True
    ),
    r"^(?:\*|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)$": Rule(
        "`*`, or lower-case letters, digits and inner hyphens, 1 to 63 characters", is_name=True
    ),
    r"^[a-z0-9][a-z0-9._/-]{0,62}$": Rule(
        "lower-case letters, digits, `.`, `_`, `/` and `-` after a letter or digit, 1 to 63 characters", is_name=True
    ),
    r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$": Rule(
        "letters, digits, `.`, `_`, `:`, `/` and `-` after a letter or digit, 1 to 128 characters", is_name=True
    ),
    r"^[0-9a-z]{8,32}$": Rule("the id of a token, 8 to 32 lower-case letters and digits"),
    r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$": Rule(
        "a UUID in lower case, as 0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f"
    ),
    r"^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}$": Rule("a version, as 0.3.0"),
    r"^[0-9a-f]{16}$": Rule("16 hexadecimal digits in lower case"),
    r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$": Rule("a `traceparent` of W3C trace context"),
    r"^[A-Za-z0-9_-]{16,128}$": Rule("16 to 128 letters, digits, `_` and `-`", is_secret=True),
    # Refused for what it should not hold, for example a password.
    r"^https?://[A-Za-z0-9.:\[\]-]{1,280}/?$": Rule(
        "http:// or https:// with host and port alone, as http://192.168.1.10:7433", is_secret=True
    ),
    r"^[0-9A-Za-z]{4}-?[0-9A-Za-z]{4}$": Rule(
        "8 letters and digits with or without a hyphen in the middle, as 7KQ2-M9XP", is_secret=True
    ),
}


def pattern_words(pattern: str, value: object) -> tuple[str, str]:
    """What a text that does not match `pattern` should be, and what it is."""
    rule = PATTERN_RULES.get(pattern, Rule(f"a match of {pattern}"))
    text = value if isinstance(value, str) else str(value)
    suggestion = suggested_name(text) if rule.is_name else None
    expected = rule.words if suggestion is None else f"{rule.words}; for example {suggestion}"
    return expected, f"{len(text)} characters" if rule.is_secret else _quoted(text)


def suggested_name(text: str) -> str | None:
    """A name as close to the text as the rule of names allows; None when nothing of it is left."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", text[:256]) if unicodedata.category(one)[0] != "M")
    name = re.sub(r"[^a-z0-9]+", "-", plain.lower()).removeprefix("-")[:63].removesuffix("-")
    return name or None


def refused_text(details: Sequence[ErrorDetail]) -> str | None:
    """The sentence of a request that was refused for a text; None when no detail shows one."""
    for detail in details:
        if detail.issue == "pattern" and detail.got.startswith('"'):
            more = "" if len(details) == 1 else " `details` lists every field that is wrong."
            return f"{detail.field} cannot be {detail.got}: use {detail.expected}.{more}"
    return None


def _quoted(text: str) -> str:
    """As JSON writes it, cut to 64 characters: spaces at its ends and control characters are seen."""
    return json.dumps(f"{text[:61]}..." if len(text) > 64 else text, ensure_ascii=False)
