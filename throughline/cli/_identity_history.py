"""`throughline identity history`: every decision on the identifiers of a customer."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from queries.identity import Decision, nodes_of, owners_of
from queries.identity import history as asked
from throughline.cli._identity_reading import AsJson, Which, console, many, moment, node_of, printable, reader, tell

Last = Annotated[int, typer.Option(min=0, help="Only the last N decisions; 0: all.")]
Only = Annotated[
    bool, typer.Option("--only", help="Decisions on this identifier itself, not on others of the customer.")
]
COLOURS = {"refuse": "red", "quarantine": "red", "share": "red", "cut": "red", "merge": "green", "attach": "green"}


def history(identifier: Which, last: Last = 30, only: Only = False, as_json: AsJson = False) -> None:
    """Show what was decided on an identifier and on all others of its customer, when, and why."""
    with reader() as read:
        named = read.identifier(identifier)
        node = node_of(named)
        customer = owners_of(read.client, [node])[node]
        found, all = asked(read.client, [node] if only else nodes_of(read.client, customer), last)
    if as_json:
        tell({"asked": str(named), "customer_id": customer, "decisions_in_all": all, "decisions": found})
    else:
        console().print(f"{printable(str(named))} is of customer [bold]{customer}[/]", soft_wrap=True)
        _show(found, all, console())


def _show(found: Sequence[Decision], all: int, console: Console) -> None:
    if not found:
        console.print("Nothing was decided: it was never seen with another identifier.")
    if hidden := all - len(found):
        console.print(f"[dim]{many(hidden, 'earlier decision')}; --last 0 shows all[/]")
    for each in found:
        kind = f"[{COLOURS.get(each.kind, 'yellow')}]{each.kind}[/]"
        pair = f"{printable(each.a)} and {printable(each.b)}" if each.b else printable(each.a)
        console.print(f"{moment(each.decided_at)} {kind} {pair}")
        console.print(f"  [dim]{each.reason}: {printable(each.detail)} (rules {each.rules})[/]")
