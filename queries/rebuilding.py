"""What a rebuild reads besides the store, in portions of bounded memory."""

from collections.abc import Iterator
from typing import NamedTuple

from queries.named import query
from schemas.ids import Id
from sinks.clickhouse.server import Connections

TOUCHPOINTS_AT_ONCE = 2_000_000
NODES_AT_ONCE = 300_000

Sighted = tuple[bytes, str, int | None, int, Id]  # identifiers as JSON, source, assurance, first seen (ms), event


class Extent(NamedTuple):
    """`sightings`: touchpoints with several identifiers."""

    sightings: int
    nodes: int
    facts: int


def extent(client: Connections) -> Extent:
    return Extent(*query("rebuild/extent").ask(client)[0])


def sightings(client: Connections, size: Extent) -> Iterator[list[Sighted]]:
    """Each set of identifiers once per source and assurance."""
    portions = size.sightings // TOUCHPOINTS_AT_ONCE + 1
    for portion in range(portions):
        rows = query("rebuild/sightings").ask(client, portion=portion, portions=portions)
        yield [(who, source.decode(), *rest) for who, source, *rest in rows]


def nodes(client: Connections, size: Extent) -> Iterator[list[tuple[Id, Id, int]]]:
    """(node, customer, facts or a few more): a customer's nodes lie together, as far as the map is right."""
    portions = size.nodes // NODES_AT_ONCE + 1
    for portion in range(portions):
        yield query("rebuild/nodes").ask(client, portion=portion, portions=portions)
