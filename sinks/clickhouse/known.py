"""Which of some rows are in a table already."""

from collections.abc import Sequence
from typing import Any

from schemas.tables import Block
from sinks.clickhouse.columns import KINDS, decoded, selected
from sinks.clickhouse.server import Connections

Values = tuple[Any, ...]


def unknown(connections: Connections, block: Block) -> Block:
    """The rows of a block that would change something: of a key that is not stored, or above the stored version."""
    table = block.table
    names = list(table.columns)
    keys = list(zip(*(block.columns[names.index(name)] for name in table.key), strict=True))
    versions = block.columns[names.index(table.version)] if table.version else [1] * len(keys)
    known = _versions(connections, block, keys)
    kept = [key not in known or version > known[key] for key, version in zip(keys, versions, strict=True)]
    columns = [[value for value, keep in zip(column, kept, strict=True) if keep] for column in block.columns]
    return Block(table, columns, block.fence, block.query_id)


def _versions(connections: Connections, block: Block, keys: Sequence[Values]) -> dict[Values, int]:
    """Of each stored key its highest version, where there are versions."""
    table = block.table
    kinds = {name: table.columns[name] for name in table.key}
    wanted = ", ".join(KINDS[kind].parse.format(name) for name, kind in kinds.items())
    times = [key[table.key.index("original_timestamp")] for key in keys] if "original_timestamp" in kinds else []
    near = "original_timestamp BETWEEN {} AND {} AND ".format(*map(_moment, (min(times), max(times)))) if times else ""
    key = ", ".join(table.key)
    query = (
        f"SELECT {selected(kinds)}, {f'max({table.version})' if table.version else 'toUInt64(1)'} FROM {table.name}"
        f" WHERE {near}({key}) IN (SELECT {wanted} FROM wanted) GROUP BY {key}"
    )
    structure = [(name, KINDS[kind].sent) for name, kind in kinds.items()]
    data = [dict(zip(kinds, key, strict=True)) for key in dict.fromkeys(keys)]
    answer = connections.ask(query, external=[{"name": "wanted", "structure": structure, "data": data}])
    *columns, versions = decoded({**kinds, "known": "u64"}, answer)
    return dict(zip(zip(*columns, strict=True), versions, strict=True))


def _moment(ms: int) -> str:
    return f"fromUnixTimestamp64Milli(toInt64({ms}), 'UTC')"
