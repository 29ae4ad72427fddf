"""`throughline schema`: the public contract, to read and to hand to other tools."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from schemas.export import documents, write
from schemas.touchpoint import Properties
from sources.channels import discover
from throughline.settings import load


def register(app: typer.Typer) -> None:
    """Adds `schema export` and `schema list`."""
    schema = typer.Typer(no_args_is_help=True, help="The public contract: what an event is, in every channel.")
    schema.command(name="export")(export)
    schema.command(name="list")(show)
    app.add_typer(schema, name="schema")


def export(
    out: Annotated[Path, typer.Option(help="folder to write to; it is made if it is missing")] = Path("contract"),
) -> None:
    """Write JSON Schema 2020-12 for each channel and one AsyncAPI 3 document."""
    for path in write(out, documents(load(), discover())):
        Console(soft_wrap=True).print(str(path), highlight=False)


def show() -> None:
    """List the channels with their events and the properties that each knows."""
    table = Table("channel", "event", "properties", box=None, pad_edge=False)
    for channel in discover():
        for model in channel.events:
            own = [name for name in model.model_fields if name not in _SHARED]
            table.add_row(channel.name, model.event, ", ".join(own))
    console = Console()
    console.print(table)
    console.print(
        f"\nevery known event also has: {', '.join(_SHARED)}; all others are allowed and kept", highlight=False
    )


_SHARED = tuple(Properties.model_fields)
