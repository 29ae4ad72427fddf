"""One customer's journey, found by any identifier, as the analysts' views tell it."""

from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from queries.named import query
from schemas.identifiers import TRANSACTIONS, TYPES, normalise
from schemas.ids import node_of, to_uuid
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
    node: UUID


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
    currency: str
    stage: str
    emotion: list[tuple[int, float]]  # ms UTC and -1 to 1, in order
    linked_journey_id: UUID | None


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
    previous_stage: str
    seconds_in_previous_stage: Decimal
    sentiment: float | None
    sentiment_source: str
    linked_journey_id: UUID | None
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


def owner_of(client: Connections, text: str, region: str = "", key: bytes = b"") -> UUID:
    """The customer who has this identifier now: `type:value`, a value alone (every type is tried), or any customer id
    ever shown; or whose touchpoints carry this order, ticket, call or chat.

    `region` as in the settings, for phone numbers without +. With the `key` of the settings the identifier is looked up
    by its node, which is much faster. Raises NotFound or Ambiguous.
    """
    found = meant(client, text, region, key)
    found = [row for row in found if row[0] not in TRANSACTIONS] or _carriers(client, found)
    owners = {customer for _, _, customer in found}
    if not owners:
        raise NotFound(f"no customer has {text}; {advice(text, region)}")
    if len(owners) > 1:
        names = ", ".join(f"{kind}:{value}" for kind, value, _ in found)
        raise Ambiguous(f"{text} belongs to different customers; give one of: {names}")
    return UUID(str(owners.pop()))


def meant(client: Connections, text: str, region: str = "", key: bytes = b"") -> list[tuple[Any, ...]]:
    """(type, value, customer) of every identifier that the text may name, understood as `owner_of` does."""
    return _by_node(client, _nodes(text, region, key)) or _by_value(client, text, region)


def customer(client: Connections, customer_id: UUID) -> Customer:
    """All that the views say of one customer."""
    known = [Identifier(*row) for row in _texts(query("journey/identifiers").ask(client, customer=customer_id))]
    asked = {"customer": customer_id, "nodes": [each.node for each in known] or [customer_id]}
    return Customer(
        customer_id,
        known,
        [Journey(*row) for row in _texts(query("journey/journeys").ask(client, **asked))],
        [_touchpoint(row) for row in _texts(query("journey/touchpoints").ask(client, **asked))],
        [Friction(*row) for row in _texts(query("journey/friction").ask(client, **asked))],
    )


def _by_node(client: Connections, nodes: list[UUID]) -> list[tuple[Any, ...]]:
    return _texts(query("journey/owners_of_nodes").ask(client, nodes=nodes)) if nodes else []


def _by_value(client: Connections, text: str, region: str) -> list[tuple[Any, ...]]:
    type, forms = _candidates(text, region)
    values = sorted({value for _, value in forms} | {text.partition(":")[2] if type else text})
    return _texts(query("journey/owners_of_values").ask(client, type=type, values=values))


def _carriers(client: Connections, transactions: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Orders, tickets, calls and chats join nobody: those whose touchpoints carry them."""
    rows: list[tuple[Any, ...]] = []
    for type, value, _ in transactions:
        rows += _texts(query("journey/owners_of_transaction").ask(client, type=type, value=value))
    return rows or transactions


def _nodes(text: str, region: str, key: bytes) -> list[UUID]:
    """What the text is as a node, or may stand for."""
    try:
        return [UUID(text)]
    except ValueError:
        return [to_uuid(node_of(*form, key)) for form in _candidates(text, region)[1]] if key else []


def _candidates(text: str, region: str) -> tuple[str, list[tuple[str, str]]]:
    """The type that was named, or "", and (type, normal form) of all that the text may mean."""
    kind, separator, rest = text.partition(":")
    kind = kind.strip().lower()
    named = kind if separator and kind in TYPES else ""
    value = rest if named else text
    forms = [(type, normalise(type, value, region)) for type in ([named] if named else TYPES)]
    return named, [(type, form) for type, form in forms if form]


def advice(text: str, region: str) -> str:
    """What to type instead of a text that names nobody."""
    kind, separator, _ = text.partition(":")
    if separator and kind.strip().lower() not in TYPES:
        return f"the types are {', '.join(TYPES)}"
    if not region and text.lstrip("(0")[:1].isdigit() and len(text) > 6:
        return "identifiers are matched whole; a phone number needs its country, as in +43660123456"
    return "identifiers are matched whole; try another one of the same person"


def _touchpoint(row: tuple[Any, ...]) -> Touchpoint:
    return Touchpoint._make((*row[:-1], bool(row[-1])))


def _texts(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(_text(value) for value in row) for row in rows]


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, tuple):
        return tuple(_text(one) for one in value)
    return [_text(one) for one in value] if isinstance(value, list) else value
