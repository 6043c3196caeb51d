"""What resources call: the seam between generated methods and the clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .operation import Operation


class Unset:
    """Type of `UNSET`: the argument was not given. `None` is JSON null, where null is allowed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET = Unset()


def present(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that were given."""
    return {name: value for name, value in fields.items() if value is not UNSET}


@dataclass(frozen=True)
class CallOptions:
    """What a call may say besides its request."""

    timeout: float | None = None
    headers: Mapping[str, str] | None = None
    idempotency_key: str | None = None
    session: str | None = None
    idle_timeout: float | None = None


class Calls(Protocol):
    """A client as resources see it."""

    def unary(self, operation: Operation, request: Any, **options: Any) -> Any: ...

    def stream(self, operation: Operation, request: Any, **options: Any) -> Any: ...

    def raw(self) -> Calls: ...


class AsyncCalls(Protocol):
    """An async client as resources see it."""

    async def unary(self, operation: Operation, request: Any, **options: Any) -> Any: ...

    def stream(self, operation: Operation, request: Any, **options: Any) -> Any: ...

    def raw(self) -> AsyncCalls: ...
