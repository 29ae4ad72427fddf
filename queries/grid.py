"""Answers of ClickHouse as tables for a terminal."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

_NUMBERS = ("Int", "UInt", "Float", "Decimal", "Nullable(Int", "Nullable(UInt", "Nullable(Float", "Nullable(Decimal")


def grid(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[Any]]) -> Table:
    """`columns` are (name, ClickHouse type); numbers stand on the right."""
    table = Table(header_style="bold")
    for name, type in columns:
        table.add_column(Text(name), justify="right" if type.startswith(_NUMBERS) else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(_cell, row))
    return table


def tall(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[Any]]) -> Table:
    """The same for a terminal that is too narrow: a line per value, rows apart."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for number, row in enumerate(rows, 1):
        table.add_row(Text(f"row {number}", style="dim"), "")
        for (name, _), value in zip(columns, row, strict=True):
            table.add_row(Text(name), _cell(value))
    return table


def _cell(value: Any) -> Text:
    return Text("NULL", style="dim") if value is None else Text(shown(value))


def shown(value: Any) -> str:
    """A value as a person reads it: times in UTC without zone, lists and maps without quotes, no control characters."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ", "milliseconds" if value.microsecond else "seconds")
    if isinstance(value, dict):
        return ", ".join(f"{shown(key)}: {shown(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value))
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return "".join(character if character.isprintable() else " " for character in text)
