"""`throughline dead`: records that are no events, why, and what they were."""

import base64
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

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
            tell(list(counted(client)))
        elif as_json:
            for letter in letters(client, topic, reason, limit):
                sys.stdout.write(json.dumps(plain(letter), ensure_ascii=False) + "\n")
        else:
            tell(list(listed(letters(client, topic, reason, limit))))


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


def tell(entries: Sequence[tuple[str, ...]]) -> None:
    """Each first text on a line of its own, the others below it."""
    console = Console(highlight=False)
    for head, *details in entries:
        console.print(Text(head, style="bold"), soft_wrap=True)
        for detail in filter(None, details):
            console.print(Padding(Text(detail), (0, 0, 0, 4)))
    if not entries:
        console.print("No dead letters.")


def counted(client: Connections) -> Iterator[tuple[str, str]]:
    """Per topic, reason and field: how many and the newest message."""
    for topic, reason, _, count, newest, example in query("dead/reasons").ask(client):
        yield f"{count:>7,}  {text(reason):<19}  {text(topic)}, last at {iso(newest)}", text(example)


def listed(found: Iterable[Letter]) -> Iterator[tuple[str, str, str]]:
    """Per letter: when, where, why, and how it begins."""
    for each in found:
        where = f"{each.topic}[{each.partition}]@{each.offset}"
        yield f"{iso(each.time)}  {each.reason}  {where}", each.message, repr(each.raw[:60])[2:-1]
