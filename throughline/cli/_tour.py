"""What the demo shows at the end, asked of ClickHouse as an analyst would."""

from typing import Any

from rich.console import Console
from rich.table import Table

from sinks.clickhouse.connect import open_views, server_of
from sinks.clickhouse.server import Connections
from throughline.cli.status import DEAD_LETTERS
from throughline.options import Settings

_TOTALS = """
SELECT count(), uniqExact(customer_id), uniqExact(session_id), uniqExact(journey_id), countIf(handoff_from != ''),
       countIf(event = 'Order Completed'), sumIf(value, event = 'Order Completed')
FROM journey_touchpoints
"""
_CHANNELS = "SELECT channel, count(), uniqExact(customer_id) FROM journey_touchpoints GROUP BY channel ORDER BY 2 DESC"
_FRICTION = "SELECT signal, count(), uniqExact(customer_id) FROM friction GROUP BY signal ORDER BY 2 DESC"
_SOMEBODY = """
SELECT arrayFirst(i -> i.type = 'loyalty_id', identifiers).value AS card
FROM customers
LEFT JOIN (SELECT customer_id, uniqExact(signal) AS kinds FROM friction GROUP BY customer_id) AS f USING customer_id
WHERE card != '' AND touchpoints BETWEEN 5 AND 90
ORDER BY length(channels) + 2 * kinds DESC, touchpoints
LIMIT 1
"""
_NEXT = (
    ("throughline journey loyalty_id:{card}", "this customer again; any identifier finds the same person"),
    ("throughline watch", "events per second, freshness and friction as they come"),
    ("throughline sql", "ask in SQL, as the read-only analyst"),
    ("throughline status", "processes, lag, dead letters"),
    ("throughline audit", "prove that nothing was lost"),
    ("throughline emit events.jsonl", "your own events, one JSON object per line"),
)


def rows(connections: Connections, query: str) -> list[tuple[Any, ...]]:
    """The answer, text decoded."""
    columns = connections.ask(query)
    return [tuple(v.decode() if isinstance(v, bytes) else v for v in row) for row in zip(*columns, strict=True)]


def somebody(settings: Settings) -> str | None:
    """The loyalty card of a customer of many channels with some friction; None if nobody has one."""
    found = rows(open_views(settings, "analyst"), _SOMEBODY)
    return found[0][0] if found else None


def totals(settings: Settings, console: Console) -> None:
    """Prints what was stitched, by channel, the friction found, and what was refused."""
    analyst = open_views(settings, "analyst")
    touchpoints, customers, sessions, journeys, handoffs, orders, revenue = rows(analyst, _TOTALS)[0]
    console.print(
        f"[bold]{touchpoints:,}[/] touchpoints of [bold]{customers:,}[/] customers: {sessions:,} sessions, "
        f"{journeys:,} journeys, {handoffs:,} hand-offs between channels, {orders:,} orders, {revenue:,.2f} USD"
    )
    console.print(_table(("channel", "touchpoints", "customers"), rows(analyst, _CHANNELS)))
    console.print(_table(("friction", "signals", "customers"), rows(analyst, _FRICTION)))
    dead = rows(Connections(server_of(settings, "auditor")), DEAD_LETTERS)
    said = ", ".join(f"{reason} {count:,}" for reason, count in dead) or "none"
    console.print(f"Refused, kept as dead letters with their reason: {said}")


def next_steps(card: str | None, console: Console) -> None:
    """Prints the commands to try."""
    table = Table("Try next", "", box=None)
    for command, what in _NEXT:
        if card or "{card}" not in command:
            table.add_row(f"[bold]{command.format(card=card)}[/]", what)
    console.print(table)


def _table(names: tuple[str, ...], found: list[tuple[Any, ...]]) -> Table:
    table = Table(names[0], box=None)
    for name in names[1:]:
        table.add_column(name, justify="right")
    for first, *numbers in found:
        table.add_row(first, *(f"{number:,}" for number in numbers))
    return table
