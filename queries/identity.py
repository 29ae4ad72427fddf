"""Who is who, since when, and why, as the analysts' views tell it. Times are ms UTC."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from queries.journeys import Identifier
from queries.named import query
from sinks.clickhouse.server import Connections
from throughline.clock import iso

ALL = 1_000_000  # rows that an analyst is given at most


class Step(NamedTuple):
    """A pair of identifiers: a step of the chain (`accepted`), or what keeps two customers apart (`refused`)."""

    verdict: str
    a: str
    b: str
    reason: str
    detail: str
    level: int
    first_seen: int
    evidence: list[UUID]


class Decision(NamedTuple):
    """`b` is empty where one identifier is decided on. The customers are those of now."""

    decided_at: int
    kind: str
    reason: str
    detail: str
    a: str
    b: str
    customer_id: UUID
    b_customer_id: UUID
    evidence: list[UUID]
    rules: int
    seq: int


class Cut(NamedTuple):
    id: UUID
    a: str
    b: str
    a_node: UUID
    b_node: UUID
    detail: str
    decided_at: int


class Owner(NamedTuple):
    """A customer who probably used a shared device. `identifier`: the strongest. `found`: before, after, or empty."""

    customer_id: UUID | None
    identifier: str
    found: str
    touchpoints: int


class Device(NamedTuple):
    """A shared device with touchpoints that name nobody and that a customer probably did. `found` as in `Owner`."""

    identifier: str
    found: str
    touchpoints: int


class Held(NamedTuple):
    """An identifier and its customer at a time, and now. `since` None: no claim had named it by then."""

    type: str
    value: str
    customer_id: UUID
    customer_id_now: UUID
    since: int | None


class Totals(NamedTuple):
    identifiers: int
    customers: int


class Who(NamedTuple):
    """A customer. `flags`: node -> quarantined, shared, cut."""

    customer_id: UUID
    identifiers: list[Identifier]
    flags: dict[UUID, tuple[str, ...]]
    cuts: list[Cut]
    touchpoints: int
    probable_owners: list[Owner]
    shared_devices: list[Device]


def who(client: Connections, customer: UUID) -> Who:
    """All about the customer with this id."""
    known = [Identifier(*row) for row in _rows(client, "journey/identifiers", customer=customer)]
    nodes = [each.node for each in known] or [customer]
    cuts = [Cut(*row) for row in _rows(client, "identity/cuts", id=str(customer))]
    flags = _flags(client, customer, nodes, cuts)
    ((count,),) = _rows(client, "identity/touchpoints", customer=customer, nodes=nodes)
    shared = [node for node, named in flags.items() if "shared" in named]
    owners = _rows(client, "identity/probable_owners", nodes=shared) if shared else []
    devices = [] if shared else _shared_devices(client, customer)
    return Who(customer, known, flags, cuts, count, [Owner(*row) for row in owners], devices)


def _shared_devices(client: Connections, customer: UUID) -> list[Device]:
    """Only where a shared device is near is it worth to look at all of their touchpoints."""
    ((refused,),) = _rows(client, "identity/refused", id=str(customer), reason="shared")
    return [Device(*row) for row in _rows(client, "identity/shared_devices", customer=customer)] if refused else []


def _flags(
    client: Connections, customer: UUID, nodes: Sequence[UUID], cuts: Collection[Cut]
) -> dict[UUID, tuple[str, ...]]:
    """Only of nodes that have any."""
    names = {"share": "shared", "quarantine": "quarantined"}
    found = [(node, names[kind]) for node, kind in _rows(client, "identity/flags", id=str(customer))]
    found += [(node, "cut") for node in sorted({end for cut in cuts for end in (cut.a_node, cut.b_node)} & set(nodes))]
    return {node: tuple(flag for other, flag in found if other == node) for node, _ in found}


def owners_of(client: Connections, nodes: Sequence[UUID]) -> dict[UUID, UUID]:
    """Node -> its customer now; of one that no touchpoint has carried, itself."""
    return {**{node: node for node in nodes}, **dict(_rows(client, "identity/owners", nodes=nodes))}


def explanation(client: Connections, a: UUID, b: UUID) -> list[Step]:
    """The shortest chain from `a` to `b`, or the pairs that were refused between their customers. Nodes."""
    return [Step(*row) for row in _rows(client, "identity/explain", a=str(a), b=str(b))]


def history(client: Connections, nodes: Sequence[UUID], most: int) -> tuple[list[Decision], int]:
    """The newest decisions on any of these nodes of one customer, the oldest of them first (`most` 0: all), and how many there
    are."""
    rows = _rows(client, "identity/history", id=str(nodes[0]), nodes=nodes, limit=most or ALL)
    return [Decision(*row[:-1]) for row in reversed(rows)], rows[0][-1] if rows else 0


def nodes_of(client: Connections, customer: UUID) -> list[UUID]:
    """Of all identifiers of a customer."""
    return [row[-1] for row in _rows(client, "journey/identifiers", customer=customer)] or [customer]


def held_at(client: Connections, at: int, node: UUID) -> list[Held]:
    """All identifiers of the customer to whom this one belonged then."""
    return [Held(*row) for row in _rows(client, "identity/as_of", at=iso(at), id=str(node))]


def moved_since(client: Connections, at: int, most: int) -> tuple[list[Held], int]:
    """Identifiers that belong to another customer now (`most` 0: all), and how many there are."""
    rows = _rows(client, "identity/as_of_all", at=iso(at), limit=most or ALL)
    return [Held(*row[:-1]) for row in rows], rows[0][-1] if rows else 0


def totals_at(client: Connections, at: int) -> Totals:
    return Totals(*_rows(client, "identity/as_of_totals", at=iso(at))[0])


def _rows(client: Connections, name: str, **asked: Any) -> list[tuple[Any, ...]]:
    return [tuple(map(_text, row)) for row in query(name).ask(client, **asked)]


def _text(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
