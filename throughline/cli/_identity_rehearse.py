"""`throughline identity rehearse`: decides the recorded claims again under other rules, and touches nothing."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from throughline.cli._rehearsal import plain, rehearsal, rules_of
from throughline.cli._rehearsal_shown import show
from throughline.cli.rules import read
from throughline.settings import load

File = Annotated[Path, typer.Argument(help="A rules file; `throughline rules show` prints the present one.")]
Most = Annotated[
    int, typer.Option("--sample", min=0, help="Customers that are folded again at most; 0: all that differ.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")]


def rehearse(rules: File, sample: Most = 20_000, as_json: AsJson = False) -> None:
    """Show what other rules would change: customers, quarantine, and every measure. Nothing is written."""
    proposed = rules_of(read(rules).text)
    with Console(stderr=True).status("reading the recorded claims") as status:
        found = rehearsal(load(Path.cwd()), proposed, sample, status.update)
    if as_json:
        typer.echo(json.dumps(plain(found), indent=2, ensure_ascii=False))
    else:
        show(found, Console(highlight=False, soft_wrap=True))
