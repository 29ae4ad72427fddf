"""What a worker reads: a few rows of many keys, in one query each, the newest version of each key (FINAL)."""

from collections.abc import Iterator, Sequence
from typing import Any

from schemas.fact import Fact
from schemas.ids import Id
from schemas.messages import Change, Claim, Member
from schemas.tables import CLAIMS, CUSTOMERS, DEADLINES, FACT, IDENTITY_MAP, Table
from sinks.clickhouse.columns import decoded, selected
from sinks.clickhouse.server import Connections

_CHANGE = ("customer_id", "home", "seq", "members", "member_types", "member_homes", "flags")
_CUSTOMER = {name: CUSTOMERS.columns[name] for name in _CHANGE}
_MAPPED = {name: IDENTITY_MAP.columns[name] for name in ("node", "customer")}
_WANTED = "(SELECT reinterpretAsUUID(id) FROM wanted)"
_ARRAY = "(SELECT groupArray(reinterpretAsUUID(id)) FROM wanted)"
_POINT = {"max_threads": 1}
_FEW = 50  # ids that are sent within the query: below this an external table costs more


class Lookups:
    """Reads by node. Ids are sent as an external table; a look-up runs on one thread."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def rows(self, table: str, columns: dict[str, str], condition: str, ids: Sequence[Id]) -> list[list[Any]]:
        """The columns of the newest rows that fulfil `condition`, in which `{ids}` stands for the set and `{array}`
        for the array of the ids."""
        if not ids:
            return decoded(columns, [])
        query = f"SELECT {selected(columns)} FROM {table} FINAL WHERE {condition}"
        if len(ids) <= _FEW:
            few = ", ".join(f"reinterpretAsUUID(unhex('{id.hex()}'))" for id in ids)
            return decoded(columns, self._connections.ask(query.format(ids=f"({few})", array=f"[{few}]"), **_POINT))
        external = [{"name": "wanted", "structure": [("id", "FixedString(16)")], "data": [{"id": id} for id in ids]}]
        query = query.format(ids=_WANTED, array=_ARRAY)
        return decoded(columns, self._connections.ask(query, external=external, **_POINT))

    def of_nodes(self, table: Table, names: Sequence[str], nodes: Sequence[Id]) -> list[tuple[Any, ...]]:
        """These columns of every row of these nodes."""
        columns = {name: table.columns[name] for name in names}
        return list(zip(*self.rows(table.name, columns, "node IN {ids}", nodes), strict=True))

    def facts(self, nodes: Sequence[Id]) -> list[Fact]:
        return list(map(Fact, *self.rows("facts", FACT, "node IN {ids}", nodes)))

    def customers_of(self, nodes: Sequence[Id]) -> dict[Id, Change]:
        """The map and the rows are two tables, written one after the other: an answer counts only if the row names
        the node. What does not fit is asked again, and at last found by its members: the resolver is between writes."""
        found: dict[Id, Change] = {}
        doubtful = list(nodes)
        for _ in range(2):
            doubtful = self._follow_map(doubtful, found)
            if not doubtful:
                return found
        wanted = set(doubtful)
        for change in self._customers("hasAny(members, {array})", doubtful):
            for member in change.members:
                if member.node in wanted and (member.node not in found or found[member.node].seq < change.seq):
                    found[member.node] = change
        return found

    def last_claim(self) -> int:
        return int(self._connections.ask("SELECT max(seq) FROM claims")[0][0])

    def claims_until(self, seq: int) -> Iterator[tuple[int, Claim]]:
        """Streamed; a claim that was recorded in both directions, or twice, comes once."""
        query = (
            f"SELECT {selected(CLAIMS.columns)} FROM claims WHERE seq <= %(seq)s"
            " ORDER BY seq, reinterpretAsFixedString(a) SETTINGS max_bytes_before_external_sort = 1000000000"
        )
        last = 0
        for block in self._connections.stream(query, {"seq": seq}):
            for row in zip(*decoded(CLAIMS.columns, block), strict=True):
                if row[4] != last:
                    last = row[4]
                    yield last, claim_of(row)

    def deadlines(self, partitions: Sequence[int], until: int, after: int) -> list[tuple[Any, ...]]:
        """The condition on the nodes lets the server read only their part of `stitched`."""
        if not partitions:
            return []
        is_due = (
            "inbox_partition IN %(partitions)s AND due <= fromUnixTimestamp64Milli(%(until)s, 'UTC')"
            " AND due > fromUnixTimestamp64Milli(%(after)s, 'UTC')"
        )
        query = (
            f"SELECT DISTINCT {selected(DEADLINES.columns)} FROM deadlines WHERE {is_due}"
            " AND (node, original_timestamp, event_id) IN"
            " (SELECT node, original_timestamp, event_id FROM stitched FINAL"
            f" WHERE due > toDateTime64(0, 3, 'UTC') AND node IN (SELECT node FROM deadlines WHERE {is_due}))"
        )
        columns = self._connections.ask(query, {"partitions": tuple(partitions), "until": until, "after": after})
        return list(zip(*decoded(DEADLINES.columns, columns), strict=True))

    def offsets_from(self, topic: str, partition: int, offset: int) -> dict[int, int]:
        query = """SELECT offset, fact_hash FROM offsets FINAL
            WHERE topic = %(t)s AND partition = %(p)s AND offset >= %(o)s AND outcome = 'stored'"""
        columns = self._connections.ask(query, {"t": topic, "p": partition, "o": offset}, **_POINT)
        return dict(zip(*columns, strict=True)) if columns else {}

    def _follow_map(self, nodes: list[Id], found: dict[Id, Change]) -> list[Id]:
        """Adds what fits to `found`; returns the nodes whose map and customer row contradict each other."""
        mapped = dict(zip(*self.rows("identity_map", _MAPPED, "node IN {ids}", nodes), strict=True))
        owners = {node: mapped.get(node, node) for node in nodes}
        rows = {c.customer: c for c in self._customers("customer_id IN {ids}", list(set(owners.values())))}
        doubtful = []
        for node, owner in owners.items():
            change = rows.get(owner)
            if change is not None and any(member.node == node for member in change.members):
                found[node] = change
            elif change is not None or node in mapped:
                doubtful.append(node)
        return doubtful

    def _customers(self, condition: str, ids: list[Id]) -> list[Change]:
        return _changes(self.rows("customers", _CUSTOMER, condition, ids))


def _changes(columns: list[list[Any]]) -> list[Change]:
    return [
        Change(customer, home, seq, tuple(map(Member, nodes, types, homes)), flags)
        for customer, home, seq, nodes, types, homes, flags in zip(*columns, strict=True)
    ]


def claim_of(row: tuple[Any, ...]) -> Claim:
    """Of a row of `claims`, with all its columns."""
    a, b, kind, evidence, _, a_type, b_type, a_home, b_home, *rest = row
    first_seen, level, source, reason = rest
    one, other = Member(a, a_type, a_home), Member(b, b_type, b_home)
    return Claim(kind, one, other, first_seen, level, source, evidence, reason)
