"""Reads deadlines in the order of their table, portion by portion, and whether each still stands in its row."""

from typing import Any

from schemas.fact import Key
from schemas.store import Hint
from schemas.tables import DEADLINES, FACT_KEY, STITCHED
from sinks.clickhouse.columns import decoded, selected
from sinks.clickhouse.server import Connections

_HINT = {name: DEADLINES.columns[name] for name in Hint._fields}
_KEY = {name: STITCHED.columns[name] for name in FACT_KEY}
_NAMES = ", ".join(Hint._fields)
_MOMENT = "fromUnixTimestamp64Milli(toInt64({}), 'UTC')"
_ID = "reinterpretAsUUID(unhex(%({})s))"
_AFTER = f"({_MOMENT.format('%(due)s')}, {_ID.format('node')}, {_MOMENT.format('%(at)s')}, {_ID.format('event')})"
# Without DISTINCT, which would have all of them sorted: as it is, the server reads in the order of the key and stops.
_NEXT = f"""SELECT {selected(_HINT)} FROM deadlines
    WHERE inbox_partition = %(partition)s AND due >= {_MOMENT.format("%(due)s")} AND due <= {_MOMENT.format("%(until)s")}
        AND ({_NAMES}) > {_AFTER}
    ORDER BY {_NAMES} LIMIT %(limit)s"""
_OPEN = f"""SELECT {selected(_KEY)} FROM stitched FINAL
    WHERE due > toDateTime64(0, 3, 'UTC') AND ({", ".join(FACT_KEY)}) IN
        (SELECT reinterpretAsUUID(node), {_MOMENT.format("at")}, reinterpretAsUUID(event) FROM wanted)"""
_WANTED = [("node", "FixedString(16)"), ("at", "Int64"), ("event", "FixedString(16)")]
_LOOK_UP = {"max_threads": 1}


def next_hints(
    connections: Connections, partition: int, after: Hint, until: int, limit: int
) -> list[tuple[int, bytes, int, bytes, bool]]:
    """Two queries: a row is never judged by another state of the table than the one that named it. What is written between
    them is not lost: its writer is told to arm it."""
    due, node, original_timestamp, event_id = after
    place = {"due": due, "node": node.hex(), "at": original_timestamp, "event": event_id.hex()}
    asked = connections.ask(_NEXT, {**place, "partition": partition, "until": until, "limit": limit}, **_LOOK_UP)
    hints = list(zip(*decoded(_HINT, asked), strict=True))
    open_ones = _open(connections, {hint[1:] for hint in hints})
    return [(*hint, hint[1:] in open_ones) for hint in hints]


def _open(connections: Connections, keys: set[Key]) -> set[Any]:
    if not keys:
        return set()
    data = [{"node": node, "at": at, "event": event} for node, at, event in sorted(keys)]
    external = [{"name": "wanted", "structure": _WANTED, "data": data}]
    return set(zip(*decoded(_KEY, connections.ask(_OPEN, external=external, **_LOOK_UP)), strict=True))
