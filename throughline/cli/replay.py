"""`throughline replay`: public topics through the intake once more, without doubling anything."""

import json
from contextlib import ExitStack, closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from kafka import KafkaProducer
from rich.console import Console
from rich.table import Table

from schemas.topics import PUBLIC, public_topic
from sinks.clickhouse.connect import open_store, server_of
from sinks.clickhouse.server import Connections
from sources.channels import discover
from throughline.cli._progress import Tell, progress
from throughline.cli._reading_again import Log, Offset, Place, Read, Rereader, Time, intake_of
from throughline.cli._repair import load_again
from throughline.errors import ConfigurationError
from throughline.options import Settings
from throughline.settings import load

NAMES = ("records", "stored", "dead", "missing", "claimed")
Topics = Annotated[
    list[str], typer.Argument(help="Channels or their topics, as website or touchpoints.website; `all`.")
]
Partition = Annotated[int | None, typer.Option(help="Only this partition.")]
Since = Annotated[
    str, typer.Option("--from", help="First offset, or a time (RFC 3339) of Kafka's. Default: what is retained.")
]
Until = Annotated[str, typer.Option("--until", help="Offset or time to stop before. Default: the end as of now.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]


def command(
    topics: Topics, partition: Partition = None, since: Since = "", until: Until = "", as_json: AsJson = False
) -> None:
    """Read what public topics still hold again: what is stored stays as it is, and what was lost returns.

    Works beside running workers, which fold what has come back.
    """
    console = Console(highlight=False, soft_wrap=True, quiet=as_json)
    settings = load(Path.cwd())
    with progress(console) as tell:
        found = replay(settings, topics_of(settings, topics), partition, (place(since), place(until)), tell)
    if as_json:
        typer.echo(json.dumps({topic: asdict(read) for topic, read in found.items()}, indent=2))
    _show(found, console)


def topics_of(settings: Settings, given: list[str]) -> list[str]:
    """Full names of topics; raises ConfigurationError for what is no channel."""
    channels = sorted(channel.name for channel in discover())
    named = [name.removeprefix(settings.topic_prefix).removeprefix(PUBLIC) for name in given]
    wanted = channels if named == ["all"] else named
    if wrong := [name for name in wanted if name not in channels]:
        raise ConfigurationError(f"{', '.join(wrong)} is no channel; use one of {', '.join(channels)}, or all")
    return [public_topic(name, settings.topic_prefix) for name in dict.fromkeys(wanted)]


def place(text: str) -> Place:
    """Of a number or a time; None if nothing is given. Raises ConfigurationError."""
    if not text or text.isdigit():
        return Offset(int(text)) if text else None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{text} is no offset and no time; write 1200 or 2026-03-01T00:00:00Z") from error
    return Time(int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000))


def replay(
    settings: Settings,
    topics: list[str],
    partition: int | None,
    between: tuple[Place, Place],
    tell: Tell,
) -> dict[str, Read]:
    """What was read of each topic. Raises `Unavailable`; then some is done, and doing it again does no harm."""
    found = {}
    with ExitStack() as stack:
        store = stack.enter_context(closing(open_store(settings, "worker")))
        asked = stack.enter_context(closing(Connections(server_of(settings, "worker"))))
        producer = stack.enter_context(
            closing(KafkaProducer(**settings.kafka.client_arguments(), acks="all", linger_ms=5))
        )
        log = stack.enter_context(Log(settings))
        rereader = Rereader(intake_of(settings, store), store, asked, producer)
        for topic in topics:
            read, spans = Read(), log.spans(topic, partition, *between)
            all = sum(span.end - span.first for span in spans)
            for batch in log.read(spans) if spans else ():
                rereader.take(batch, read)
                tell(topic, read.records, all)
            found[topic] = read
        load_again(settings, sorted(rereader.lost))
    return found


def _show(found: dict[str, Read], console: Console) -> None:
    table = Table("topic", box=None, padding=(0, 1, 0, 0))
    for name in NAMES:
        table.add_column(name, justify="right")
    for topic, read in found.items():
        table.add_row(topic, *(f"{getattr(read, name):,}" for name in NAMES))
    console.print(table)
    missing = sum(read.missing for read in found.values())
    said = f"{missing:,} facts had been missing and are stored" if missing else "No fact had been missing"
    console.print(
        f"{said}; the workers fold them. `throughline audit` tells when all is right." if missing else f"{said}."
    )
