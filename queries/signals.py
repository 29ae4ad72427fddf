"""Friction as it comes: the newest that stands, and the names of the customers who have it."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from queries.named import query
from sinks.clickhouse.server import Connections


@dataclass(frozen=True)
class Signal:
    """`at`: ms UTC, when it became friction. `live` False: a later event has disproved it. Of one id the higher `version`
    counts; 0 for what was read from the view."""

    id: UUID
    name: str
    customer: UUID
    channel: str
    location: str
    at: int
    detail: str
    live: bool = True
    version: int = 0


def newest(client: Connections, limit: int = 10) -> list[Signal]:
    """Newest first."""
    return [
        Signal(id, name.decode(), customer, channel.decode(), location.decode(), at, detail.decode())
        for id, name, customer, channel, location, at, detail in query("signals/newest").ask(client, limit=limit)
    ]


def names(client: Connections, customers: Collection[UUID]) -> dict[UUID, str]:
    """`type:value` of the strongest identifier of each customer."""
    if not customers:
        return {}
    rows = query("signals/names").ask(client, customers=sorted(customers))
    return {node: f"{type.decode()}:{value.decode()}" for node, type, value in rows}
