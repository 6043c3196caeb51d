"""What goes out is checked strictly; what comes in keeps what is not known here."""

from __future__ import annotations

import json
from typing import Any

import pytest
from parley import (
    AgentEvent,
    CommsCommand,
    InvalidCommandError,
    InvalidRequestError,
    ParleyError,
    PeerContentIngested,
    PeerMessageCommand,
    PeerRequestCommand,
    SendOptions,
    Unknown,
)
from parley._generated.operations import COMMS_SEND, OPERATIONS, SESSIONS_DRAIN, SESSIONS_OPEN
from parley._runtime.codec import adapter, decode, encode
from pydantic import TypeAdapter, ValidationError

MESSAGE = {"kind": "peer_message", "to": "planner", "body": "hi"}
UUID = "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f"


def refused(request: Any, operation: Any = COMMS_SEND) -> list[tuple[str, str]]:
    with pytest.raises(ParleyError) as caught:
        encode(operation, request, None)
    return [(detail.field, detail.issue) for detail in caught.value.details]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({**MESSAGE, "body": 5}, [("body", "wrong_type")]),
        ({**MESSAGE, "to": "Planner"}, [("to", "pattern")]),
        ({**MESSAGE, "params": 1, "zzz": 2}, [("params", "forbidden_field"), ("zzz", "unknown_field")]),
        ({**MESSAGE, "options": None}, [("options", "wrong_type")]),
        ({**MESSAGE, "options": {"idempotency_key": ""}}, [("options.idempotency_key", "out_of_range")]),
        ({**MESSAGE, "body": "x" * 262145}, [("body", "too_long")]),
        ({"kind": "peer_message"}, [("body", "missing_field"), ("to", "missing_field")]),
        ({"kind": "shout"}, [("kind", "unknown_kind")]),
        ({"kind": 5}, [("kind", "wrong_type")]),
        ({"to": "a"}, [("kind", "missing_field")]),
        ([], [("", "wrong_type")]),
        ({"kind": "input", "session_id": UUID, "body": "", "stream": "all"}, [("stream", "invalid_value")]),
        ({"kind": "input", "session_id": UUID, "body": "", "allow_self_session": 1}, [("allow_self_session", "wrong_type")]),
    ],
)
def test_wrong_commands_never_leave(request_: Any, expected: list[tuple[str, str]]) -> None:
    assert refused(request_) == expected


def test_a_refused_name_is_shown_with_the_rule_and_one_that_would_do() -> None:
    """[errors.refused-names]"""
    with pytest.raises(ParleyError) as caught:
        encode(COMMS_SEND, {**MESSAGE, "to": "Jürgen's Agent"}, None)
    rule = "lower-case letters, digits and inner hyphens, 1 to 63 characters; for example jurgen-s-agent"
    assert caught.value.message == f'to cannot be "Jürgen\'s Agent": use {rule}.'
    with pytest.raises(ParleyError) as caught:
        encode(SESSIONS_OPEN, {"name": "a", "lease_token": "hunter2!"}, None)
    assert "hunter2" not in f"{caught.value} {caught.value.details}"


def test_the_error_is_the_operations_own() -> None:
    with pytest.raises(InvalidCommandError):
        encode(COMMS_SEND, {}, None)
    with pytest.raises(InvalidRequestError):
        encode(SESSIONS_OPEN, {}, None)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_nan_and_infinity_are_refused(value: float) -> None:
    request = {"kind": "peer_request", "to": "a", "intent": "ask", "params": {"deep": [value]}}
    assert refused(request) == [("params.deep[0]", "invalid_value")]
    with pytest.raises(ParleyError):
        encode(COMMS_SEND, request, None, check=False)


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_depth_ends_at_64() -> None:
    request = {"kind": "peer_request", "to": "a", "intent": "ask", "params": nested(63)}
    assert json.loads(encode(COMMS_SEND, request, None).body)["params"] == nested(63)
    for levels in (64, 100_000):
        assert refused({**request, "params": nested(levels)}) == [("", "out_of_range")]
    assert refused(PeerRequestCommand(to="a", intent="ask", params=nested(100))) == [("", "out_of_range")]


def test_deep_answers_do_no_harm() -> None:
    with pytest.raises(ParleyError):
        decode("common:JsonValue", "[" * 100_000)


def test_lone_surrogates_and_other_types_are_refused() -> None:
    assert refused({**MESSAGE, "body": "\ud800"}) == [("", "invalid_value")]
    assert refused({**MESSAGE, "body": b"bytes"}) == [("body", "wrong_type")]
    assert refused({1: 2}) == [("", "wrong_type")]


