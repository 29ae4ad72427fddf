"""`throughline audit`: proves that nothing was lost, doubled or misplaced, or says what was; --repair mends it."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from queries.audit_balance import Balance
from queries.audit_checks import CHECKS, plain
from schemas.topics import PUBLIC
from sinks.clickhouse.connect import open_views
from throughline.cli._auditor import LIMIT, Auditor, Report
from throughline.cli._repair import repair
from throughline.clock import iso
from throughline.lag import LagReader
from throughline.options import Settings
from throughline.settings import load

ROUNDS = 10  # of repair and audit; each must leave less to do
SHOWN = 10  # faults of one check that are printed; --json has all
COUNTS = ("stored", "duplicate", "dead", "gap", "pending", "missing")
ByPartition = Annotated[bool, typer.Option("--partitions", help="A line per partition instead of one per topic.")]
ByHour = Annotated[bool, typer.Option("--hours", help="A line per partition and hour of what is recorded.")]
Repair = Annotated[bool, typer.Option("--repair", help="Have customers that are not right folded again.")]
Patience = Annotated[float, typer.Option("--settle", help="Seconds to wait for what is under way.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")]


def command(
    partitions: ByPartition = False,
    hours: ByHour = False,
    mend: Repair = False,
    settle: Patience = 120.0,
    as_json: AsJson = False,
) -> None:
    """Prove that every record became exactly one thing and every touchpoint stands under its customer.

    Exits 1 if anything is not right.
    """
    console = Console(highlight=False, soft_wrap=True, quiet=as_json)
    found = run(load(Path.cwd()), console, mend, settle)
    if as_json:
        typer.echo(json.dumps(_plain(found), indent=2))
    _print(found, console, by_hour=hours, by_partition=partitions)
    if not found.is_right:
        raise typer.Exit(1)


def run(settings: Settings, console: Console, mend: bool = False, patience: float = 120.0) -> Report:
    """The last report; with `mend` after as many repairs as made it better."""
    group = f"{settings.topic_prefix}throughline"
    with closing(open_views(settings, "auditor")) as client, LagReader(settings.kafka, group) as lag:
        auditor = Auditor(settings, client, lag, patience)
        found = auditor.report()
        for _ in range(ROUNDS if mend else 0):
            before = _mendable(found)
            if not before:
                break
            sent = repair(settings, found.findings)
            console.print(f"Repair: {sent.marks:,} marks sent, {len(sent.homeless):,} identifiers without a home.")
            settled = auditor.settle()
            found = auditor.report()
            if not settled or (0 < before <= _mendable(found)):
                break
        return found


def _mendable(found: Report) -> int:
    return sum(len(faults) for check, faults in found.findings if check.mended_by)


def _print(found: Report, console: Console, by_hour: bool, by_partition: bool) -> None:
    balances = found.ledger.balances
    console.print(_hours(found) if by_hour else _balances(balances if by_partition else by_topic(balances)))
    for line in (*_wrong_offsets(found), _checks(found), *_faults(found), _verdict(found)):
        console.print(line)


def _wrong_offsets(found: Report) -> Iterator[str]:
    for each in found.ledger.balances:
        if each.beyond:
            yield f"[red]  {each.topic} {each.partition}: {each.beyond:,} offsets are recorded beyond the log[/]"
    for hole in found.ledger.holes[:SHOWN]:
        yield f"[red]  {hole.topic} {hole.partition}: offsets {hole.first} to {hole.end - 1} are in no account[/]"


def _faults(found: Report) -> Iterator[str]:
    for check, faults in found.findings:
        for fault in faults[:SHOWN]:
            yield f"[red]  {check.name}[/] " + " ".join(f"{name}={value}" for name, value in plain(fault).items())
        if faults and not check.mended_by:
            yield f"  {check.name}: a new fold does not help; {check.remedy}"


def by_topic(balances: list[Balance]) -> list[Balance]:
    """Sums; `partition` is the number of partitions, `first` and `end` the sums of the firsts and ends."""
    topics: dict[str, list[Balance]] = {}
    for each in balances:
        topics.setdefault(each.topic, []).append(each)
    return [
        Balance(topic, len(parts), *(sum(column) for column in list(zip(*parts, strict=True))[2:]))
        for topic, parts in sorted(topics.items())
    ]


def _balances(balances: list[Balance]) -> Table:
    table = Table("channel", box=None, padding=(0, 1, 0, 0))
    for name in ("partition", "offsets", *COUNTS, ""):
        table.add_column(name, justify="right")
    for each in sorted(balances):
        counts = (f"{getattr(each, name):,}" for name in COUNTS)
        mark = "[green]ok[/]" if each.is_right else "[bold red]wrong[/]"
        table.add_row(_channel(each.topic), str(each.partition), f"{each.end - each.first:,}", *counts, mark)
    return table


def _channel(topic: str) -> str:
    return topic.rpartition(PUBLIC)[2]


def _hours(found: Report) -> Table:
    table = Table("channel", box=None, padding=(0, 1, 0, 0))
    for name in ("partition", "hour (UTC)", "offsets", *COUNTS[:4]):
        table.add_column(name, justify="right")
    for each in found.ledger.hours:
        counts = (each.offsets, each.stored, each.duplicate, each.dead, each.gap)
        table.add_row(
            _channel(each.topic), str(each.partition), iso(each.hour)[:13], *(f"{count:,}" for count in counts)
        )
    return table


def _checks(found: Report) -> Table:
    table = Table("check", "count", "", box=None)
    for check, faults in found.findings:
        count = f"{len(faults):,}{'+' if len(faults) >= LIMIT else ''}"
        table.add_row(check.promise, count, "[bold red]wrong[/]" if faults else "[green]ok[/]")
    return table


def _verdict(found: Report) -> str:
    state = "at rest" if found.at_rest else "while records flow; what is not committed is pending"
    passed = f", {found.passed:,} that were under way have passed" if found.passed else ""
    offsets = sum(each.end - each.first for each in found.ledger.balances)
    waited = "" if found.settled or found.is_right else " Not all of it: what waits was not committed in time."
    verdict = "[bold green]Right[/]" if found.is_right else "[bold red]Not right[/]"
    return f"{verdict}: {offsets:,} offsets, {len(CHECKS)} checks in {found.seconds:.1f} s, {state}{passed}.{waited}"


def _plain(found: Report) -> dict[str, Any]:
    return {
        "right": found.is_right,
        "at_rest": found.at_rest,
        "settled": found.settled,
        "seconds": round(found.seconds, 3),
        "partitions": [each._asdict() for each in found.ledger.balances],
        "hours": [each._asdict() | {"hour": iso(each.hour)} for each in found.ledger.hours],
        "holes": [each._asdict() for each in found.ledger.holes],
        "checks": [
            {"name": check.name, "promise": check.promise, "count": len(faults), "faults": list(map(plain, faults))}
            for check, faults in found.findings
        ],
    }
