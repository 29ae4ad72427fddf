"""`throughline prepare`: topics and tables, for installations whose workers are started by something else than `up`."""

from pathlib import Path

from rich.console import Console

from throughline.cli.up import STEPS
from throughline.settings import load


def command() -> None:
    """Create the topics in Kafka and the databases in ClickHouse, as far as they are missing."""
    console = Console(highlight=False, soft_wrap=True)
    settings = load(Path.cwd())
    for step in STEPS:
        console.print(f"{step.name:<11} {step.run(settings)}")
