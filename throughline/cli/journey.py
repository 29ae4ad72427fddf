"""`throughline journey`: one customer's journey across channels, found by any identifier."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from queries.journeys import Customer, customer, owner_of
from sinks.clickhouse.connect import open_views
from throughline.cli._timeline import show
from throughline.clock import iso
from throughline.options import Settings
from throughline.settings import load

TIMES = {"first_seen", "last_seen", "started_at", "ended_at", "at", "event_time"}
Who = Annotated[
    str, typer.Argument(help="loyalty_id:1029, anna@example.org, +43660123456, a cookie, or a customer id.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of a timeline.")]
Last = Annotated[int, typer.Option(min=0, help="Only the last N touchpoints and their journeys; 0: all.")]


def command(identifier: Who, last: Last = 40, as_json: AsJson = False) -> None:
    """Print the stitched journey of whoever owns an identifier."""
    found = find(load(Path.cwd()), identifier.strip())
    if as_json:
        typer.echo(json.dumps(plain(found), indent=2, ensure_ascii=False))
    else:
        show(found, Console(highlight=False), last)


def find(settings: Settings, identifier: str) -> Customer:
    """Raises NotFound or Ambiguous with what to type instead."""
    client = open_views(settings, "analyst", patience=3.0)
    key = settings.identity.key.get_secret_value().encode()
    return customer(client, owner_of(client, identifier, settings.identity.region, key))


def plain(found: Customer) -> dict[str, Any]:
    """JSON: times as RFC 3339, ids and money as text."""
    lists = {name: [_plain(row) for row in rows] for name, rows in found._asdict().items() if isinstance(rows, list)}
    return {"customer_id": str(found.customer_id), **lists}


def _plain(row: Any) -> dict[str, Any]:
    return {name: iso(value) if name in TIMES else _value(value) for name, value in row._asdict().items()}


def _value(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return [{"at": iso(at), "sentiment": sentiment} for at, sentiment in value]
    return value if isinstance(value, int | float | list | str | None) else str(value)
