"""`throughline identity as-of`: who was who at a time, as it had been decided by then."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from queries.identity import Held, Totals, held_at, moved_since, totals_at
from throughline.cli._identity_reading import AsJson, console, many, moment, node_of, printable, reader, tell
from throughline.errors import ThroughlineError

SHOWN = 30
EARLIEST, LATEST = 1970, 2200
When = Annotated[
    str, typer.Argument(metavar="TIME", help="UTC: 2026-11-25T12:00:00Z, '2026-11-25 12:00' or 2026-11-25.")
]
Which = Annotated[
    str | None, typer.Argument(help="An identifier; without one: all that belong to another customer now.")
]


def as_of(time: When, identifier: Which = None, as_json: AsJson = False) -> None:
    """Show who was who at a time: as had been decided by then, whenever the events happened."""
    at = parsed(time)
    with reader() as read:
        if identifier is not None:
            named = read.identifier(identifier)
            held = held_at(read.client, at, node_of(named))
            _tell_one(at, str(named), held) if as_json else _show_one(at, str(named), held, console())
            return
        totals, (moved, all) = totals_at(read.client, at), moved_since(read.client, at, 0 if as_json else SHOWN)
    if as_json:
        tell({"at": at, **totals._asdict(), "moved_since": all, "moved": moved})
    else:
        _show_all(at, totals, moved, all, console())


def parsed(text: str) -> int:
    """ms UTC. Raises ThroughlineError that says how a time is written."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ThroughlineError(f"{text} is no time; {_FORMS}") from error
    if not EARLIEST <= found.year < LATEST:
        raise ThroughlineError(f"{text} is not between {EARLIEST} and {LATEST}; {_FORMS}")
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


_FORMS = "write it as 2026-11-25T12:00:00Z, 2026-11-25T13:00+01:00, '2026-11-25 12:00' (UTC) or 2026-11-25"


def _tell_one(at: int, name: str, held: Sequence[Held]) -> None:
    customer = held[0].customer_id if held else None
    tell({"at": at, "asked": name, "customer_id": customer, "identifiers": list(held)})


def _show_one(at: int, name: str, held: Sequence[Held], console: Console) -> None:
    if not held:
        console.print(f"At {moment(at)} UTC, nobody had met {printable(name)}.")
        return
    was = f"[bold]{printable(name)}[/] was of customer {held[0].customer_id}"
    console.print(f"At {moment(at)} UTC, {was}", soft_wrap=True)
    if all(each.since is None for each in held):
        console.print("No claim had named it by then: it stood for itself.")
    console.print(_table(held, then=False))


def _show_all(at: int, totals: Totals, moved: Sequence[Held], all: int, console: Console) -> None:
    people = f"{many(totals.identifiers, 'identifier')} of {many(totals.customers, 'customer')}"
    console.print(f"At {moment(at)} UTC, claims had named {people}.")
    console.print(f"{many(all, 'identifier')} of today belonged to another customer then, or to none but themselves.\n")
    if moved:
        console.print(_table(moved, then=True))
    if more := all - len(moved):
        console.print(f"[dim]and {more:,} more; --json shows all[/]")


def _table(held: Sequence[Held], then: bool) -> Table:
    """Ids are cut to what tells them apart on a screen; --json has all of them."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("identifier", overflow="fold")
    table.add_column("since, UTC", width=16)
    if then:
        table.add_column("customer then", width=13)
    table.add_column("customer now", width=13)
    for each in held:
        since = moment(each.since)[:16] if each.since is not None else "-"
        owners = [f"{str(each.customer_id)[:8]}…"] if then else []
        now = f"{str(each.customer_id_now)[:8]}…" if then or each.customer_id_now != each.customer_id else "the same"
        table.add_row(printable(f"{each.type}:{each.value}"), since, *owners, now)
    return table
