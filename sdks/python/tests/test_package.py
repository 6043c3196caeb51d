"""The package as its users meet it: cheap to import, typed, complete."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import parley
import pytest

ROOT = Path(__file__).parent.parent


def loaded_by(code: str) -> set[str]:
    script = f"{code}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT / "src", capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_import_loads_next_to_nothing() -> None:
    modules = loaded_by("import parley")
    assert not modules & {"pydantic", "httpx", "websockets", "http.client", "asyncio"}
    assert not any(name.startswith("parley._generated.types.") for name in modules)


def test_the_sync_client_loads_no_http_package() -> None:
    modules = loaded_by("from parley import Parley; Parley('http://127.0.0.1:1', 'x')")
    assert not modules & {"httpx", "websockets"}


def test_every_public_name_exists() -> None:
    for name in parley.__all__:
        assert getattr(parley, name) is not None
    assert set(parley.__all__) <= set(dir(parley))
    with pytest.raises(AttributeError):
        parley.Nonsense  # noqa: B018


def test_versions_are_those_of_the_contract() -> None:
    contract = json.loads((ROOT.parent.parent / "contract-version.json").read_text())
    assert contract["contract"] == parley.CONTRACT_VERSION
    assert contract["digest"].startswith(parley.CONTRACT_DIGEST)
    assert len(parley.CONTRACT_DIGEST) == 16


USE = """
from parley import AgentEvent, AsyncParley, Parley, PeerMessageCommand, SendOptions, TextDelta, Unknown
from typing_extensions import assert_type


def use(client: Parley) -> None:
    receipt = client.send(PeerMessageCommand(to="a", body="b", options=SendOptions(idempotency_key="k")))
    if receipt.kind == "peer_message_sent":
        assert_type(receipt.acked, bool)
    elif receipt.kind == "$unknown":
        assert_type(receipt, Unknown)
    for event in client.stream(scope={"kind": "session", "session_id": "x"}):
        if event.event.kind == "text_delta":
            assert_type(event.event, TextDelta)
            assert_type(event.event.delta, str)
    assert_type(client.sessions.get(name="a").session.description, "str | None")


async def use_async(client: AsyncParley) -> None:
    assert_type((await client.peers()).generation, int)
    async for event in client.stream(scope={"kind": "session", "session_id": "x"}):
        assert_type(event.sequence, "int | None")


PeerMessageCommand(to="a")  # type: ignore[call-arg]
"""


def test_types_check(tmp_path: Path) -> None:
    use = tmp_path / "use.py"
    use.write_text(USE)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(ROOT / ".venv" / "mypy"), "src/parley", str(use)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
