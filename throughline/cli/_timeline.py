"""A customer's journey for a terminal: who it is, the journeys, the touchpoints with friction in its place."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from queries.journeys import Customer, Friction, Identifier, Journey, Touchpoint
from schemas.identifiers import TYPES
from throughline.clock import iso

COLOURS = {
    "website": "cyan",
    "app": "blue",
    "store": "green",
    "phone": "magenta",
    "chat": "yellow",
    "email": "bright_blue",
    "social": "bright_magenta",
    "survey": "bright_yellow",
    "post": "white",
}
OUTCOMES = {"completed": "green", "open": "yellow", "abandoned": "red", "cancelled": "red"}
COLUMNS = (("day", 10), ("UTC", 8), ("after", 6), ("channel", 9), ("touchpoint", 0), ("stage", 13), ("", 4))
BARS, MEASURED = "▁▂▃▄▅▆▇█", "~"
VALUES = 3  # of one type of identifier that are shown
DAY = 86_400_000
UNITS = ((DAY, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))


class Line(NamedTuple):
    """One line of the timeline. `rank` orders lines of one millisecond."""

    at: int
    rank: int
    cells: tuple[str, ...]


def show(found: Customer, console: Console, last: int = 0) -> None:
    """Prints the last `last` touchpoints (0: all), the journeys they belong to, and the friction since the first."""
    touchpoints = found.touchpoints[-last:] if last else found.touchpoints
    names = {each.journey_id: name_of(number) for number, each in enumerate(found.journeys)}
    told = {each.journey_id for each in touchpoints}
    journeys = [each for each in found.journeys if each.journey_id in told]
    console.print(f"Customer [bold]{found.customer_id}[/]")
    console.print(_identifiers(found.identifiers))
    console.print(_summary(found))
    if journeys:
        stages = {each.journey_id: _stages(found.touchpoints, each.journey_id) for each in journeys}
        console.print(_journeys(journeys, names, stages))
    if hidden := len(found.touchpoints) - len(touchpoints):
        console.print(f"[dim]{hidden:,} earlier touchpoints; --last 0 shows all[/]")
    console.print(_timeline(_lines(touchpoints, found.friction, names), console.width))
    if any(each.sentiment_source == "measured" for each in touchpoints):
        console.print(f"[dim]{MEASURED} mood measured from words, not asked for[/]")
    if any(each.generated for each in touchpoints):
        console.print("[dim]* generated for the demo, not real[/]")


def name_of(number: int) -> str:
    """A to Z, then A1 to Z1, and so on."""
    return chr(ord("A") + number % 26) + (str(number // 26) if number > 25 else "")


def _identifiers(known: Sequence[Identifier]) -> Table:
    table = Table.grid(padding=(0, 2))
    for type in TYPES:
        values = [each.value for each in sorted(known, key=lambda each: -each.last_seen) if each.type == type]
        if values:
            more = f" [dim]and {len(values) - VALUES} more[/]" if len(values) > VALUES else ""
            table.add_row(f"  [dim]{type}[/]", escape(", ".join(map(_printable, values[:VALUES]))) + more)
    return table


def _summary(found: Customer) -> str:
    all = found.touchpoints
    if not all:
        return "No touchpoint is stitched yet.\n"
    handoffs = sum(bool(each.handoff_from) for each in all)
    counts = ((len(all), "touchpoint"), (len(found.journeys), "journey"), (handoffs, "hand-off"))
    said = ", ".join(_many(*count) for count in counts)
    first, last = _day(all[0].at), _day(all[-1].at)
    days = first if first == last else f"{first} to {last}"
    return f"{days}: {said}, {_many(len(found.friction), 'friction signal')}\n"


def _stages(touchpoints: Iterable[Touchpoint], journey_id: UUID) -> str:
    """The way of a journey through its stages, each with the time spent in it: `awareness 2 d → purchase`."""
    way: list[str] = []
    for each in touchpoints:
        if each.journey_id == journey_id and (each.previous_stage or not way):
            if way:
                way[-1] = f"{way[-1]} {gap(int(each.seconds_in_previous_stage * 1000))}".rstrip()
            way.append(each.stage)
    return " → ".join(way)


def mood_of(curve: Sequence[float]) -> str:
    """A curve from -1 to 1 as its last ten bars, red below and green above the middle."""
    bars = [(BARS[round((each + 1) / 2 * (len(BARS) - 1))], each) for each in curve[-10:]]
    return "".join(f"[{'red' if each < 0 else 'green'}]{bar}[/]" for bar, each in bars)


def _journeys(journeys: Iterable[Journey], names: dict[UUID, str], stages: dict[UUID, str]) -> Table:
    table = Table("", "journey", "outcome", "from", box=None, padding=(0, 1, 0, 0))
    for name in ("lasted", "n", "value"):
        table.add_column(name, justify="right")
    table.add_column("mood")
    table.add_column("channels, stages")
    for each in journeys:
        outcome = f"[{OUTCOMES.get(each.outcome, 'white')}]{each.outcome}[/]"
        outcome += f", reopened {each.reopened}x" if each.reopened else ""
        lasted, value = gap(each.ended_at - each.started_at), f"{each.value:,.2f} {each.currency}" if each.value else ""
        way = " → ".join(_coloured(channel) for channel in each.channels)
        about = names.get(each.linked_journey_id, "") if each.linked_journey_id else ""
        name, type = names[each.journey_id], each.type + (f" of {about}" if about else "")
        counted = lasted, str(each.touchpoints), value, mood_of([felt for _, felt in each.emotion])
        table.add_row(name, type, outcome, _day(each.started_at), *counted, f"{way}\n[dim]{stages[each.journey_id]}[/]")
    return table


def _timeline(lines: Sequence[Line], width: int) -> Table:
    """A day is named once. A touchpoint takes one line and is cut, friction takes what it needs."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    rest = max(20, width - sum(size + 1 for _, size in COLUMNS))
    for name, size in COLUMNS:
        table.add_column(name, width=size or rest, justify="right" if name == "after" else "left")
    for day, group in groupby(lines, key=lambda line: _day(line.at)):
        for number, (at, rank, (after, channel, what, *others)) in enumerate(group):
            said = Text.from_markup(what)
            if not rank:
                said.truncate(rest, overflow="ellipsis")
            table.add_row("" if number else f"[bold]{day}[/]", iso(at)[11:19], after, channel, said, *others)
    return table


