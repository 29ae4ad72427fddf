"""`throughline up`: the whole stack from one command, in the foreground or, with --detach, behind it."""

import signal
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from deploy.local.detached import start_detached
from deploy.local.launch import Launch, Step
from deploy.local.stack import Choices
from throughline.settings import Settings

Workers = Annotated[int | None, typer.Option(min=1, max=64, help="Worker processes; default: the setting `workers`.")]
Brokers = Annotated[int, typer.Option(min=0, max=9, help="Kafka nodes; 0: as many as the folder has, else one.")]
Durable = Annotated[
    bool, typer.Option("--durable", help="Kafka and ClickHouse fsync: safe against power loss, slower.")
]
Detach = Annotated[bool, typer.Option("--detach", help="Return when all is up; `throughline down` stops it.")]


def command(workers: Workers = None, brokers: Brokers = 0, durable: Durable = False, detach: Detach = False) -> None:
    """Start Kafka, ClickHouse and the workers, and keep them running until Ctrl-C.

    A server that the settings point elsewhere is used, not started.
    """
    console = Console(highlight=False, soft_wrap=True)
    choices = Choices(brokers=brokers, workers=workers or 0, durable=durable)
    if detach:
        log = start_detached(Path.cwd(), choices)
        console.print(f"The stack is up. `throughline status` shows it, `throughline down` stops it, its log is {log}.")
        return
    _foreground(Launch(Path.cwd(), choices, console.print), console)


def _foreground(launch: Launch, console: Console) -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupt)
    with launch:
        try:
            launch.start(STEPS)
            console.print("[bold]Ctrl-C stops it.[/] Ask it: throughline status")
            while True:
                launch.supervisor.watch()
                time.sleep(0.1)
        except KeyboardInterrupt:
            console.print("Stopping; once more Ctrl-C kills all at once.")


def _topics(settings: Settings) -> str:
    from schemas.topics import create_topics
    from sources.channels import discover

    created = create_topics(settings, discover())
    return f"{len(created)} created" if created else "all there"


def _migrations(settings: Settings) -> str:
    from sinks.clickhouse.migrate import migrate

    applied = migrate(settings)
    return f"{len(applied)} applied" if applied else "all applied before"


STEPS = (Step("topics", _topics), Step("migrations", _migrations))


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
