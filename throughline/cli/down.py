"""`throughline down`: ends the stack of this folder."""

from pathlib import Path

from rich.console import Console

from deploy.local.detached import stop


def command() -> None:
    """Stop what `throughline up` runs in this folder, and what a killed run left behind."""
    console = Console(highlight=False, soft_wrap=True)
    for sentence in stop(Path.cwd()) or ["nothing runs here"]:
        console.print(sentence)
