"""`throughline journey`: one customer's journey across channels, found by any identifier."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from queries.journeys import Customer, Journey, Touchpoint, customer, owner_of
from sinks.clickhouse.connect import open_views
from throughline.clock import iso
from throughline.options import Settings
from throughline.settings import load

COLOURS = {"website": "cyan", "app": "blue", "store": "green", "phone": "magenta", "chat": "yellow", "email": "bright_blue",
           "social": "bright_magenta", "survey": "bright_yellow", "post": "white"}  # fmt: skip
NAMES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Who = Annotated[str, typer.Argument(help="loyalty_id:1029, anna@example.org, +43660123456, a cookie, or a customer id.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of a timeline.")]
Last = Annotated[int, typer.Option(min=0, help="Only the last N touchpoints; 0: all.")]


def command(identifier: Who, as_json: AsJson = False, last: Last = 0) -> None:
    """Print the stitched journey of whoever owns an identifier."""
    settings = load(Path.cwd())
    if as_json:
        typer.echo(json.dumps(_plain(find(settings, identifier)), indent=2, ensure_ascii=False))
    else:
        show(settings, identifier, Console(highlight=False), last)


def find(settings: Settings, identifier: str) -> Customer:
    """Raises NotFound or Ambiguous with what to type instead."""
    client = open_views(settings, "analyst")
    return customer(client, owner_of(client, identifier, settings.identity.region))


def show(settings: Settings, identifier: str, console: Console, last: int = 0) -> None:
    """Prints who it is, the journeys, and the timeline with friction in its place."""
    found = find(settings, identifier)
    known = ", ".join(f"{each.type} [bold]{escape(each.value)}[/]" for each in found.identifiers)
    console.print(f"Customer [bold]{found.customer_id}[/]: {known}")
    names = {each.journey_id: NAMES[i % 26] + (str(i // 26) if i > 25 else "") for i, each in enumerate(found.journeys)}
    console.print(_journeys(found.journeys, names))
    console.print(_timeline(found, names, last))
    if any(each.generated for each in found.touchpoints):
        console.print("[dim]* generated for the demo, not real[/]")


def _journeys(journeys: list[Journey], names: dict[Any, str]) -> Table:
    table = Table("journey", "outcome", "from", "days", "touchpoints", "hand-offs", "channels", "value", box=None)
    for each in journeys:
        days = (each.ended_at - each.started_at) / 86_400_000
        reopened = f", reopened {each.reopened}x" if each.reopened else ""
        numbers = f"{days:.1f}", str(each.touchpoints), str(each.handoffs)
        channels = " → ".join(_coloured(channel) for channel in each.channels)
        value = f"{each.value:,.2f}" if each.value else ""
        table.add_row(f"{names[each.journey_id]} {each.type}", each.outcome + reopened, iso(each.started_at)[:10], *numbers, channels, value)
    return table


def _timeline(found: Customer, names: dict[Any, str], last: int) -> Table:
    table = Table("time (UTC)", "after", "channel", "touchpoint", "stage", "journey", box=None)
    shown = found.touchpoints[-last:] if last else found.touchpoints
    earliest = shown[0].at if shown else 0
    lines = [(each.at, 0, _row(each, names)) for each in shown]
    lines += [(each.at, 1, _mark(each)) for each in found.friction if each.at >= earliest]
    for _, _, cells in sorted(lines, key=lambda line: line[:2]):
        table.add_row(*cells)
    return table


def _row(each: Touchpoint, names: dict[Any, str]) -> tuple[str, ...]:
    star = " *" if each.generated else ""
    late = " [red](late)[/]" if each.status == "late" else ""
    what = f"[bold]{escape(each.event)}[/]{star}{late} {escape(_detail(each))}".rstrip()
    journey = names.get(each.journey_id, "") if each.journey_id else ""
    after = _gap(float(each.seconds_since_previous))
    return iso(each.at)[:19].replace("T", " "), after, _coloured(each.channel), what, each.stage, journey


def _mark(friction: Any) -> tuple[str, ...]:
    text = f"[bold red]! {friction.signal}[/] [red]{escape(friction.detail)}[/]"
    return f"[red]{iso(friction.at)[:19].replace('T', ' ')}[/]", "", _coloured(friction.channel), text, "", ""


def _detail(each: Touchpoint) -> str:
    parts = [
        f"{each.value:,.2f} {each.currency}" if each.value else "",
        f"{each.products} products" if each.products else "",
        f"order {each.order_id}" if each.order_id else "",
        f"“{each.query}”" if each.query else "",
        f"{each.metric.upper()} {each.score:g}" if each.metric and each.score is not None else "",
        f"“{each.comment}”" if each.comment else "",
        each.campaign,
        each.path or each.location,
    ]
    return ", ".join(part for part in parts if part)


def _coloured(channel: str) -> str:
    return f"[{COLOURS.get(channel, 'white')}]{channel}[/]"


def _gap(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds else ""


def _plain(found: Customer) -> dict[str, Any]:
    """JSON: times as RFC 3339, ids and money as text."""
    times = {"first_seen", "last_seen", "started_at", "ended_at", "at", "event_time"}

    def plain(row: Any) -> dict[str, Any]:
        pairs = row._asdict().items()
        return {k: iso(v) if k in times else v if isinstance(v, (int, float, list, str, type(None))) else str(v) for k, v in pairs}

    lists = {name: [plain(row) for row in rows] for name, rows in found._asdict().items() if isinstance(rows, list)}
    return {"customer_id": str(found.customer_id), **lists}
