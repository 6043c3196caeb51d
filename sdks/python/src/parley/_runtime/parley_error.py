"""The base of every error that the SDK raises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class ErrorDetail:
    """One field that is wrong: where, in which way, what would be right, what was there."""

    field: str
    issue: str
    expected: str
    got: str


class ParleyError(Exception):
    """Any failure of a call; `code` says which, also where only a newer daemon knows it."""

    code: str = "internal"
    text: ClassVar[str] = "Something failed."
    retryable_by_default: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        details: Sequence[ErrorDetail] = (),
        retryable: bool | None = None,
        retry_after_ms: int | None = None,
        request_id: str | None = None,
        status: int | None = None,
    ) -> None:
        self.message = message if message is not None else self.text
        super().__init__(self.message)
        if code is not None:
            self.code = code
        self.details = tuple(details)
        self.retryable = self.retryable_by_default if retryable is None else retryable
        self.retry_after_ms = retry_after_ms
        self.request_id = request_id
        self.status = status
        """HTTP status, where the call was an HTTP request of its own."""

    @property
    def payload(self) -> dict[str, Any]:
        """The error as it travels; what the SDK raised itself looks the same."""
        payload: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "details": [asdict(detail) for detail in self.details],
            "retryable": self.retryable,
        }
        if self.retry_after_ms is not None:
            payload["retry_after_ms"] = self.retry_after_ms
        if self.request_id is not None:
            payload["request_id"] = self.request_id
        return payload

    def __str__(self) -> str:
        where = "".join(
            f"\n  {detail.field or '(request)'}: {detail.issue}, expected {detail.expected}, got {detail.got}"
            for detail in self.details
        )
        return f"{self.code}: {self.message}{where}"


class SendAndStreamError(ParleyError):
    """`send_and_stream` failed: at `send` nothing was accepted, at `stream_attach` the receipt is in hand."""

    def __init__(self, stage: str, cause: ParleyError, receipt: Any = None) -> None:
        super().__init__(
            cause.message,
            code=cause.code,
            details=cause.details,
            retryable=cause.retryable,
            retry_after_ms=cause.retry_after_ms,
            request_id=cause.request_id,
            status=cause.status,
        )
        self.stage = stage
        self.receipt = receipt
        self.__cause__ = cause


def error_from_payload(payload: Any, *, status: int | None = None) -> ParleyError:
    """Makes the typed error of a payload; anything that is no payload becomes `internal`."""
    from .._generated.errors import ERROR_CLASSES

    if not isinstance(payload, Mapping) or not isinstance(payload.get("code"), str):
        shown = f" (HTTP status {status})" if status is not None else ""
        return ERROR_CLASSES["internal"](
            f"The daemon answered with something that is no error payload{shown}.", status=status
        )
    code = payload["code"]
    kind = ERROR_CLASSES.get(code, ParleyError)
    details = payload.get("details")
    retry_after = payload.get("retry_after_ms")
    return kind(
        str(payload.get("message", "")) or None,
        code=code,
        details=[_detail(one) for one in details if isinstance(one, Mapping)]
        if isinstance(details, list)
        else (),
        retryable=payload.get("retryable") is True,
        retry_after_ms=int(retry_after) if isinstance(retry_after, (int, float)) else None,
        request_id=str(payload["request_id"]) if "request_id" in payload else None,
        status=status,
    )


def _detail(value: Mapping[str, Any]) -> ErrorDetail:
    return ErrorDetail(*(str(value.get(name, "")) for name in ("field", "issue", "expected", "got")))
