"""The fast lane: msgspec structs made from the pydantic models. A struct never accepts what its model refuses."""

from datetime import datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from annotated_types import Ge, Le, MaxLen, MinLen
from msgspec import Meta, Struct, field
from pydantic import BaseModel, PlainSerializer, WithJsonSchema
from pydantic.fields import FieldInfo

from schemas import money, touchpoint
from schemas.touchpoint import FreeProperties, Identifiers, Part, Touchpoint
from throughline.errors import ConfigurationError

MONEY = (
    Annotated[float, Meta(gt=-money.LIMIT, lt=money.LIMIT)]
    | Annotated[str, Meta(pattern=money.PATTERN.replace("$", r"\Z"))]
)
PLAIN: dict[Any, Any] = {
    str: str,
    bool: bool,
    int: int,
    float: float,
    datetime: str,
    Decimal: MONEY,
    Any: Any,
    NoneType: None,
}
WIDENING = (touchpoint.text, touchpoint.moment, money.decimal_of)  # pydantic accepts more by them, never less
SHOWN = (PlainSerializer, WithJsonSchema)
CONSTRAINTS = {Ge: "ge", Le: "le", MinLen: "min_length", MaxLen: "max_length"}
FREE = ("location", "path", "url", "screen", "store_id", "queue", "ticket_id", "call_id", "chat_id",
        "conversation_id", "order_id", "revenue", "total", "value", "currency", "metric", "score", "rating",
        "comment", "review_body")  # fmt: skip


FreeFields = msgspec.defstruct("FreeFields", [(name, Any, None) for name in FREE], gc=False)


def _lane(annotation: Any) -> Any:
    """The msgspec type that accepts a part of what pydantic accepts for this annotation, with the same value."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in PLAIN:
        return PLAIN[annotation]
    if origin is Annotated:
        return _constrained(_lane(arguments[0]), arguments[1:])
    if origin in (Union, UnionType):
        return Union[tuple(_lane(argument) for argument in arguments)]  # noqa: UP007 - built at run time
    if origin is list:
        return list.__class_getitem__(_lane(arguments[0]))
    if origin is Literal:
        return annotation
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return struct_of(annotation)
    raise ConfigurationError(f"{annotation} cannot be checked by the fast lane; use a type of schemas/touchpoint.py")


def _constrained(lane: Any, extras: tuple[Any, ...]) -> Any:
    limits = {}
    for rule in _rules(extras):
        name = CONSTRAINTS.get(type(rule))
        if name:
            limits[name] = getattr(rule, name)
        elif getattr(rule, "func", None) not in WIDENING and not isinstance(rule, SHOWN):
            raise ConfigurationError(f"{rule} cannot be checked by the fast lane; use ge, le, min_length, max_length")
    return Annotated[lane, Meta(**limits)] if limits else lane


def _rules(extras: tuple[Any, ...]) -> list[Any]:
    return [rule for extra in extras for rule in (extra.metadata if isinstance(extra, FieldInfo) else [extra])]


@cache
def struct_of(model: type[Part]) -> type[Struct]:
    """The struct of a model of properties or context; raises ConfigurationError if there can be none."""
    if model is FreeProperties:
        return FreeFields
    _refuse_own_validators(model)
    hints = get_type_hints(model, include_extras=True)
    fields = [_field(name, hints[name], info) for name, info in model.model_fields.items()]
    namespace = {"__post_init__": model.check} if model.check is not Part.check else {}
    return msgspec.defstruct(model.__name__, fields, namespace=namespace, gc=False, kw_only=True)


def _field(name: str, hint: Any, info: FieldInfo) -> tuple[Any, ...]:
    bare, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    lane = msgspec.Raw if hint is Identifiers else _constrained(_lane(bare), (*extras, info))
    return (name, lane) if info.is_required() else (name, lane, _default(lane, info))


def _default(lane: Any, info: FieldInfo) -> Any:
    return field(default_factory=lane) if info.default_factory else info.default


def _refuse_own_validators(model: type[BaseModel]) -> None:
    decorators = model.__pydantic_decorators__
    own = [*decorators.field_validators, *decorators.root_validators, *set(decorators.model_validators) - {"_checked"}]
    if own:
        raise ConfigurationError(f"{model.__name__}.{own[0]}: the fast lane cannot run it; put the rule into `check`")


def envelope_of(model: type[Touchpoint]) -> type[Struct]:
    """The struct of a whole event. Known events are told apart by the tag `event`; the others have it as a field."""
    hints = get_type_hints(model, include_extras=True)
    name = get_args(hints["event"])[0] if get_origin(hints["event"]) is Literal else None
    fields = [
        _field(field, hints[field], info)
        for field, info in model.model_fields.items()
        if not (name and field == "event")
    ]
    tag = {"tag_field": "event", "tag": name} if name else {}
    namespace = {"event": name} if name else {}
    return msgspec.defstruct(model.__name__, fields, namespace=namespace, gc=False, kw_only=True, **tag)
