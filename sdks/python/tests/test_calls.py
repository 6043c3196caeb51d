"""Unary calls: routes, headers, errors, retries, deadlines; both clients, both transports."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import parley
import pytest
from fake_daemon import SESSION_ID, Drop, FakeDaemon, Refusal
from parley import (
    AsyncParley,
    ContractMismatchError,
    DaemonUnreachableError,
    DeadlineExceededError,
    InternalError,
    Parley,
    ParleyError,
    PeerMessageCommand,
    SendAndStreamError,
    UnauthenticatedError,
)
from parley._generated.errors import ERROR_CLASSES
from parley._generated.operations import OPERATIONS, SESSIONS_OPEN, SYSTEM_CREATE_TICKET
from parley._runtime.parley_error import error_from_payload
from parley._runtime.retry import RetryPolicy

Start = Callable[..., FakeDaemon]
transports = pytest.mark.parametrize("transport", ["tcp", "unix"])
styles = pytest.mark.parametrize("style", ["sync", "async"])
DELIVERY = {"state": "delivered", "at": "2026-11-21T09:30:00.000Z", "attempt": 1}
RECEIPT = {
    "kind": "peer_message_sent",
    "envelope_id": SESSION_ID,
    "interaction_id": SESSION_ID,
    "acked": True,
    "delivery": DELIVERY,
    "deduplicated": False,
}
MESSAGE = PeerMessageCommand(to="planner", body="hi")
SESSION = {
    "session_id": SESSION_ID,
    "name": "planner",
    "principal": "local",
    "state": "live",
    "created_at": "2026-11-21T09:30:00.000Z",
    "unread": 0,
    "last_sequence": 0,
}


def run(daemon: FakeDaemon, style: str, call: Callable[[Any], Any], **options: Any) -> Any:
    """Runs one call on either client."""
    arguments = {**daemon.client_arguments(), **options}
    if style == "sync":
        with Parley(**arguments) as client:
            return call(client)

    async def main() -> Any:
        async with AsyncParley(**arguments) as client:
            return await call(client)

    return asyncio.run(main())


@transports
@styles
def test_comms_and_other_planes(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)
    daemon.handlers = {
        "comms.send": lambda request: RECEIPT,
        "sessions.get": lambda request: {"session": SESSION},
        "sessions.drain": lambda request: {"interactions": []},
    }
    assert run(daemon, style, lambda client: client.send(MESSAGE)).acked is True
    assert run(daemon, style, lambda client: client.sessions.get(name="planner")).session.unread == 0
    drain = {"name": "planner", "lease_token": "Qm3v0cX9bT2kLw7Z", "max": 2}
    assert run(daemon, style, lambda client: client.sessions.drain(**drain)).interactions == []
    made = {id: (request, headers) for id, request, headers in daemon.calls}
    assert made["sessions.get"][0] == {"name": "planner"}
    assert made["sessions.drain"][0] == drain
    assert made["comms.send"][0]["body"] == "hi"
    headers = made["sessions.get"][1]
    assert headers["parley-contract"] == parley.CONTRACT_VERSION
    assert headers["parley-digest"] == parley.CONTRACT_DIGEST
    if transport == "tcp":
        assert headers["authorization"] == made["comms.send"][1]["authorization"] == "Bearer parley_abc_secret"
    else:
        assert "authorization" not in headers


@styles
def test_options_of_a_call(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("unix")
    daemon.handlers = {"sessions.list": lambda request: {"sessions": []}, "comms.send": lambda request: RECEIPT}
    run(daemon, style, lambda client: client.sessions.list(session="b", headers={"X-Trace": "1"}), session="a", headers={"X-All": "2"})
    run(daemon, style, lambda client: client.send(MESSAGE, idempotency_key="mine"), session="a")
    (_, _, first), (_, request, second) = daemon.calls
    assert (first["parley-session"], first["x-trace"], first["x-all"]) == ("b", "1", "2")
    assert second["parley-session"] == "a"
    assert request["options"] == {"idempotency_key": "mine"}


@transports
@styles
def test_raw_responses(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)
    daemon.handlers = {"system.health": lambda request: {"status": "ok", "version": "9", "new": 1}, "comms.send": lambda request: RECEIPT}
    raw = run(daemon, style, lambda client: client.system.with_raw_response.health())
    assert (raw.surface, raw.status, raw.request_id) == ("rest", 200, "r1")
    assert raw.data["new"] == 1
    assert raw.parse().status == "ok"
    raw = run(daemon, style, lambda client: client.comms.with_raw_response.send(MESSAGE))
    assert raw.surface == "rpc"
    assert raw.parse().kind == "peer_message_sent"


@transports
@styles
def test_unchecked_calls(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)

    def refuse(request: Any) -> Any:
        raise Refusal("invalid_command", details=[{"field": "to", "issue": "missing_field", "expected": "string", "got": "absent"}])

    daemon.handlers = {"comms.send": refuse, "sessions.get": lambda request: {"got": request}}
    with pytest.raises(parley.InvalidCommandError) as caught:
        run(daemon, style, lambda client: client.call("comms.send", {"kind": "peer_message"}))
    assert caught.value.details[0].issue == "missing_field"
    assert daemon.calls[-1][1] == {"kind": "peer_message"}
    assert run(daemon, style, lambda client: client.call("sessions.get", {"name": 5})) == {"got": {"name": 5}}


@pytest.mark.parametrize("code", sorted(ERROR_CLASSES))
def test_every_code_has_its_class(code: str) -> None:
    error = error_from_payload({"code": code, "message": "m", "details": [], "retryable": True, "retry_after_ms": 5, "request_id": "r"})
    assert type(error) is ERROR_CLASSES[code] is getattr(parley, type(error).__name__)
    assert (error.code, error.retryable, error.retry_after_ms, error.request_id) == (code, True, 5, "r")


def test_new_codes_and_no_payloads() -> None:
    error = error_from_payload({"code": "brand_new", "message": "m"})
    assert (type(error), error.code) == (ParleyError, "brand_new")
    assert isinstance(error_from_payload("<html>", status=502), InternalError)


@transports
@styles
def test_other_contracts_are_named(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport, contract="0.4.0")
    daemon.handlers["system.health"] = lambda request: {"status": "ok", "version": "0.4.0"}
    with pytest.raises(ContractMismatchError) as caught:
        run(daemon, style, lambda client: client.system.health())
    assert "0.3.0" in str(caught.value) and "0.4.0" in str(caught.value) and "this SDK" in str(caught.value)
    if transport == "tcp":
        with pytest.raises(ContractMismatchError):
            run(daemon, style, lambda client: client.peers())


@styles
def test_a_refusal_at_the_head_is_heard(tmp_path: Path, style: str) -> None:
    """The daemon answers before the body has come, and closes: the rest of the request cannot be written."""
    path = str(tmp_path / "daemon.sock")
    payload = b'{"code":"contract_mismatch","message":"no","details":[],"retryable":false,"request_id":"r1"}'
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen()

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1)
                head = f"HTTP/1.1 412 Precondition Failed\r\nContent-Length: {len(payload)}\r\nConnection: close\r\n\r\n"
                connection.sendall(head.encode() + payload)

        refusing = threading.Thread(target=refuse)
        refusing.start()
        daemon = SimpleNamespace(client_arguments=lambda: {"socket_path": path, "retries": 0})
        # More than any socket's buffer takes.
        request = {"name": "bob", "description": "x" * 8_000_000}
        with pytest.raises(ContractMismatchError, match="no"):
            run(daemon, style, lambda client: client.call("sessions.open", request))
        refusing.join()


@transports
@styles
def test_a_repeat_carries_the_same_key(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)
    failures = iter([Drop(), Refusal("storage_unavailable", 503, retryable=True)])

    def send(request: Any) -> Any:
        for failure in failures:
            raise failure
        return RECEIPT

    daemon.handlers["comms.send"] = send
    assert run(daemon, style, lambda client: client.send(MESSAGE)).kind == "peer_message_sent"
    keys = [request["options"]["idempotency_key"] for id, request, _ in daemon.calls if id == "comms.send"]
    assert len(keys) == 3 and len(set(keys)) == 1


@transports
@styles
def test_what_is_not_idempotent_goes_out_once(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)

    def create(request: Any) -> Any:
        raise Drop

    daemon.handlers["system.create_ticket"] = create
    with pytest.raises(DaemonUnreachableError):
        run(daemon, style, lambda client: client.system.create_ticket())
    assert len(daemon.calls) == 1


@transports
@styles
def test_final_errors_are_not_repeated(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)

    def send(request: Any) -> Any:
        raise Refusal("peer_not_found", 404)

    daemon.handlers["comms.send"] = send
    with pytest.raises(parley.PeerNotFoundError):
        run(daemon, style, lambda client: client.send(MESSAGE))
    assert [id for id, _, _ in daemon.calls].count("comms.send") == 1


@styles
def test_nobody_listens(start_daemon: Start, style: str) -> None:
    daemon = start_daemon("tcp")
    daemon.stop()
    for call in (lambda client: client.system.health(), lambda client: client.peers()):
        with pytest.raises(DaemonUnreachableError) as caught:
            run(daemon, style, call)
        advice = "Start it on that machine with `parley up --detach`, or correct the address."
        assert caught.value.message == f"No daemon answers at {daemon.base_url}. {advice}"


@transports
@styles
def test_deadline(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)
    release = threading.Event()

    def wait(request: Any) -> Any:
        release.wait(10)
        return RECEIPT

    daemon.handlers = {"comms.send": wait, "system.health": wait}
    for call in (lambda client: client.send(MESSAGE, timeout=0.1), lambda client: client.system.health(timeout=0.1)):
        with pytest.raises(DeadlineExceededError):
            run(daemon, style, call)
    release.set()


def test_keep_alive(start_daemon: Start) -> None:
    daemon = start_daemon("unix")
    daemon.handlers["system.health"] = lambda request: {"status": "ok", "version": "1"}
    with Parley(**daemon.client_arguments()) as client:
        client.system.health()
        first = set(daemon._connections)
        for _ in range(5):
            client.system.health()
        assert set(daemon._connections) == first and len(first) == 1
        # A connection that the daemon has closed is not used again, not even for what must go out once.
        daemon.stop()
        daemon.start()
        daemon.handlers["system.create_ticket"] = lambda request: {"ticket": "t", "url": "u", "expires_at": "2026-11-21T09:31:00.000Z"}
        assert client.system.create_ticket().ticket == "t"


def test_every_localhost_name_is_this_machine(start_daemon: Start) -> None:
    daemon = start_daemon("tcp")
    daemon.handlers = {"system.health": lambda request: {"status": "ok", "version": "1"}, "comms.peers": lambda request: {"peers": [], "generation": 1}}
    port = daemon.base_url.rsplit(":", 1)[1]
    with Parley(f"http://parley.localhost:{port}", "parley_abc_secret") as client:
        assert client.system.health().status == "ok"
        assert client.peers().generation == 1
    assert daemon.calls[0][2]["host"] == f"parley.localhost:{port}"


@transports
@styles
def test_send_and_stream(start_daemon: Start, transport: str, style: str) -> None:
    daemon = start_daemon(transport)
    receipt = {"kind": "peer_request_sent", "envelope_id": SESSION_ID, "interaction_id": SESSION_ID, "stream_reserved": True, "delivery": DELIVERY, "deduplicated": False}
    daemon.handlers["comms.send"] = lambda request: receipt
    daemon.append({"kind": "interaction_complete", "result": 42})
    request = {"kind": "peer_request", "to": "a", "intent": "ask", "params": None}

    def sync_call(client: Any) -> Any:
        sent = client.send_and_stream(request)
        return sent.receipt, [event.event.result for event in sent.stream]

    async def async_call(client: Any) -> Any:
        sent = await client.send_and_stream(request)
        return sent.receipt, [event.event.result async for event in sent.stream]

    call = sync_call if style == "sync" else async_call
    answer, results = run(daemon, style, call)
    assert (answer.interaction_id, results) == (SESSION_ID, [42])
    assert [sent["stream"] for id, sent, _ in daemon.calls if id == "comms.send"] == ["reserve_interaction"]

    def refuse(request: Any) -> None:
        raise Refusal("already_attached", 409)

    daemon.on_open = refuse
    with pytest.raises(SendAndStreamError) as caught:
        run(daemon, style, call)
    assert (caught.value.stage, caught.value.code) == ("stream_attach", "already_attached")
    assert caught.value.receipt.interaction_id == SESSION_ID

    def fail(request: Any) -> Any:
        raise Refusal("peer_not_found", 404)

    daemon.handlers["comms.send"] = fail
    with pytest.raises(SendAndStreamError) as caught:
        run(daemon, style, call)
    assert (caught.value.stage, caught.value.receipt) == ("send", None)
    with pytest.raises(SendAndStreamError):
        run(daemon, style, lambda client: client.send_and_stream(MESSAGE))


@styles
def test_refused_upgrades_carry_the_error(style: str) -> None:
    body = b'{"code":"unauthenticated","message":"m","details":[],"retryable":false,"request_id":"r"}'
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(UnauthenticatedError):
            arguments = {"base_url": f"http://127.0.0.1:{listener.getsockname()[1]}", "token": "x"}
            if style == "sync":
                Parley(**arguments).peers()
            else:
                asyncio.run(AsyncParley(**arguments).peers())
        thread.join()


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("retryable", [True, False])
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.id)
def test_retry_table(operation: Any, retryable: bool, sent: bool) -> None:
    error = ParleyError(retryable=retryable)
    expected = retryable and (not sent or operation.idempotency != "none")
    assert RetryPolicy().should_retry(operation, 0, error, sent=sent) is expected
    assert not RetryPolicy(retries=1).should_retry(operation, 1, error, sent=sent)


def test_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    policy = RetryPolicy()
    for attempt in range(20):
        full = min(8.0, 0.25 * 2**attempt)
        assert full / 2 <= policy.delay(attempt) <= full
    asked = ParleyError(retryable=True, retry_after_ms=3000)
    assert 3.0 <= policy.delay(0, asked) <= 3.25
    far = ParleyError(retryable=True, retry_after_ms=61_000)
    assert not policy.should_retry(SESSIONS_OPEN, 0, far, sent=True)
    assert SYSTEM_CREATE_TICKET.idempotency == "none"


def test_many_threads_share_a_client(start_daemon: Start) -> None:
    daemon = start_daemon("tcp")
    daemon.handlers["comms.send"] = lambda request: {**RECEIPT, "deduplicated": request["body"] == "1"}
    wrong: list[Any] = []
    with Parley(**daemon.client_arguments()) as client:

        def work(n: int) -> None:
            for _ in range(20):
                receipt = client.send(PeerMessageCommand(to="a", body=str(n % 2)))
                if receipt.deduplicated != (n % 2 == 1):
                    wrong.append(receipt)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_many_tasks_share_a_connection(start_daemon: Start) -> None:
    daemon = start_daemon("tcp")
    daemon.handlers["comms.send"] = lambda request: RECEIPT

    async def main() -> list[Any]:
        async with AsyncParley(**daemon.client_arguments()) as client:
            return await asyncio.gather(*(client.send(MESSAGE) for _ in range(100)))

    assert len(asyncio.run(main())) == 100
    assert [id for id, _, _ in daemon.calls].count("system.initialize") == 1
