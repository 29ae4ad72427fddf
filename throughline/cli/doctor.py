"""`throughline doctor`: what is missing or wrong, and the remedy."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import typer
from rich.console import Console

from deploy.local.checks import Finding, local_findings
from deploy.local.hold import holder
from deploy.local.stack import is_given
from schemas.topics import topics
from sinks.clickhouse.connect import server_of
from sinks.clickhouse.migrate import migrations
from sinks.clickhouse.server import Connections
from sources.channels import discover
from throughline.errors import ThroughlineError
from throughline.lag import LagReader
from throughline.options import Settings
from throughline.settings import given, load


def command() -> None:
    """Look for what is missing or wrong. Exits 1 if something must be mended."""
    console = Console(highlight=False, soft_wrap=True)
    findings = list(examine(Path.cwd()))
    for finding in findings:
        mark = "[green]ok[/]  " if not finding.remedy else "[red]bad[/] " if finding.fatal else "[yellow]note[/]"
        console.print(f"{mark} {finding.name:<15} {finding.detail}")
        if finding.remedy:
            console.print(f"     {'':<15} [bold]{finding.remedy}[/]")
    if any(finding.remedy and finding.fatal for finding in findings):
        raise typer.Exit(1)


def examine(folder: Path) -> Iterator[Finding]:
    """Settings first: without them nothing else can be looked at."""
    try:
        settings = load(folder)
        kafka, clickhouse = is_given(given(folder))
    except ThroughlineError as error:
        yield Finding("settings", "cannot be read", str(error))
        return
    yield Finding("settings", f"read; home is {settings.home}")
    yield from local_findings(settings, not kafka, not clickhouse)
    running = holder(settings.home) is not None
    yield Finding(
        "stack", "runs" if running else "does not run here", "" if running else "`throughline up`", fatal=False
    )
    if running or kafka:
        yield _tried("kafka", lambda: _topics(settings))
    if running or clickhouse:
        yield _tried("clickhouse", lambda: _migrations(settings))
    yield _tried("identity key", lambda: _key(settings, running))


def _tried(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except ThroughlineError as error:
        return Finding(name, "does not answer as it should", str(error))


def _topics(settings: Settings) -> Finding:
    with LagReader(settings.kafka, f"{settings.topic_prefix}throughline") as reader:
        there = reader.topics()
    absent = [topic.name for topic in topics(settings, discover()) if topic.name not in there]
    remedy = f"`throughline up` creates them: {', '.join(absent)}" if absent else ""
    return Finding("kafka", f"{settings.kafka.bootstrap_servers} answers, {len(absent)} topics missing", remedy)


def _migrations(settings: Settings) -> Finding:
    connections = Connections(replace(server_of(settings, "auditor"), patience=2.0))
    known = [migration.number for migration in migrations()]
    columns = connections.ask("SELECT number FROM migrations")
    absent = set(known) - set(columns[0] if columns else ())
    where = f"{settings.clickhouse.host}:{settings.clickhouse.port} answers, "
    remedy = "`throughline migrate` applies them" if absent else ""
    return Finding("clickhouse", f"{where}{len(absent)} of {len(known)} migrations missing", remedy)


def _key(settings: Settings, running: bool) -> Finding:
    if not settings.identity.key.get_secret_value() and not running:
        return Finding("identity key", "not made yet", "`throughline up` makes one", fatal=False)
    return Finding("identity key", f"{len(settings.identity.node_key)} bytes")
