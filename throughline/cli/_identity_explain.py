"""`throughline identity explain`: why two identifiers are one customer, or which rule keeps them apart."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from queries.identity import Step, explanation, owners_of
from throughline.cli._identity_reading import AsJson, console, many, moment, node_of, printable, reader, tell
from throughline.errors import ThroughlineError

SHOWN = 20  # obstacles for people
EVENTS = 3  # of one step
One = Annotated[str, typer.Argument(help="An identifier, as in loyalty_id:1029 or anna@example.org.")]
Two = Annotated[str, typer.Argument(help="Another.")]


def explain(a: One, b: Two, as_json: AsJson = False) -> None:
    """Show the shortest chain of claims that makes two identifiers one customer, or what keeps them apart."""
    with reader() as read:
        one, other = read.identifier(a), read.identifier(b)
        if one == other:
            raise ThroughlineError(f"{a} and {b} are one identifier, {one}: name two")
        nodes = node_of(one), node_of(other)
        steps, owners = explanation(read.client, *nodes), owners_of(read.client, nodes)
    joined = owners[nodes[0]] == owners[nodes[1]]
    if as_json:
        ends = [
            {"identifier": str(named), "customer_id": owners[node]}
            for named, node in zip((one, other), nodes, strict=True)
        ]
        tell({"a": ends[0], "b": ends[1], "one_customer": joined, ("chain" if joined else "obstacles"): steps})
    elif joined:
        _show_chain(str(one), str(other), steps, console())
    else:
        _show_obstacles(str(one), str(other), steps, console())


def _show_chain(one: str, other: str, steps: Sequence[Step], console: Console) -> None:
    console.print(
        f"{printable(one)} and {printable(other)} are [green]one customer[/], by {many(len(steps), 'step')}:\n"
    )
    for number, step in enumerate(steps, 1):
        if number == 1:
            console.print(f"  [bold]{printable(step.a)}[/]", soft_wrap=True)
        console.print(f"{number:>3} seen together {moment(step.first_seen)}, level {step.level}")
        _show_evidence(step, console)
        console.print(f"  [bold]{printable(step.b)}[/]", soft_wrap=True)


def _show_obstacles(one: str, other: str, steps: Sequence[Step], console: Console) -> None:
    apart = f"{printable(one)} and {printable(other)} are [yellow]two customers[/]"
    if not steps:
        console.print(f"{apart}: no event has carried an identifier of each.")
        return
    console.print(f"{apart}. Refused between them:\n")
    for step in steps[:SHOWN]:
        console.print(f"  [bold]{printable(step.a)}[/] and [bold]{printable(step.b)}[/]")
        console.print(f"    [red]{step.reason}[/]: {printable(step.detail)}")
        console.print(f"    seen together {moment(step.first_seen)}, level {step.level}")
        _show_evidence(step, console)
    if more := steps[SHOWN:]:
        console.print(f"  [dim]and {many(len(more), 'pair')} more; --json shows all[/]")


def _show_evidence(step: Step, console: Console) -> None:
    for number, id in enumerate(step.evidence[:EVENTS]):
        console.print(f"    [dim]{'evidence' if not number else '        '} {id}[/]")
    if more := step.evidence[EVENTS:]:
        console.print(f"    [dim]         and {len(more):,} more[/]")
