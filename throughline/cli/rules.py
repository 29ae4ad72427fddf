"""`throughline rules`: which rules hold, whether a file of them is right, and how a change takes effect."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.table import Table

from queries.rules import SHIPPED, Progress, progress
from schemas.store import Store
from streams.rules import RuleSet, default, parse
from throughline.cli._operator import Desk
from throughline.cli._ruling import Change, apply_rules
from throughline.clock import iso
from throughline.errors import ConfigurationError
from throughline.settings import load

File = Annotated[Path, typer.Argument(help="A rules file; `throughline rules show` prints the one in force.")]
Shipped = Annotated[bool, typer.Option("--shipped", help="The rules that ship; asks no server.")]
Wait = Annotated[bool, typer.Option("--wait", help="Until every touchpoint is folded again.")]
Timeout = Annotated[float, typer.Option(min=1, help="Seconds to wait at most.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]


def register(app: typer.Typer) -> None:
    """Adds the group."""
    group = typer.Typer(help="Which rules hold, and how to change them without a restart.", no_args_is_help=True)
    for command in (show, check, apply, status):
        group.command()(command)
    app.add_typer(group, name="rules")


def show(shipped: Shipped = False) -> None:
    """Print the rules file that is in force. What a file leaves out is as in `--shipped`."""
    if shipped:
        typer.echo(default().text, nl=False)
        return
    with Desk(load(Path.cwd())) as desk:
        typer.echo(text_of(desk.store), nl=False)


def text_of(store: Store) -> str:
    """The file that is in force."""
    found = store.rules()
    return found[2] if found else default().text


def check(file: File) -> None:
    """Say what is wrong with a rules file, everything at once, with lines. Exits 1 if anything is. Asks no server."""
    rules = read(file)
    typer.echo(f"{file} is right: version {rules.version}.")


def read(file: Path) -> RuleSet:
    """Raises ConfigurationError with a line for each problem, each beginning with the name of the file."""
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}; name a rules file") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file} is not UTF-8 text: {error.reason}; save it as UTF-8") from error
    try:
        return parse(text)
    except ConfigurationError as error:
        raise ConfigurationError("\n".join(f"{file}, {line}" for line in str(error).splitlines())) from error


def apply(file: File, wait: Wait = False, timeout: Timeout = 600.0) -> None:
    """Put a rules file into force: in all workers, without a restart, for everything that was ever stored."""
    rules = read(file)
    console = Console(highlight=False, soft_wrap=True)
    with Desk(load(Path.cwd())) as desk, Bar(console=Console(stderr=True), transient=True) as bar:
        told = apply_rules(desk, rules, timeout if wait else None, _shown(bar))
    console.print(f"Version {rules.version} is claim {told.seq}." if told.applied is None else _summary(rules, told))
    if told.applied is None:
        console.print("Workers apply it one after the other; watch it with `throughline rules status`.")


def _shown(bar: Bar) -> Callable[[str, int, int], None]:
    task = bar.add_task("sending", total=None)
    return lambda words, done, total: bar.update(task, description=words, completed=done, total=total or None)


def _summary(rules: RuleSet, told: Change) -> str:
    return (
        f"Version {rules.version} holds: identity decided anew after {told.applied:.1f} s, "
        f"{told.touchpoints:,} touchpoints folded again after {told.folded:.1f} s."
    )


def status(as_json: AsJson = False) -> None:
    """Show which version has folded how many touchpoints. A change is through when older ones have none."""
    with Desk(load(Path.cwd())) as desk:
        found, text = progress(desk.client), text_of(desk.store)
    if as_json:
        typer.echo(json.dumps(plain(found, text), indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(_table(found))
    console.print(
        f"{found.left:,} touchpoints are yet to be folded by version {found.present.version}."
        if found.left
        else f"Everything is as version {found.present.version} wants it."
    )


def plain(found: Progress, text: str) -> dict[str, Any]:
    """As JSON."""
    versions = [
        {
            "version": each.version,
            "applied_at": iso(each.applied_at) if each.applied_at else None,
            "claim": each.seq or None,
            "touchpoints": each.touchpoints,
        }
        for each in found.versions
    ]
    return {"version": found.present.version, "left": found.left, "versions": versions, "text": text}


def _table(found: Progress) -> Table:
    table = Table("version", "applied at", "claim", "touchpoints", box=None)
    for each in found.versions:
        at = iso(each.applied_at) if each.applied_at else "ships" if each.version == SHIPPED else ""
        table.add_row(str(each.version), at, str(each.seq or ""), f"{each.touchpoints:,}")
    return table
