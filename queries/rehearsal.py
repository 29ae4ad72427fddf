"""What a rehearsal of other rules reads besides claims and facts; asked as `auditor`, who can only read.

Each question reads a few columns of all stitched rows or customers: about a second of one core per million.
"""

from collections.abc import Sequence

from queries.named import query
from schemas.ids import Id
from sinks.clickhouse.server import Connections

SOME = 2_000


def totals(client: Connections) -> dict[str, float]:
    """The counts of `streams.rehearsal.measures`, of everybody."""
    return {name.decode(): number for name, number in query("rehearsal/totals").ask(client)}


def largest(client: Connections, most: int) -> list[tuple[Id, int]]:
    """(customer, identifiers) of the customers with the most, at least two."""
    return list(query("rehearsal/largest").ask(client, most=most))


def customers_by_chance(client: Connections, most: int) -> tuple[list[Id], int]:
    """Customers who have touchpoints, `most` of them (0: all), and how many there are."""
    rows = query("rehearsal/customers_by_chance").ask(client, most=most or 1 << 62)
    return [customer for customer, _ in rows], rows[0][1] if rows else 0


def touchpoints_of(client: Connections, nodes: Sequence[Id]) -> int:
    """How many touchpoints are stored under these identifiers."""
    count = 0
    for start in range(0, len(nodes), SOME):
        named = [node.hex() for node in nodes[start : start + SOME]]
        count += query("rehearsal/touchpoints").ask(client, nodes=named)[0][0]
    return int(count)
