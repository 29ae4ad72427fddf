"""The audit of protocol.md in SQL: every offset became exactly one thing, every fact is folded by its present customer.

Every function asks one query of `queries/audit` as a user who may read the store (`auditor`). Lists of faults are cut
at `limit` rows. While records flow, what is still under way shows as a fault; compare with the lag, or ask at rest.
Ids are 16 bytes (`schemas.ids`), times ms UTC. How far Kafka's logs reach and what is committed comes from the caller.
Measured: 1.5 s of one core and 250 MB per million touchpoints for all of it, growing with their number.
`queries.audit_balance` compares the two, `queries.audit_checks` lists the checks.
"""

from collections.abc import Sequence
from typing import NamedTuple

from queries.named import query
from schemas.ids import Id
from sinks.clickhouse.server import Connections
from throughline.lag import Extent

SOME = 1_000


class Recorded(NamedTuple):
    """offsets = stored + duplicate + dead + gap. `duplicate`: later offsets of an event that was stored before."""

    topic: str
    partition: int
    hour: int
    first_offset: int
    last_offset: int
    offsets: int
    below_committed: int
    stored: int
    duplicate: int
    dead: int
    gap: int


class OffsetRange(NamedTuple):
    """Offsets from `first` to before `end`."""

    topic: str
    partition: int
    first: int
    end: int


class StoredOffset(NamedTuple):
    topic: str
    partition: int
    offset: int
    fact_hash: int


class FactWithoutRow(NamedTuple):
    node: Id
    original_timestamp: int
    event_id: Id
    received_at: int


class RowWithoutFact(NamedTuple):
    node: Id
    original_timestamp: int
    event_id: Id


class WrongCustomer(NamedTuple):
    """`customer` is what the row says, `owner` what the identity map says."""

    node: Id
    original_timestamp: int
    event_id: Id
    customer: Id
    owner: Id


class NodeOfNoCustomer(NamedTuple):
    node: Id
    customer: Id


class CountedTwice(NamedTuple):
    customer: Id
    original_timestamp: int
    event_id: Id
    times: int


class OfTwoCustomers(NamedTuple):
    original_timestamp: int
    event_id: Id
    customers: tuple[Id, ...]


class MissingDeadline(NamedTuple):
    """`node` is one of the customer's, for the mark that has it folded again."""

    customer: Id
    node: Id
    due: int


def recorded_offsets(client: Connections, extents: Sequence[Extent]) -> list[Recorded]:
    """Counts the offsets from the first of each extent on, to the newest that is recorded."""
    if not extents:
        return []
    names = [f"{each.topic}/{each.partition}" for each in extents]
    limits = {"firsts": [each.first for each in extents], "committed": [each.committed for each in extents]}
    rows = query("audit/recorded_offsets").ask(client, names=names, **limits)
    return [Recorded(row[0].decode(), *row[1:]) for row in rows]


def missing_offsets(client: Connections, topic: str, partition: int, first: int, end: int) -> list[OffsetRange]:
    """Offsets of [first, end) that are in no account; `first`: the first retained, `end`: the committed one."""
    wanted = {"topic": topic, "partition": partition, "first": first, "end": end}
    return [OffsetRange(topic, partition, *row) for row in query("audit/missing_offsets").ask(client, **wanted)]


def stored_without_fact(client: Connections, limit: int = SOME) -> list[StoredOffset]:
    rows = query("audit/stored_without_fact").ask(client, limit=limit)
    return [StoredOffset(row[0].decode(), *row[1:]) for row in rows]


def facts_without_row(client: Connections, limit: int = SOME) -> list[FactWithoutRow]:
    return [FactWithoutRow(*row) for row in query("audit/facts_without_row").ask(client, limit=limit)]


def rows_without_fact(client: Connections, limit: int = SOME) -> list[RowWithoutFact]:
    return [RowWithoutFact(*row) for row in query("audit/rows_without_fact").ask(client, limit=limit)]


def rows_of_the_wrong_customer(client: Connections, limit: int = SOME) -> list[WrongCustomer]:
    return [WrongCustomer(*row) for row in query("audit/rows_of_the_wrong_customer").ask(client, limit=limit)]


def nodes_of_no_customer(client: Connections, limit: int = SOME) -> list[NodeOfNoCustomer]:
    return [NodeOfNoCustomer(*row) for row in query("audit/nodes_of_no_customer").ask(client, limit=limit)]


def events_counted_twice(client: Connections, limit: int = SOME) -> list[CountedTwice]:
    return [CountedTwice(*row) for row in query("audit/events_counted_twice").ask(client, limit=limit)]


def events_of_two_customers(client: Connections, limit: int = SOME) -> list[OfTwoCustomers]:
    """No fault: reported, because somebody may wonder why totals over customers exceed the number of events."""
    rows = query("audit/events_of_two_customers").ask(client, limit=limit)
    return [OfTwoCustomers(at, event_id, tuple(sorted(customers))) for at, event_id, customers in rows]


def deadlines_missing(client: Connections, limit: int = SOME) -> list[MissingDeadline]:
    return [MissingDeadline(*row) for row in query("audit/deadlines_missing").ask(client, limit=limit)]


def identifiers_of(client: Connections, nodes: Sequence[Id]) -> list[tuple[Id, str, str]]:
    """(node, type, normalised value) of those that are known."""
    found: list[tuple[Id, str, str]] = []
    for start in range(0, len(nodes), SOME):
        named = [node.hex() for node in nodes[start : start + SOME]]
        rows = query("audit/identifiers_of").ask(client, nodes=named)
        found += [(node, type.decode(), value.decode()) for node, type, value in rows]
    return found
