"""`throughline emit`: JSON lines into Kafka."""

import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from sources.emitter import Emitter, Failure, Record
from sources.emitting.lines import Report, parse, take
from throughline.errors import Invalid, ThroughlineError, Unavailable

SHOWN = 50  # wrong lines that are explained one by one

File = Annotated[str, typer.Argument(help="File of JSON lines, one event each; - is standard input.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Validate and send nothing; needs no Kafka.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")]
Raw = Annotated[
    str, typer.Option(metavar="CHANNEL", help="Send each line as it is, unvalidated, to this channel's topic.")
]


def command(file: File = "-", dry_run: DryRun = False, as_json: AsJson = False, raw: Raw = "") -> None:
    """Send events: validated, once each, acknowledged by Kafka. Wrong lines are named; the others go on.

    Exit 1 if a line was refused or not delivered.
    """
    logging.getLogger("kafka").addHandler(logging.NullHandler())
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    began = time.monotonic()
    emitter = Emitter(source="throughline-emit", on_error=lambda failure: _undelivered(errors, failure))
    with _open(file) as stream:
        lines = _with_progress(stream, file, errors)
        report, stopped = _run(emitter, lines, errors, _action(emitter, dry_run, raw))
    summary = _summary(emitter, report, dry_run, time.monotonic() - began)
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        errors.print(_sentence(summary))
    if stopped:
        raise stopped
    raise typer.Exit(1 if summary["refused"] or summary["failed"] else 0)


def _action(emitter: Emitter, dry_run: bool, raw: str) -> Callable[[bytes], object]:
    if raw:
        topic = emitter.topic(raw)
        return (lambda line: None) if dry_run else (lambda line: emitter.forward(_as_it_is(topic, line)))
    send = emitter.compose if dry_run else emitter.emit
    return lambda line: send(parse(line))


def _as_it_is(topic: str, line: bytes) -> Record:
    return Record(topic, None, line.removesuffix(b"\n"), 0)


def _run(
    emitter: Emitter, lines: Iterable[bytes], errors: Console, action: Callable[[bytes], object]
) -> tuple[Report, ThroughlineError | None]:
    """What was read, and the error that ended it early. What had been taken is flushed all the same."""
    report, stopped = Report(), None
    try:
        take(lines, action, _explain(errors), report)
    except ThroughlineError as error:
        stopped = error
    try:
        emitter.close()
    except ThroughlineError as error:
        stopped = stopped or error
    return report, stopped


def _open(file: str) -> BinaryIO | nullcontext[BinaryIO]:
    if file == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise Unavailable(
            f"{file} cannot be read: {error.strerror}; give a file of JSON lines, or - for stdin"
        ) from error


def _with_progress(stream: BinaryIO, file: str, errors: Console) -> Iterator[bytes]:
    size = None if file == "-" else Path(file).stat().st_size
    columns = TextColumn("{task.fields[lines]} lines"), BarColumn(), DownloadColumn(), TimeElapsedColumn()
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("", total=size, lines=0)
        for number, line in enumerate(stream, 1):
            yield line
            progress.update(task, advance=len(line), lines=number)


def _explain(errors: Console) -> Callable[[int, Invalid], None]:
    shown = 0

    def explain(number: int, error: Invalid) -> None:
        nonlocal shown
        shown += 1
        if shown <= SHOWN:
            errors.print(f"[red]line {number}:[/] {escape(str(error))}")
        elif shown == SHOWN + 1:
            errors.print("[red]more lines are wrong[/]; the summary counts them")

    return explain


def _undelivered(errors: Console, failure: Failure) -> None:
    errors.print(f"[red]not delivered to {failure.topic}:[/] {escape(failure.error)}")


def _summary(emitter: Emitter, report: Report, dry_run: bool, seconds: float) -> dict[str, object]:
    counts = emitter.counts
    settled = {"sent": counts.sent, "delivered": counts.delivered, "failed": counts.failed}
    return asdict(report) | settled | {"dry_run": dry_run, "seconds": round(seconds, 3)}


def _sentence(summary: dict[str, object]) -> str:
    refused = f", [red]{summary['refused']} refused[/]" if summary["refused"] else ""
    if summary["dry_run"]:
        return f"{summary['read']} lines, {summary['taken']} are valid{refused}; nothing was sent"
    failed = f", [red]{summary['failed']} not delivered[/]" if summary["failed"] else ""
    return f"{summary['read']} lines, {summary['delivered']} events in Kafka{refused}{failed} ({summary['seconds']} s)"