def test_integral_floats_are_integers() -> None:
    drain = {"name": "a", "lease_token": "Qm3v0cX9bT2kLw7Z"}
    assert encode(SESSIONS_DRAIN, {**drain, "max": 5.0}, None)
    assert refused({**drain, "max": 5.5}, SESSIONS_DRAIN) == [("max", "wrong_type")]
    assert refused({**drain, "max": True}, SESSIONS_DRAIN) == [("max", "wrong_type")]
    assert refused({**drain, "max": 65}, SESSIONS_DRAIN) == [("max", "out_of_range")]
    assert decode("sessions:Lease", json.dumps({"token": "x" * 16, "fence": 5.0, "ttl_ms": 1e3, "expires_at": "2026-11-21T09:30:00.000Z"})).fence == 5


def test_models_and_mappings_give_the_same_bytes() -> None:
    model = PeerMessageCommand(to="planner", body="hi", options=SendOptions(idempotency_key="k"))
    plain = {**MESSAGE, "options": {"idempotency_key": "k"}}
    assert json.loads(encode(COMMS_SEND, model, None).body) == plain
    assert json.loads(encode(COMMS_SEND, plain, None).body) == plain


def test_a_key_is_minted_once_and_never_into_the_callers_object() -> None:
    request = dict(MESSAGE)
    first, second = encode(COMMS_SEND, request, None), encode(COMMS_SEND, request, None)
    assert first.key and second.key and first.key != second.key
    assert json.loads(first.body)["options"] == {"idempotency_key": first.key}
    assert request == MESSAGE
    assert encode(COMMS_SEND, request, "mine").key == "mine"
    assert encode(COMMS_SEND, {**MESSAGE, "options": {"idempotency_key": "own"}}, None).key == "own"
    with pytest.raises(InvalidCommandError):
        encode(COMMS_SEND, {**MESSAGE, "options": {"idempotency_key": "own"}}, "other")


def test_absent_is_not_null() -> None:
    assert PeerMessageCommand(to="a", body="b").to_wire() == {"kind": "peer_message", "to": "a", "body": "b"}
    assert PeerRequestCommand(to="a", intent="x", params=None).to_wire()["params"] is None
    with pytest.raises(ValidationError):
        PeerMessageCommand(to="a", body="b", options=None)  # type: ignore[arg-type]


def test_models_are_strict_and_closed() -> None:
    with pytest.raises(ValidationError):
        PeerMessageCommand(to="a", body=5)  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        PeerMessageCommand(to="a", body="b", extra=1)  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        TypeAdapter(PeerMessageCommand).validate_json('{"to":"a","body":"b"}')


UNKNOWN = {"kind": "thought_bubble", "size": 3, "deep": {"a": [None, {"b": "ü"}]}}


def test_unknown_variants_keep_and_come_back() -> None:
    event = decode("agent_event:AgentEvent", json.dumps(UNKNOWN))
    assert isinstance(event, Unknown)
    assert (event.kind, event.wire_kind) == ("$unknown", "thought_bubble")
    assert event.to_wire() == UNKNOWN
    assert TypeAdapter(AgentEvent).dump_python(event) == UNKNOWN


def test_unknown_fields_of_known_variants_keep_and_come_back() -> None:
    wire = {"kind": "text_delta", "turn_id": UUID, "delta": "x", "confidence": {"p": 1}}
    event = decode("agent_event:AgentEvent", json.dumps(wire))
    assert event.kind == "text_delta"
    assert event.to_wire() == wire


@pytest.mark.parametrize("wire", [{"kind": "text_delta"}, {"kind": "text_delta", "turn_id": UUID, "delta": 5}, {}, {"kind": 5}, 5])
def test_malformed_known_variants_are_errors(wire: Any) -> None:
    with pytest.raises(ParleyError):
        decode("agent_event:AgentEvent", json.dumps(wire))


def test_requests_take_no_unknown_variant() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(CommsCommand).validate_python(UNKNOWN)


def test_open_enums_take_new_values() -> None:
    wire = {"kind": "interaction_started", "surface": "telepathy", "command": "input", "from": "a"}
    event = decode("agent_event:AgentEvent", json.dumps(wire))
    assert (event.surface, event.from_) == ("telepathy", "a")
    assert event.to_wire() == wire


def test_fields_named_like_keywords_can_be_written() -> None:
    event = PeerContentIngested(envelope_id=UUID, from_="a", command="input")  # type: ignore[call-arg]
    assert event.to_wire()["from"] == "a"


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.id)
def test_every_type_of_every_operation_loads(operation: Any) -> None:
    for name in (operation.request, operation.response, operation.event, operation.closed):
        if name is not None:
            assert adapter(name).validator is not None
