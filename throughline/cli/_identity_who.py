"""`throughline identity who`: the customer behind an identifier."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table

from queries.identity import Cut, Device, Owner, Who, owners_of
from queries.identity import who as asked
from throughline.cli._identity_reading import (
    AsJson,
    Which,
    console,
    many,
    moment,
    node_of,
    plain,
    printable,
    reader,
    tell,
)

FOUND = {
    "before": "seen on it within 30 min before",
    "after": "the first seen on it after",
    "": "no customer was ever seen on it",
}


def who(identifier: Which, as_json: AsJson = False) -> None:
    """Show whose an identifier is, all identifiers of that customer, and what is special about them."""
    with reader() as read:
        named = read.identifier(identifier)
        found = asked(read.client, owners_of(read.client, [node_of(named)])[node_of(named)])
    if as_json:
        tell(_plain(found, str(named)))
    else:
        _show(found, str(named), console())


def _plain(found: Who, name: str) -> dict[str, Any]:
    known = [{**plain(each), "flags": list(found.flags.get(each.node, ()))} for each in found.identifiers]
    return {"asked": name, **found._asdict(), "flags": _all_flags(found), "identifiers": known}


def _all_flags(found: Who) -> list[str]:
    return sorted({flag for flags in found.flags.values() for flag in flags})


def _show(found: Who, name: str, console: Console) -> None:
    console.print(f"{printable(name)} is of customer [bold]{found.customer_id}[/]", soft_wrap=True)
    console.print(f"{many(len(found.identifiers), 'identifier')}, {many(found.touchpoints, 'touchpoint')}\n")
    console.print(_identifiers(found))
    for line in (*_cuts(found.cuts), *_owners(found.probable_owners), *_devices(found.shared_devices)):
        console.print(line)


def _identifiers(found: Who) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("identifier", overflow="fold")
    for title in ("first seen, UTC", "last seen, UTC"):
        table.add_column(title, width=16)
    table.add_column("", overflow="fold", style="yellow")
    for each in found.identifiers:
        flags = ", ".join(found.flags.get(each.node, ()))
        seen = (moment(time)[:16] for time in (each.first_seen, each.last_seen))
        table.add_row(printable(f"{each.type}:{each.value}"), *seen, flags)
    return table


def _cuts(cuts: Iterable[Cut]) -> list[str]:
    return [
        f"\nCut {cut.id}, {moment(cut.decided_at)}:\n  {printable(cut.a)} and {printable(cut.b)}"
        f" are never one customer.\n  [dim]{printable(cut.detail)}[/]"
        for cut in cuts
    ]


def _owners(owners: Iterable[Owner]) -> list[str]:
    lines = [
        f"  {many(each.touchpoints, 'touchpoint')}: {_name(each.identifier, each.customer_id)} [dim]{FOUND[each.found]}[/]"
        for each in owners
    ]
    return ["\nA shared device. Touchpoints that name nobody, and whose they probably are:", *lines] if lines else []


def _devices(devices: Iterable[Device]) -> list[str]:
    lines = [
        f"  {many(each.touchpoints, 'touchpoint')} of {printable(each.identifier)} [dim]{FOUND[each.found]}[/]"
        for each in devices
    ]
    return ["\nShared devices. Touchpoints that name nobody, and are probably theirs:", *lines] if lines else []


def _name(identifier: str, customer: UUID | None) -> str:
    return printable(identifier or str(customer)) if customer else "?"
