"""`throughline demo`: a real year, from Kafka to stitched journeys, on this machine."""

import signal
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from deploy.local.launch import Launch
from deploy.local.stack import Choices
from deploy.local.supervisor import Supervisor
from schemas.topics import CLAIMS, INBOX, PUBLIC
from throughline.cli._replay import Live, Replay, trust
from throughline.cli._timeline import show
from throughline.cli._tour import next_steps, somebody, totals
from throughline.cli.journey import find
from throughline.cli.up import STEPS
from throughline.clock import iso
from throughline.errors import Unavailable
from throughline.lag import LagReader
from throughline.options import Settings
from throughline.settings import load

Once = Annotated[bool, typer.Option("--once", help="Stop the stack at the end and exit 0.")]
Days = Annotated[int, typer.Option(min=1, max=366, help="Replay only the first days of 2017.")]
Rate = Annotated[float, typer.Option("--live", min=0, help="Then send so many generated touches a second, endlessly.")]
Workers = Annotated[int | None, typer.Option(min=1, max=64, help="Worker processes; default: the setting `workers`.")]

LOOK_EVERY = 1.0  # seconds between two questions about the lag
STALLED = 180.0
TELL_EVERY = 10.0
LAST = 60  # touchpoints of the customer that is shown
INTRODUCTION = """
[bold]The year 2017 of a grocery chain[/] with 2,469 households. Every basket, mailing and coupon is real ("The Complete
Journey"). Touches on website, app, chat, e-mail, phone, social networks and surveys are [bold]generated[/], and say so.
"""


def command(once: Once = False, days: Days = 366, live: Rate = 0, workers: Workers = None) -> None:
    """Start the stack, replay a real year with generated touches beside it, and show what was stitched."""
    console = Console(highlight=False, soft_wrap=True)
    trust(load(Path.cwd()))
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupt)
    with Launch(Path.cwd(), Choices(workers=workers or 0), console.print) as launch:
        try:
            settings = launch.start(STEPS)
            console.print(INTRODUCTION)
            _replay(Replay(settings, days), settings, launch.supervisor, console)
            _show(settings, console)
            if not once:
                _keep_running(launch.supervisor, Live(settings, live) if live else None, console)
        except KeyboardInterrupt:
            console.print("Stopping; once more Ctrl-C kills all at once.")
            if once:
                raise typer.Exit(130) from None


def _replay(replay: Replay, settings: Settings, supervisor: Supervisor, console: Console) -> None:
    """Returns when everything that was sent is stitched."""
    columns = TextColumn("{task.description:<9}"), BarColumn(40), TextColumn("{task.fields[said]}")
    group = f"{settings.topic_prefix}throughline"
    with LagReader(settings.kafka, group) as reader, Progress(*columns, console=console) as progress:
        replay.start()
        try:
            _watch(replay, Board(progress), Lag(reader, settings), supervisor)
        finally:
            replay.stop()
        if replay.error is not None:
            raise replay.error


def _watch(replay: Replay, board: "Board", lag: "Lag", supervisor: Supervisor) -> None:
    """Raises `Unavailable` if the workers do nothing for `STALLED` seconds."""
    quiet, looked, least, moved = 0, 0.0, -1, time.monotonic()
    while replay.is_running or quiet < 2:  # a decided claim may still have put its hand-over into the inbox
        supervisor.watch()
        time.sleep(0.1)
        running, now = replay.is_running, time.monotonic()
        board.sent(replay)
        if now - looked < LOOK_EVERY:
            continue
        waiting, inside = lag.read()
        board.stitched(replay, waiting)
        board.tell()
        quiet = quiet + 1 if not (running or waiting or inside) else 0
        if replay.sent - waiting != least:
            least, moved = replay.sent - waiting, now
        if now - moved > STALLED:
            raise Unavailable(f"nothing was stitched for {STALLED:g} s; see the workers' logs and `throughline status`")
        looked = time.monotonic()


class Board:
    """The two progress bars. Rates are averages from the start to the end of each."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._all_sent = progress, False
        self._began = self._told = time.monotonic()
        self._sent: TaskID = progress.add_task("sent", total=1.0, said="")
        self._stitched: TaskID = progress.add_task("stitched", total=1.0, said="")

    def sent(self, replay: Replay) -> None:
        if self._all_sent:
            return
        self._all_sent = not replay.is_running
        share = 1.0 if self._all_sent else replay.share
        said = f"{iso(replay.reached)[:10]}  {self._counted(replay.sent)}"
        self._progress.update(self._sent, completed=share, said=said)

    def stitched(self, replay: Replay, waiting: int) -> None:
        done = max(0, replay.sent - waiting)
        share = done / max(1, replay.sent) * (replay.share if replay.is_running else 1.0)
        self._progress.update(self._stitched, completed=share, said=self._counted(done))

    def tell(self) -> None:
        """Says where it stands, every ten seconds, where no bar can be drawn."""
        console, now = self._progress.console, time.monotonic()
        if not console.is_terminal and now - self._told > TELL_EVERY:
            self._told = now
            for task in self._progress.tasks:
                console.print(f"{task.description:<9} {task.percentage:3.0f} %  {task.fields['said']}")

    def _counted(self, count: int) -> str:
        return f"{count:,} events, {count / (time.monotonic() - self._began):,.0f}/s"


class Lag:
    """What the workers have still to do."""

    def __init__(self, reader: LagReader, settings: Settings) -> None:
        prefix = settings.topic_prefix
        self._reader = reader
        self._public = [name for name in reader.topics() if name.startswith(prefix + PUBLIC)]
        self._inside = [prefix + CLAIMS, prefix + INBOX]

    def read(self) -> tuple[int, int]:
        """Records that wait in the public topics, and in the internal ones, which are read after them."""
        public = sum(lag.waiting for lag in self._reader.read(self._public))
        return public, sum(lag.waiting for lag in self._reader.read(self._inside))


def _show(settings: Settings, console: Console) -> None:
    card = somebody(settings)
    if card:
        console.rule("One customer, across the channels")
        show(find(settings, f"loyalty_id:{card}"), console, LAST)
        console.rule("Everybody")
    totals(settings, console)
    next_steps(card, console)


def _keep_running(supervisor: Supervisor, live: Live | None, console: Console) -> None:
    console.print("The stack keeps running. [bold]Ctrl-C stops it.[/]")
    if live:
        console.print("Generated touches keep coming; see them with `throughline watch`.")
        live.start()
    try:
        while live is None or live.error is None:
            supervisor.watch()
            time.sleep(0.1)
        raise live.error
    finally:
        if live:
            live.stop()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
