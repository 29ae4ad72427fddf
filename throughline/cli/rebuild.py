"""`throughline rebuild`: identity and journeys once more from what is stored, beside the workers, then in place of what was."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from sinks.clickhouse.connect import open_store, open_views, server_of
from sinks.clickhouse.lease import lease
from sinks.clickhouse.lookups import Lookups
from sinks.clickhouse.server import Connections
from sinks.clickhouse.shadow import PREFIX, Shadow
from throughline.cli._auditor import Auditor
from throughline.cli._progress import Tell, progress
from throughline.cli._rebuilding import Bench, Report
from throughline.cli._rebuilding_identity import claim, decide
from throughline.cli._rebuilding_journeys import fold_all
from throughline.lag import LagReader
from throughline.options import Settings
from throughline.settings import load

KINDS = ("differing", "missing", "surplus")
Check = Annotated[
    bool, typer.Option("--check", help="Build and compare; exchange nothing. Exits 1 if anything differs.")
]
Patience = Annotated[float, typer.Option("--settle", help="Seconds to wait for what is under way.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")]


def command(check: Check = False, settle: Patience = 120.0, as_json: AsJson = False) -> None:
    """Decide all claims and fold all customers once more into fresh tables, and exchange them with the present ones.

    Events keep flowing meanwhile; readers see one set of tables or the other.
    """
    console = Console(highlight=False, soft_wrap=True, quiet=as_json)
    with progress(console) as tell:
        report = rebuild(load(Path.cwd()), check, settle, tell)
    if as_json:
        typer.echo(json.dumps(plain(report), indent=2))
    show(report, console)
    if check and not report.was_right:
        raise typer.Exit(1)


def rebuild(settings: Settings, check: bool, patience: float, tell: Tell) -> Report:
    """Raises ThroughlineError if another is under way. Whatever ends it early, every table is the former or the rebuilt one."""
    began, report = time.monotonic(), Report(swapped=not check)
    with opened(settings, patience, tell, report) as bench:
        bench.shadow.clear()
        try:
            claim(bench)
            fold_all(bench, decide(bench))
        finally:
            bench.shadow.clear()
    report.seconds = time.monotonic() - began
    return report


@contextmanager
def opened(settings: Settings, patience: float, tell: Tell, report: Report) -> Iterator[Bench]:
    ddl, rows = (server_of(settings, name) for name in ("migrator", "worker"))
    ddl = replace(ddl, timeout=600.0)  # comparing and dropping large tables
    with ExitStack() as stack:
        store = stack.enter_context(closing(open_store(settings, "worker")))
        held = stack.enter_context(lease(ddl, f"throughline rebuild of {ddl.store}"))
        asked = stack.enter_context(closing(Connections(rows)))
        client = stack.enter_context(closing(open_views(settings, "auditor")))
        shadow = stack.enter_context(closing(Shadow(ddl, rows)))
        lag = stack.enter_context(LagReader(settings.kafka, f"{settings.topic_prefix}throughline"))
        settle = Auditor(settings, client, lag, patience).settle
        views = Lookups(asked), Lookups(asked, PREFIX)
        yield Bench(settings, store, *views, client, shadow, held, settle, tell, report)


def show(report: Report, console: Console) -> None:
    table = Table("table", box=None, padding=(0, 1, 0, 0))
    for name in ("rows", "equal", *KINDS):
        table.add_column(name, justify="right")
    for line in report.lines:
        table.add_row(line.table, f"{line.rows:,}", f"{line.equal:,}", *(f"{line.faults[kind]:,}" for kind in KINDS))
    console.print(table)
    console.print(
        f"Claims: {report.recorded:,} decided again; {report.derived:,} from touchpoints, {report.missing:,} not recorded."
    )
    console.print(_verdict(report))


def _verdict(report: Report) -> str:
    found = "[bold green]All was right[/]" if report.was_right else "[bold red]Not all was right[/]"
    if report.deadlines:
        found += f" (nothing would have woken {report.deadlines:,} customers with a deadline)"
    if not report.swapped:
        return f"{found}; nothing was exchanged. {report.seconds:.1f} s."
    done = "[bold green]It is now[/]" if not report.was_right else "The tables were exchanged"
    return f"{found}. {done}; {report.marks:,} marks sent. {report.seconds:.1f} s."


def plain(report: Report) -> dict[str, Any]:
    return {
        "was_right": report.was_right,
        "exchanged": report.swapped,
        "tables": [
            {"table": line.table, "rows": line.rows, "equal": line.equal, **{kind: line.faults[kind] for kind in KINDS}}
            for line in report.lines
        ],
        "claims": {"decided": report.recorded, "derived": report.derived, "missing": report.missing},
        "deadlines_missing": report.deadlines,
        "marks": report.marks,
        "seconds": round(report.seconds, 3),
    }
