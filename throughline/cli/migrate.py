"""`throughline migrate`: brings ClickHouse to the tables and views of this version."""

from rich.console import Console

from sinks.clickhouse import migrate
from throughline import settings


def command() -> None:
    """Create or upgrade the databases in ClickHouse; does nothing if they are up to date."""
    applied = migrate.migrate(settings.load())
    console = Console(highlight=False, soft_wrap=True)
    for name in applied:
        console.print(f"applied {name}")
    console.print(f"{len(applied)} migrations applied" if applied else "ClickHouse is up to date")
