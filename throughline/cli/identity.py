"""`throughline identity`: who is who, why, and what an operator may do about it."""

import typer

from throughline.cli._identity_asof import as_of
from throughline.cli._identity_explain import explain
from throughline.cli._identity_history import history
from throughline.cli._identity_rehearse import rehearse
from throughline.cli._identity_release import release
from throughline.cli._identity_unmerge import relink, unmerge
from throughline.cli._identity_who import who


def register(app: typer.Typer) -> None:
    """Adds the group."""
    group = typer.Typer(help="Who is who, why, and what to do where it is wrong.", no_args_is_help=True)
    for command in (who, explain, as_of, history, unmerge, relink, release, rehearse):
        group.command()(command)
    app.add_typer(group, name="identity")
