"""What a worker reads of a long history: the part since a time, single events, and what the part before comes to.

`facts` and `stitched` are ordered by original_timestamp, a cut is an event_time: what is old is passed over by reading that
one column, and only keys that are wanted are read with FINAL.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.ids import Id
from schemas.store import Checkpoint, Fingerprint
from schemas.tables import CHECKPOINTS, FACTS, STITCHED, Table
from sinks.clickhouse.columns import decoded, selected
from sinks.clickhouse.server import Connections

_CUTS = [("id", "FixedString(16)"), ("cut", "Int64")]
_NODES = "(SELECT reinterpretAsUUID(id) FROM cuts)"
_JOIN = "(SELECT reinterpretAsUUID(id) AS node, fromUnixTimestamp64Milli(cut, 'UTC') AS cut FROM cuts) AS c"
_KEY = "node, original_timestamp, event_id"
_PRINT = {
    "node": "id", "cut": "ms", "facts": "u64", "fact_versions": "u64", "rows": "u64", "row_versions": "u64", "folded": "u64",
    "hashes": "u64", "horizon": "i64", "low": "id", "high": "id",
}  # fmt: skip


class Windows:
    """Reads by node and cut, or by node and event; ids are sent as external tables."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def checkpoints_of(self, customers: Sequence[Id]) -> list[Checkpoint]:
        if not customers:
            return []
        external = [_table("cuts", _CUTS[:1], [{"id": id} for id in customers])]
        query = f"SELECT {selected(CHECKPOINTS.columns)} FROM checkpoints FINAL WHERE customer_id IN {_NODES}"
        columns = self._connections.ask(query, external=external, max_threads=1)
        return list(map(Checkpoint, *decoded(CHECKPOINTS.columns, columns)))

    def fingerprints(self, cuts: Sequence[tuple[Id, int]]) -> list[Fingerprint]:
        if not cuts:
            return []
        query = f"""SELECT reinterpretAsFixedString(node), toUnixTimestamp64Milli(cut), sum(facts), sum(fact_versions), sum(n),
                sum(row_versions), sum(folded), toUInt64(sum(hashes)), max(horizon), reinterpretAsFixedString(minIf(low, n > 0)),
                reinterpretAsFixedString(maxIf(high, n > 0))
            FROM (
                SELECT node, cut, count() AS facts, sum(version) AS fact_versions, 0 AS n, 0 AS row_versions, 0 AS folded,
                    0 AS hashes, max(toUnixTimestamp64Milli(original_timestamp)) AS horizon, toUUID('{_NOBODY}') AS low,
                    toUUID('{_NOBODY}') AS high
                FROM {_before(FACTS)} GROUP BY node, cut
                UNION ALL
                SELECT node, cut, 0, 0, count(), sum(fact_version), countIf(status = 'folded'), sumIf(row_hash, status != 'late'),
                    max(toUnixTimestamp64Milli(original_timestamp)), min(customer_id), max(customer_id)
                FROM {_before(STITCHED)} GROUP BY node, cut)
            GROUP BY node, cut"""
        columns = self._connections.ask(query, external=[_cuts(dict.fromkeys(cuts))])
        rows: list[tuple[Any, ...]] = list(zip(*decoded(_PRINT, columns), strict=True))
        return [Fingerprint._make((*row[:9], row[9:] if row[4] else ())) for row in rows]

    def since(self, table: Table, names: Sequence[str], cuts: Mapping[Id, int]) -> list[tuple[Any, ...]]:
        """These columns of the newest rows at and after the cut of their node."""
        if not cuts:
            return []
        columns = {name: table.columns[name] for name in names}
        keys = f"SELECT {_KEY} FROM {table.name} INNER JOIN {_JOIN} USING node WHERE node IN {_NODES} AND event_time >= cut"
        query = (
            f"SELECT {selected(columns, 't.')} FROM {table.name} AS t FINAL INNER JOIN {_JOIN} USING node"
            f" WHERE node IN {_NODES} AND ({_KEY}) IN ({keys}) AND t.event_time >= cut"
        )
        return list(zip(*decoded(columns, self._connections.ask(query, external=[_cuts(cuts.items())])), strict=True))

    def of_events(
        self, table: Table, names: Sequence[str], nodes: Sequence[Id], events: Sequence[tuple[int, Id]]
    ) -> list[tuple[Any, ...]]:
        """These columns of the newest rows of these nodes with one of these (original_timestamp, event_id)."""
        if not nodes or not events:
            return []
        columns = {name: table.columns[name] for name in names}
        external = [
            _table("cuts", _CUTS[:1], [{"id": node} for node in nodes]),
            _table("events", [("at", "Int64"), ("id", "FixedString(16)")], [{"at": at, "id": id} for at, id in events]),
        ]
        wanted = "(SELECT fromUnixTimestamp64Milli(at, 'UTC'), reinterpretAsUUID(id) FROM events)"
        query = (
            f"SELECT {selected(columns)} FROM {table.name} FINAL"
            f" WHERE node IN {_NODES} AND (original_timestamp, event_id) IN {wanted}"
        )
        answer = self._connections.ask(query, external=external, max_threads=1)
        return list(zip(*decoded(columns, answer), strict=True))


_NOBODY = "00000000-0000-0000-0000-000000000000"


def _before(table: Table) -> str:
    return f"{table.name} FINAL INNER JOIN {_JOIN} USING node WHERE node IN {_NODES} AND event_time < cut"


def _cuts(cuts: Iterable[tuple[Id, int]]) -> dict[str, Any]:
    return _table("cuts", _CUTS, [{"id": node, "cut": cut} for node, cut in cuts])


def _table(name: str, structure: list[tuple[str, str]], data: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "structure": structure, "data": data}
