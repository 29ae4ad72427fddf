"""A rehearsal of rules, for a terminal."""

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from schemas.ids import Id
from streams.rehearsal.rehearsal import Measure
from throughline.cli._rehearsal import SHOWN, Rehearsal

OTHERS = 4  # customers of one merge or split that are named
TURNED = {
    "quarantine": "would enter quarantine",
    "unquarantine": "would leave quarantine",
    "share": "would be shared devices",
    "unshare": "would be shared devices no longer",
}
Movements = list[tuple[Id, tuple[Id, ...]]]


def show(found: Rehearsal, console: Console) -> None:
    differ = [
        name for name, is_so in (("identity", found.identity_differs), ("journeys", found.journeys_differ)) if is_so
    ]
    console.print(
        f"Rules {found.proposed} against the present rules {found.present}: they differ in"
        f" {' and '.join(differ) or 'nothing'}. {found.claims:,} claims decided again, {found.seconds:.1f} s, nothing written."
    )
    for line in (*_customers(found), *_identifiers(found)):
        console.print(line)
    console.print(_largest(found))
    console.print(_measures(found.measures))
    for sample in found.samples:
        if sample.folded < sample.all:
            console.print(f"[yellow]Estimated: {sample.folded:,} folded by chance stand for {sample.all:,}.[/]")


def _customers(found: Rehearsal) -> Iterator[str]:
    merged, split = found.comparison.merged, found.comparison.split
    renamed = sum(part.renamed for part in found.comparison.parts)
    yield (
        f"{len(merged):,} customers merged, {len(split):,} split, {renamed:,} under another customer_id;"
        f" {found.moved:,} touchpoints change their customer."
    )
    yield from _movements(found, merged, "merged", "←")
    yield from _movements(found, split, "split", "→")


def _movements(found: Rehearsal, movements: Movements, what: str, arrow: str) -> Iterator[str]:
    for customer, all in movements[:SHOWN]:
        others = [other for other in all if other != customer]
        named = ", ".join(map(found.name, others[:OTHERS]))
        more = f" and {len(others) - OTHERS:,} more" if len(others) > OTHERS else ""
        yield f"  {what} {escape(found.name(customer))} {arrow} {escape(named)}{more}"
    if len(movements) > SHOWN:
        yield f"  and {len(movements) - SHOWN:,} more that are {what}; --json has all"


def _identifiers(found: Rehearsal) -> Iterator[str]:
    for kind, what in TURNED.items():
        if nodes := found.comparison.turned.get(kind):
            named = ", ".join(map(found.name, nodes[:OTHERS]))
            more = f" and {len(nodes) - OTHERS:,} more" if len(nodes) > OTHERS else ""
            yield f"{len(nodes):,} identifiers {what}: {escape(named)}{more}"


def _largest(found: Rehearsal) -> Table:
    table = Table("largest now", box=None, padding=(0, 2, 0, 0))
    table.add_column("identifiers", justify="right")
    table.add_column("largest then")
    table.add_column("identifiers", justify="right")
    before, after = found.largest
    for row in range(max(len(before), len(after))):
        cells = [
            (found.name(some[row][0]), f"{some[row][1]:,}") if row < len(some) else ("", "") for some in found.largest
        ]
        table.add_row(*(escape(cell) for pair in cells for cell in pair))
    return table


def _measures(measures: list[Measure]) -> Table:
    table = Table("measure", box=None, padding=(0, 2, 0, 0))
    for name in ("now", "then", "change"):
        table.add_column(name, justify="right")
    for each in measures:
        change = _figure(each.change, "+") if each.change else ""
        table.add_row(each.name, _figure(each.before), _figure(each.after), change)
    return table


def _figure(value: float | None, sign: str = "") -> str:
    if value is None:
        return "-"
    return f"{value:{sign},.0f}" if value == int(value) else f"{value:{sign},.3f}"
