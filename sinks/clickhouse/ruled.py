"""Which rules were applied, and what was folded by older ones."""

from collections.abc import Sequence

from schemas.ids import Id, to_uuid
from sinks.clickhouse.server import Connections

_NEWEST = "SELECT seq, version, text FROM rules ORDER BY version DESC, seq LIMIT 1"
_STALE = "bitShiftRight(version, 96) < %(version)s AND inbox_partition IN %(partitions)s"
_NODES = f"""SELECT reinterpretAsFixedString(node), any(inbox_partition), count() FROM stitched FINAL
    WHERE node > toUUID(%(after)s) AND {_STALE} GROUP BY node ORDER BY node LIMIT %(limit)s
    SETTINGS optimize_aggregation_in_order = 1, max_threads = 1"""
_ROWS = f"SELECT count() FROM stitched FINAL WHERE {_STALE}"


def newest_rules(connections: Connections) -> tuple[int, int, str] | None:
    """As `Store.rules`."""
    found = connections.ask(_NEWEST)
    if not found:
        return None
    seq, version, text = (column[0] for column in found)
    return seq, version, text.decode()


def stale_nodes(
    connections: Connections, partitions: Sequence[int], version: int, limit: int, after: Id
) -> list[tuple[Id, int, int]]:
    """As `Store.stale_nodes`."""
    if not partitions:
        return []
    bounds = {"after": str(to_uuid(after)), "limit": limit, "version": version, "partitions": tuple(partitions)}
    return list(zip(*connections.ask(_NODES, bounds), strict=True))


def stale_rows(connections: Connections, partitions: Sequence[int], version: int) -> int:
    """As `Store.stale_rows`."""
    if not partitions:
        return 0
    return int(connections.ask(_ROWS, {"version": version, "partitions": tuple(partitions)})[0][0])