def _lines(touchpoints: Sequence[Touchpoint], friction: Iterable[Friction], names: dict[UUID, str]) -> list[Line]:
    earliest = touchpoints[0].at if touchpoints else 0
    lines = [Line(each.at, 0, _touched(each, names)) for each in touchpoints]
    lines += [Line(each.at, 1, _rubbed(each)) for each in friction if each.at >= earliest]
    return sorted(lines, key=lambda line: line[:2])


def _touched(each: Touchpoint, names: dict[UUID, str]) -> tuple[str, ...]:
    star, late = " *" if each.generated else "", " [red]late[/]" if each.status == "late" else ""
    what = f"{escape(_printable(each.event))}{star}{late} [dim]{escape(_printable(_detail(each)))}[/]"
    journey = names.get(each.journey_id, "") if each.journey_id else ""
    channel = "→ " if each.handoff_from else "  "
    after = gap(int(each.seconds_since_previous * 1000))
    stage = f"[bold]{each.stage}[/]" if each.previous_stage else each.stage
    return after, channel + _coloured(each.channel), what, stage, f"[bold]{journey}[/]{_mood(each)}"


def _mood(each: Touchpoint) -> str:
    """A bar for what a touchpoint says of the customer's mood; with a tilde where it was measured from words."""
    if each.sentiment is None:
        return ""
    return (MEASURED if each.sentiment_source == "measured" else " ") + mood_of([each.sentiment])


def _rubbed(each: Friction) -> tuple[str, ...]:
    what = f"[bold red]! {each.signal}[/] [red]{escape(_printable(each.detail))}[/]"
    return "", "  " + _coloured(each.channel), what, "", ""


def _detail(each: Touchpoint) -> str:
    return ", ".join(part for part in _details(each) if part)


def _details(each: Touchpoint) -> Iterator[str]:
    yield f"{each.value:,.2f} {each.currency}".strip() if each.value else ""
    yield _many(each.products, "product") if each.products else ""
    yield f"“{each.query}”" if each.query else ""
    yield f"{each.metric.upper()} {each.score:g}" if each.metric and each.score is not None else ""
    yield f"“{each.comment}”" if each.comment else ""
    yield f"mood {each.sentiment:+.1f} {each.sentiment_source}" if each.sentiment_source not in ("", "score") else ""
    yield each.campaign
    yield f"{each.channel} {each.location}" if each.channel == "store" and each.location else each.path or each.location
    yield f"order {each.order_id}" if each.order_id else ""


def _coloured(channel: str) -> str:
    return f"[{COLOURS.get(channel, 'white')}]{channel}[/]"


def gap(milliseconds: int) -> str:
    """The largest unit of a span; empty if there is none."""
    for size, unit in UNITS:
        if milliseconds >= size:
            return f"{milliseconds / size:.0f} {unit}"
    return ""


def _day(at: int) -> str:
    return iso(at)[:10]


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
