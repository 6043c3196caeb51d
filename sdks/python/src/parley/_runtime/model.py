"""What generated models are made of.

Everything is strict: no value is converted, except that a number without a fraction is an integer
(`5.0` is `5`, as JSON Schema says). Models that only readers see keep fields they do not know; unions
that are open keep variants they do not know as `Unknown`. Both come back unchanged when dumped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Union, get_args

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, model_serializer
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from typing_extensions import dataclass_transform

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)


@dataclass_transform(kw_only_default=True, field_specifiers=(Field,))
class _ModelType(ModelMetaclass):
    """Lets a caller leave out `kind` and write `from_` for `from`; what is parsed gets no such help."""

    TAG: str | None
    RENAMED: dict[str, str]

    def __call__(cls, **fields: Any) -> Any:
        for name, wire in cls.RENAMED.items():
            if name in fields:
                fields[wire] = fields.pop(name)
        if cls.TAG is not None:
            fields.setdefault("kind", cls.TAG)
        return super().__call__(**fields)


class ClosedModel(BaseModel, metaclass=_ModelType):
    """An object whose fields are all known."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        defer_build=True,
        allow_inf_nan=False,
        serialize_by_alias=True,
        protected_namespaces=(),
        hide_input_in_errors=True,
    )

    TAG: ClassVar[str | None] = None
    RENAMED: ClassVar[dict[str, str]] = {}

    @model_serializer(mode="wrap")
    def _keep_extra(self, handler: Any) -> dict[str, Any]:
        # Readers let unknown fields in (`extra="allow"` per call); they have to come out again.
        fields: dict[str, Any] = handler(self)
        if self.__pydantic_extra__:
            fields.update(self.__pydantic_extra__)
        return fields

    def to_wire(self) -> dict[str, Any]:
        """The object as it travels: absent fields stay absent, `None` only where JSON null was set."""
        return self.model_dump(exclude_unset=True)


class OpenModel(ClosedModel):
    """An object that may get more fields; those not known here are kept."""

    model_config = ConfigDict(extra="allow")


class Unknown:
    """A variant that only a newer daemon knows: `kind` is `"$unknown"`, `wire_kind` says what it calls itself."""

    __slots__ = ("raw", "wire_kind")

    TAG: ClassVar[str] = "$unknown"
    kind: ClassVar[Literal["$unknown"]] = "$unknown"

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = dict(raw)
        self.wire_kind = str(raw["kind"])

    def to_wire(self) -> dict[str, Any]:
        """The variant exactly as it came."""
        return self.raw

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unknown) and other.raw == self.raw

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Unknown(wire_kind={self.wire_kind!r}, raw={self.raw!r})"

    @classmethod
    def _parse(cls, value: Any) -> Unknown:
        if isinstance(value, Unknown):
            return value
        if not isinstance(value, dict):
            raise PydanticCustomError("dict_type", "Input should be an object")
        kind = value.get("kind")
        if kind is None:
            raise PydanticCustomError("missing", "Field required: kind")
        if not isinstance(kind, str):
            raise PydanticCustomError("string_type", "kind should be a string")
        return cls(value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._parse, serialization=core_schema.plain_serializer_function_ser_schema(cls.to_wire)
        )


class _Optional:
    """Marks a field that may be absent: it reads as `None` then, but null on the wire is an error."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        arms = tuple(arm for arm in get_args(source) if arm is not type(None))
        return handler(Union[arms])  # noqa: UP007


OPTIONAL = _Optional()


class Integer:
    """An integer within bounds; `5.0` counts, `True` does not."""

    __slots__ = ("maximum", "minimum")

    def __init__(self, minimum: int, maximum: int) -> None:
        self.minimum = minimum
        self.maximum = maximum

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        exact = core_schema.int_schema(strict=True, ge=self.minimum, le=self.maximum)
        integral = core_schema.no_info_before_validator_function(_to_integer, exact)
        return core_schema.union_schema(
            [exact, integral], mode="left_to_right", serialization=core_schema.simple_ser_schema("int")
        )


def _to_integer(value: Any) -> Any:
    return int(value) if type(value) is float and value.is_integer() else value


class _UnionMark:
    """Makes a union of models one that is chosen by `kind`."""

    __slots__ = ("_open",)

    def __init__(self, open: bool) -> None:
        self._open = open

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = {arm.TAG: handler.generate_schema(arm) for arm in get_args(source)}
        fallback = Unknown.TAG if self._open else None

        def tag_of(value: Any) -> str | None:
            if isinstance(value, dict):
                kind = value.get("kind")
            else:
                kind = getattr(value, "kind", None)
            if isinstance(kind, str) and kind in choices and not isinstance(value, Unknown):
                return kind
            if fallback is not None:
                return fallback if isinstance(value, (dict, Unknown)) else None
            return kind if isinstance(kind, str) else None

        return core_schema.tagged_union_schema(choices, discriminator=tag_of)


OPEN_UNION = _UnionMark(open=True)
CLOSED_UNION = _UnionMark(open=False)
