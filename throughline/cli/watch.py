"""`throughline watch`: events per second, freshness and friction, as they come."""

import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from queries.signals import Signal, names, newest
from sinks.clickhouse.connect import open_views
from sinks.clickhouse.server import Connections
from throughline.cli._feed import Feed
from throughline.cli._pulse import Beat, Pulse
from throughline.cli._timeline import COLOURS
from throughline.clock import iso
from throughline.errors import ThroughlineError
from throughline.settings import load

POLL = 0.25  # seconds between two pictures
KEPT = 200
Seconds = Annotated[float, typer.Option("--for", min=0, help="Stop after so many seconds; 0: at Ctrl-C.")]
Plain = Annotated[
    bool, typer.Option("--plain", help="A line per second and signal, for logs; also where the output is no terminal.")
]


class Board:
    """The signals that came last, the first of `signals` being the newest. `names`: what is known of the customers."""

    def __init__(self, signals: Sequence[Signal] = ()) -> None:
        self._signals = {signal.id: signal for signal in reversed(signals)}
        self.names: dict[UUID, str] = {}

    def take(self, signal: Signal) -> bool:
        """False if it is no news: seen before, or older than what is known. A withdrawal keeps what the signal said."""
        known = self._signals.get(signal.id)
        if known is not None and (
            known.version >= signal.version or (known.version == 0 and known.live == signal.live)
        ):
            return False
        self._signals[signal.id] = signal
        if len(self._signals) > KEPT:
            del self._signals[next(iter(self._signals))]
        return True

    def newest(self, count: int) -> list[Signal]:
        """In the order in which they came, the last first; a resolved one keeps its place."""
        return list(islice(reversed(self._signals.values()), count))

    def unnamed(self) -> set[UUID]:
        return {each.customer for each in self._signals.values()} - self.names.keys()


def command(seconds: Seconds = 0.0, plain: Plain = False) -> None:
    """Show events per second, freshness and friction signals live. Ctrl-C ends it."""
    settings = load(Path.cwd())
    client = open_views(settings, "analyst", patience=3.0)
    try:
        with Feed(settings) as feed, Pulse(settings) as pulse:
            board = Board(newest(client, 20))
            _name(board, client)
            follow = _live if sys.stdout.isatty() and not plain else _lines
            follow(feed, pulse, board, client, time.monotonic() + seconds if seconds else float("inf"))
    except KeyboardInterrupt:
        return
    finally:
        client.close()


def _live(feed: Feed, pulse: Pulse, board: Board, client: Connections, until: float) -> None:
    console = Console(highlight=False)
    with Live(console=console, auto_refresh=False) as live:
        while time.monotonic() < until:
            live.update(picture(pulse.latest, board, console.height, time.time()), refresh=True)
            for signal in feed.poll(POLL):
                board.take(signal)
            _name(board, client)


def _lines(feed: Feed, pulse: Pulse, board: Board, client: Connections, until: float) -> None:
    for signal in reversed(board.newest(KEPT)):
        typer.echo(signal_line(signal, board))
    said = Beat()
    while time.monotonic() < until:
        news = [signal for signal in feed.poll(POLL) if board.take(signal)]
        _name(board, client)
        for signal in news:
            typer.echo(signal_line(signal, board))
        if (latest := pulse.latest) != said:
            said = latest
            typer.echo(beat_line(latest, time.time()))


def _name(board: Board, client: Connections) -> None:
    """A name is worth a question, but not the picture."""
    unnamed = board.unnamed()
    if not unnamed:
        return
    try:
        board.names |= dict.fromkeys(unnamed, "") | names(client, unnamed)
    except ThroughlineError as error:
        board.names |= dict.fromkeys(unnamed, f"({type(error).__name__})")


def picture(beat: Beat, board: Board, height: int, now: float) -> Group:
    """`height`: lines of the terminal."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    for name in ("time (UTC)", "signal"):
        table.add_column(name, no_wrap=True)
    for name, width in (("customer", 24), ("where", 18)):
        table.add_column(name, max_width=width, overflow="fold")
    table.add_column("why", ratio=1)
    for signal in board.newest(max(1, (height - 5) // 2)):
        table.add_row(*_cells(signal, board))
    return Group(Text.from_markup(_head(beat, now)), Text.from_markup(_state(beat)), table)


def _head(beat: Beat, now: float) -> str:
    return (
        f"[bold]{beat.per_second:,.0f}[/] events/s, {beat.events:,} in all   stitched up to "
        f"[bold]{iso(int((now - beat.behind) * 1000))[11:19]}[/], [bold]{beat.behind:.1f} s[/] behind"
    )


def _state(beat: Beat) -> str:
    if beat.problem:
        return f"[bold red]problem:[/] {beat.problem}\n"
    return f"[dim]{beat.waiting:,} waiting, {beat.dead_letters:,} dead letters; Ctrl-C ends[/]\n"


def _cells(signal: Signal, board: Board) -> Iterator[Text]:
    style = "" if signal.live else "dim"
    yield Text(iso(signal.at)[5:19].replace("T", " "), style)
    yield Text(signal.name, "bold red" if signal.live else "dim green")
    yield Text(board.names.get(signal.customer) or str(signal.customer)[:8], style)
    colour = COLOURS.get(signal.channel, "white") if signal.live else "dim"
    yield Text.assemble((signal.channel, colour), f" {signal.location}")
    yield Text(signal.detail if signal.live else f"resolved: {signal.detail}", style)


def signal_line(signal: Signal, board: Board) -> str:
    """One line for a log."""
    state = "signal" if signal.live else "resolved"
    who = f"{signal.customer} {board.names.get(signal.customer, '')}".rstrip()
    where = f"{signal.channel} {signal.location}".rstrip()
    return f"{iso(signal.at)} {state} {signal.name} customer {who}, {where}: {signal.detail}"


def beat_line(beat: Beat, now: float) -> str:
    """One line for a log."""
    problem = f" problem: {beat.problem}" if beat.problem else ""
    return (
        f"{iso(int(now * 1000))} {beat.per_second:.0f} events/s, {beat.events} events, {beat.behind:.1f} s behind, "
        f"{beat.waiting} waiting, {beat.dead_letters} dead letters{problem}"
    )
