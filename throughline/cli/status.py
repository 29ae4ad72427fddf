"""`throughline status`: what runs, how far behind it is, what was refused."""

import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.local.hold import holder
from deploy.local.view import processes
from schemas.topics import CLAIMS, INBOX, PUBLIC
from sinks.clickhouse.connect import server_of
from sinks.clickhouse.server import Connections
from throughline.clock import iso
from throughline.errors import ConfigurationError, Unavailable
from throughline.lag import LagReader, TopicLag
from throughline.options import Settings
from throughline.settings import load

DEAD_LETTERS = "SELECT reason, uniqExact(topic, partition, offset) n FROM dead_letters GROUP BY reason ORDER BY n DESC"
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")]


def command(as_json: AsJson = False) -> None:
    """Show processes, lag per topic, freshness and dead letters. Exits 1 if something is down."""
    found = observe(load(Path.cwd()))
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _print(found, Console(highlight=False, soft_wrap=True))
    if found["problems"]:
        raise typer.Exit(1)


def observe(settings: Settings) -> dict[str, Any]:
    """Everything `--json` shows. What does not answer is a sentence in `problems`, the rest is shown all the same."""
    problems: list[str] = []
    held = holder(settings.home)
    running = processes(settings.home)
    problems += [f"{each.name} (pid {each.pid}) does not run" for each in running if held and not each.running]
    lags, letters = _lags(settings, problems), _dead_letters(settings, problems)
    return {
        "supervisor": {"pid": held[0], "since": held[1]} if held else None,
        "processes": [asdict(each) for each in running],
        "topics": [asdict(lag) for lag in lags],
        "stitched": freshness(lags, int(time.time() * 1000)) if lags else None,
        "dead_letters": letters,
        "audit": last_audit(settings.home, problems),
        "problems": problems,
    }


def freshness(lags: list[TopicLag], now: int) -> dict[str, Any]:
    """All that arrived before `up_to` is stitched; `seconds_behind` is the age of the oldest record that is not."""
    oldest = min((lag.oldest_waiting for lag in lags if lag.oldest_waiting is not None), default=now)
    return {"up_to": iso(oldest), "seconds_behind": round((now - oldest) / 1000, 3)}


def last_audit(home: Path, problems: list[str]) -> dict[str, str] | None:
    """What the last audit that `throughline up` has run said; None if there was none yet."""
    log = home / "logs" / "audit.log"
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    if not lines:
        return None
    if not lines[-1].startswith("Right"):
        problems.append(f"the last audit is not right, see {log}: {lines[-1]}")
    return {"at": iso(int(log.stat().st_mtime * 1000)), "said": lines[-1]}


def _lags(settings: Settings, problems: list[str]) -> list[TopicLag]:
    prefix = settings.topic_prefix
    try:
        with LagReader(settings.kafka, f"{prefix}throughline") as reader:
            topics = [name for name in reader.topics() if _is_read(name, prefix)]
            return sorted(reader.read(topics), key=lambda lag: lag.topic)
    except Unavailable as error:
        problems.append(str(error))
        return []


def _is_read(topic: str, prefix: str) -> bool:
    return topic in (prefix + CLAIMS, prefix + INBOX) or topic.startswith(prefix + PUBLIC)


def _dead_letters(settings: Settings, problems: list[str]) -> dict[str, int] | None:
    connections = Connections(replace(server_of(settings, "auditor"), patience=2.0))
    try:
        columns = connections.ask(DEAD_LETTERS)
    except (Unavailable, ConfigurationError) as error:
        problems.append(str(error))
        return None
    return {reason.decode(): count for reason, count in zip(*columns, strict=True)} if columns else {}


def _print(found: dict[str, Any], console: Console) -> None:
    held = found["supervisor"]
    console.print(f"Supervisor: pid {held['pid']} since {held['since']}" if held else "No stack runs in this folder.")
    if found["processes"]:
        console.print(_process_table(found["processes"]))
    if found["topics"]:
        console.print(_topic_table(found["topics"]))
    if stitched := found["stitched"]:
        console.print(f"Stitched up to {stitched['up_to']}, {stitched['seconds_behind']:g} s behind.")
    if (letters := found["dead_letters"]) is not None:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in letters.items())
        console.print(f"Dead letters: {sum(letters.values()):,}" + (f" ({reasons})" if reasons else ""))
    if audit := found["audit"]:
        console.print(f"Audit at {audit['at']}: {audit['said']}")
    for problem in found["problems"]:
        console.print(f"[bold red]problem:[/] {problem}")


def _process_table(processes: list[dict[str, Any]]) -> Table:
    table = Table("process", "pid", "state", "restarts", "up s", "CPU s", "memory MB", box=None)
    for each in processes:
        state = "[green]runs[/]" if each["running"] else "[red]down[/]"
        numbers = (each["restarts"], f"{each['up_seconds']:.0f}", f"{each['cpu_seconds']:.1f}")
        table.add_row(each["name"], str(each["pid"]), state, *map(str, numbers), f"{each['memory_bytes'] / 1e6:.0f}")
    return table


def _topic_table(topics: list[dict[str, Any]]) -> Table:
    table = Table("topic", "partitions", "records", "waiting", box=None)
    for each in topics:
        table.add_row(each["topic"], str(each["partitions"]), f"{each['written']:,}", f"{each['waiting']:,}")
    return table
