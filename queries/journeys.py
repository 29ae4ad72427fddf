"""One customer's journey, found by any identifier, as the analysts' views tell it."""

from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from queries.named import query
from schemas.identifiers import TYPES, normalise
from sinks.clickhouse.server import Connections
from throughline.errors import ThroughlineError


class NotFound(ThroughlineError):
    """No customer has email:anna@example.org; identifiers are matched whole, try another one of the same person."""


class Ambiguous(ThroughlineError):
    """4711 belongs to loyalty_id:4711 and user_id:4711 of different customers; give the type, as in loyalty_id:4711."""


class Identifier(NamedTuple):
    type: str
    value: str
    first_seen: int  # ms UTC
    last_seen: int


class Journey(NamedTuple):
    journey_id: UUID
    type: str
    outcome: str
    started_at: int  # ms UTC
    ended_at: int
    touchpoints: int
    sessions: int
    handoffs: int
    channels: list[str]
    reopened: int
    value: Decimal


class Touchpoint(NamedTuple):
    at: int  # ms UTC
    channel: str
    event: str
    stage: str
    status: str
    journey_id: UUID | None
    handoff_from: str
    seconds_since_previous: Decimal
    value: Decimal
    currency: str
    session_id: UUID
    order_id: str
    products: int
    query: str
    path: str
    location: str
    metric: str
    score: float | None
    comment: str
    campaign: str
    generated: bool


class Friction(NamedTuple):
    signal: str
    event_time: int  # ms UTC, of the touchpoint it begins with
    at: int  # ms UTC, when it became friction
    channel: str
    location: str
    detail: str


class Customer(NamedTuple):
    customer_id: UUID
    identifiers: list[Identifier]
    journeys: list[Journey]
    touchpoints: list[Touchpoint]
    friction: list[Friction]


class Recent(NamedTuple):
    signal: str
    customer_id: UUID
    channel: str
    location: str
    at: int
    detail: str


def owner_of(client: Connections, text: str, region: str = "") -> UUID:
    """The customer who has this identifier now: `type:value`, a value alone (every type is tried), or any customer id
    ever shown. `region` as in the settings, for phone numbers without +. Raises NotFound or Ambiguous."""
    type, values = _candidates(text, region)
    found = _texts(query("journey/owners_of").ask(client, type=type, values=values, text=text))
    owners = {customer for _, _, customer in found}
    if not owners:
        raise NotFound(f"no customer has {text}; identifiers are matched whole, try another one of the same person")
    if len(owners) > 1:
        names = ", ".join(f"{kind}:{value}" for kind, value, _ in found)
        raise Ambiguous(f"{text} belongs to different customers; give one of: {names}")
    return UUID(str(owners.pop()))


def customer(client: Connections, customer_id: UUID) -> Customer:
    """All that the views say of one customer."""
    asked = {"customer": customer_id}
    return Customer(
        customer_id,
        [Identifier(*row) for row in _texts(query("journey/identifiers").ask(client, **asked))],
        [Journey(*row) for row in _texts(query("journey/journeys").ask(client, **asked))],
        [Touchpoint(*row[:-1], bool(row[-1])) for row in _texts(query("journey/touchpoints").ask(client, **asked))],
        [Friction(*row) for row in _texts(query("journey/friction").ask(client, **asked))],
    )


def newest_friction(client: Connections, limit: int = 10) -> list[Recent]:
    """Newest first."""
    return [Recent(*row) for row in _texts(query("journey/newest_friction").ask(client, limit=limit))]


def _candidates(text: str, region: str) -> tuple[str, list[str]]:
    """The type that was named, or "", and every normal form the value may have."""
    kind, separator, rest = text.partition(":")
    named = kind if separator and kind in TYPES else ""
    value = rest if named else text
    forms = {normalise(type, value, region) for type in ([named] if named else TYPES)}
    return named, sorted({form for form in forms if form} | {value})


def _texts(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(_text(value) for value in row) for row in rows]


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return [_text(one) for one in value] if isinstance(value, (list, tuple)) else value
