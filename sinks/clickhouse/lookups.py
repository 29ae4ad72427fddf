"""What a worker reads: a few rows of many keys, in one query each, the newest version of each key.

Not with FINAL: that reads every column of every granule in which a wanted key may lie, twice the time at ten million customers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from schemas.fact import Fact
from schemas.ids import Id
from schemas.messages import Change, Claim, Member
from schemas.tables import CLAIMS, CUSTOMERS, FACT, FACTS, IDENTITY_MAP, Table
from sinks.clickhouse.columns import decoded, selected
from sinks.clickhouse.server import Connections

_CHANGE = ("customer_id", "home", "seq", "members", "member_types", "member_homes", "flags")
_CUSTOMER = {name: CUSTOMERS.columns[name] for name in _CHANGE}
_MAPPED = {name: IDENTITY_MAP.columns[name] for name in ("node", "customer")}
_WANTED = "(SELECT reinterpretAsUUID(id) FROM wanted)"
_ARRAY = "(SELECT groupArray(reinterpretAsUUID(id)) FROM wanted)"
_LATEST = "_part_index DESC, _part_offset DESC"  # of a tie the last insert wins, as with FINAL
_POINT = {"max_threads": 1}
_FEW = 50  # ids that are sent within the query: below this an external table costs more


class Lookups:
    """Reads by node. Ids are sent as an external table; a look-up runs on one thread. `prefix`: before the names of the tables
    of identity, where another set of them is to be asked."""

    def __init__(self, connections: Connections, prefix: str = "") -> None:
        self._connections = connections
        self._customers, self._map = (replace(table, name=prefix + table.name) for table in (CUSTOMERS, IDENTITY_MAP))

    def rows(self, table: Table, columns: dict[str, str], ids: Sequence[Id]) -> list[list[Any]]:
        """The columns of the newest row of each key that begins with one of the ids."""
        newest = f"ORDER BY {table.version} DESC, {_LATEST} LIMIT 1 BY {', '.join(table.key)}"
        return self._ask(columns, f"{table.name} PREWHERE {table.key[0]} IN {{ids}} {newest}", ids)

    def _ask(self, columns: dict[str, str], where: str, ids: Sequence[Id]) -> list[list[Any]]:
        """`{ids}` stands for the set, `{array}` for the array of the ids."""
        if not ids:
            return decoded(columns, [])
        query = f"SELECT {selected(columns)} FROM {where}"
        if len(ids) <= _FEW:
            few = ", ".join(f"reinterpretAsUUID(unhex('{id.hex()}'))" for id in ids)
            return decoded(columns, self._connections.ask(query.format(ids=f"({few})", array=f"[{few}]"), **_POINT))
        external = [{"name": "wanted", "structure": [("id", "FixedString(16)")], "data": [{"id": id} for id in ids]}]
        query = query.format(ids=_WANTED, array=_ARRAY)
        return decoded(columns, self._connections.ask(query, external=external, **_POINT))

    def of_nodes(self, table: Table, names: Sequence[str], nodes: Sequence[Id]) -> list[tuple[Any, ...]]:
        """These columns of every row of these nodes."""
        columns = {name: table.columns[name] for name in names}
        return list(zip(*self.rows(table, columns, nodes), strict=True))

    def facts(self, nodes: Sequence[Id]) -> list[Fact]:
        return list(map(Fact, *self.rows(FACTS, FACT, nodes)))

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
        holding = self._ask(
            _CUSTOMER, f"{self._customers.name} FINAL WHERE hasAny(members, {{array}})", doubtful
        )  # no older row counts
        for change in _changes(holding):
            for member in change.members:
                if member.node in wanted and (member.node not in found or found[member.node].seq < change.seq):
                    found[member.node] = change
        return found

    def last_claim(self) -> int:
        return int(self._connections.ask("SELECT max(seq) FROM claims")[0][0])

    def claims_until(self, seq: int, after: int) -> Iterator[tuple[int, Claim]]:
        """Streamed; a claim that was recorded in both directions, or twice, comes once."""
        query = (
            f"SELECT {selected(CLAIMS.columns)} FROM claims WHERE seq > %(after)s AND seq <= %(seq)s"
            " ORDER BY seq, reinterpretAsFixedString(a) SETTINGS max_bytes_before_external_sort = 1000000000"
        )
        last = 0
        for block in self._connections.stream(query, {"seq": seq, "after": after}):
            for row in zip(*decoded(CLAIMS.columns, block), strict=True):
                if row[4] != last:
                    last = row[4]
                    yield last, claim_of(row)

    def offsets_from(self, topic: str, partition: int, offset: int) -> dict[int, int]:
        query = """SELECT offset, fact_hash FROM offsets FINAL
            WHERE topic = %(t)s AND partition = %(p)s AND offset >= %(o)s AND outcome = 'stored'"""
        columns = self._connections.ask(query, {"t": topic, "p": partition, "o": offset}, **_POINT)
        return dict(zip(*columns, strict=True)) if columns else {}

    def _follow_map(self, nodes: list[Id], found: dict[Id, Change]) -> list[Id]:
        """Adds what fits to `found`; returns the nodes whose map and customer row contradict each other."""
        mapped = dict(zip(*self.rows(self._map, _MAPPED, nodes), strict=True))
        owners = {node: mapped.get(node, node) for node in nodes}
        rows = {c.customer: c for c in _changes(self.rows(self._customers, _CUSTOMER, list(set(owners.values()))))}
        doubtful = []
        for node, owner in owners.items():
            change = rows.get(owner)
            if change is not None and any(member.node == node for member in change.members):
                found[node] = change
            elif change is not None or node in mapped:
                doubtful.append(node)
        return doubtful


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
