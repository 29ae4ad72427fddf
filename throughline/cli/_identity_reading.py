"""What the commands that ask about identity share: the analyst's connection, identifiers as typed, JSON, printed text."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape

from queries.identifier import Named, identifier
from schemas.ids import to_uuid
from sinks.clickhouse.connect import open_views
from sinks.clickhouse.server import Connections
from throughline.clock import iso
from throughline.settings import load

TIMES = {"first_seen", "last_seen", "decided_at", "since", "at"}
Which = Annotated[
    str, typer.Argument(help="loyalty_id:1029, anna@example.org, +43660123456, a cookie, or a customer id.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")]


class Reader:
    """Asks the views as the analyst."""

    def __init__(self, client: Connections, region: str, key: bytes) -> None:
        self.client, self._region, self._key = client, region, key

    def identifier(self, text: str) -> Named:
        """Raises NotFound, Ambiguous or JoinsNobody with what to type instead."""
        return identifier(self.client, text.strip(), self._region, self._key)


@contextmanager
def reader() -> Iterator[Reader]:
    settings = load(Path.cwd())
    with closing(open_views(settings, "analyst", patience=3.0)) as client:
        yield Reader(client, settings.identity.region, settings.identity.node_key)


def node_of(named: Named) -> UUID:
    return to_uuid(named.node)


def console() -> Console:
    return Console(highlight=False)


def tell(found: Any) -> None:
    """One JSON object: times as RFC 3339, ids as text."""
    typer.echo(json.dumps(plain(found), indent=2, ensure_ascii=False))


def plain(value: Any, name: str = "") -> Any:
    if name in TIMES and isinstance(value, int):
        return iso(value)
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {str(key): plain(each, str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, UUID | datetime) else value


def moment(at: int) -> str:
    """Readable, UTC, to the second."""
    return iso(at)[:19].replace("T", " ")


def printable(text: str) -> str:
    """What came from outside, for a terminal: no control characters, no markup."""
    return escape("".join(character if character.isprintable() else " " for character in text))


def many(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
