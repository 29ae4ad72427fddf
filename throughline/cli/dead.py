"""`throughline dead`: records that are no events, why, and what they were."""

import base64
import json
import sys
from contextlib import closing
from dataclasses import replace
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from queries.named import query
from schemas.deadletter import REASONS
from sinks.clickhouse.connect import server_of
from sinks.clickhouse.server import Connections
from throughline.clock import iso
from throughline.errors import ConfigurationError
from throughline.settings import load

Topic = Annotated[str, typer.Option(help="Only of this topic.")]
Reason = Annotated[str, typer.Option(help=f"Only for this reason: {', '.join(REASONS)}.")]
Limit = Annotated[int, typer.Option(min=1, help="Letters listed at most, the newest first.")]
AsJson = Annotated[bool, typer.Option("--json", help="The letters as JSON lines, their bytes as text or base64.")]


class Letter(NamedTuple):
    """A row of `queries/dead/letters.sql`; `time` in ms."""

    topic: str
    partition: int
    offset: int
    time: int
    reason: str
    field: str
    message: str
    key: bytes
    raw: bytes


def command(topic: Topic = "", reason: Reason = "", limit: Limit = 20, as_json: AsJson = False) -> None:
    """Count dead letters by reason; with --topic, --reason or --json list them."""
    if reason and reason not in REASONS:
        raise ConfigurationError(f"--reason {reason} is none; use one of {', '.join(REASONS)}")
    with closing(Connections(replace(server_of(load(), "auditor"), patience=3.0))) as client:
        if not (topic or reason or as_json):
            table = counted(client)
            Console().print(table if table.row_count else "No dead letters.")
        elif as_json:
            for letter in letters(client, topic, reason, limit):
                sys.stdout.write(json.dumps(plain(letter), ensure_ascii=False) + "\n")
        else:
            Console().print(listed(letters(client, topic, reason, limit)))


def letters(client: Connections, topic: str, reason: str, limit: int) -> list[Letter]:
    """The newest first; an empty topic or reason means any."""
    rows = query("dead/letters").ask(client, topic=topic, reason=reason, limit=limit)
    return [Letter(text(row[0]), *row[1:4], *map(text, row[4:7]), *row[7:]) for row in rows]


def plain(letter: Letter) -> dict[str, Any]:
    """What JSON can hold. Bytes that are no UTF-8 stand under `<name>_base64`."""
    values = letter._asdict() | {"time": iso(letter.time)}
    for name in ("key", "raw"):
        data = values.pop(name)
        try:
            values[name] = data.decode()
        except UnicodeDecodeError:
            values[f"{name}_base64"] = base64.b64encode(data).decode()
    return values


def text(value: bytes) -> str:
    return value.decode(errors="replace")


def counted(client: Connections) -> Table:
    """One line per topic, reason and field."""
    table = Table("topic", "reason", "letters", "newest", "for example", box=None, pad_edge=False)
    for topic, reason, _, count, newest, example in query("dead/reasons").ask(client):
        table.add_row(text(topic), text(reason), str(count), iso(newest), escape(text(example)))
    return table


def listed(found: list[Letter]) -> Table:
    """One line per letter."""
    table = Table("time", "where", "reason", "message", "begins", box=None, pad_edge=False)
    for letter in found:
        where = f"{letter.topic}[{letter.partition}]@{letter.offset}"
        begins = escape(repr(letter.raw[:60])[2:-1])
        table.add_row(iso(letter.time), escape(where), letter.reason, escape(letter.message), begins)
    return table
