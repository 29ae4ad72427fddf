"""The INSERT of each table: columns as numbers and 16-byte strings, converted by the server on their way in."""

from functools import cache
from typing import Any

from schemas.tables import TABLES, TOUCHPOINTS, Block
from sinks.clickhouse.columns import KINDS
from sinks.clickhouse.touchpoints import PARSED, WITH


@cache
def insert_statement(table_name: str, into: str = "") -> str:
    """`INSERT INTO t (..) SELECT .. FROM input('..') FORMAT Native`, to be sent with columns as `encoded` gives them.

    `into`: a table of another name with the same columns.

    The raw event of a touchpoint is not stored as it came: its properties, context and identifiers are.
    """
    columns = TABLES[table_name].columns
    stored = {name: KINDS[kind].parse.format(f"`{name}`") for name, kind in columns.items()}
    head = ""
    if table_name == TOUCHPOINTS.name:
        del stored["raw"]
        stored, head = {**stored, **PARSED}, WITH
    sent = ", ".join(f"`{name}` {KINDS[kind].sent}" for name, kind in columns.items())
    structure = sent.replace("'", "\\'")
    names, values = ", ".join(f"`{name}`" for name in stored), ", ".join(stored.values())
    return f"INSERT INTO {into or table_name} ({names}) {head}SELECT {values} FROM input('{structure}') FORMAT Native"


def encoded(block: Block) -> list[list[Any]]:
    """The columns of a block as the driver sends them; the block itself stays as it is."""
    kinds = block.table.columns.values()
    return [KINDS[kind].encode(column) for kind, column in zip(kinds, block.columns, strict=True)]
