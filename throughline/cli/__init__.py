"""The `throughline` command: every module in this folder adds to it. It alone composes all parts.

A module has one function `command` (the command is named like the module) or one `register(app)` for several.
A module that has neither, or cannot be imported, stops the program: a command that is silently absent helps nobody.
When the command line names a module, only that one is imported, so that no command waits for another's libraries.
"""

import importlib
import pkgutil
import sys
from types import ModuleType

import typer
from rich.console import Console

from throughline import logs
from throughline.errors import ConfigurationError, ThroughlineError

HELP = "Follows a customer through every channel: Kafka in, one stitched journey per customer in ClickHouse."


def module_names() -> list[str]:
    """All modules of this package that add commands. Names that begin with `_` do not."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_"))


def build(asked: str = "") -> typer.Typer:
    """The whole command line, or only the module that is named like the command `asked`."""
    names = module_names()
    wanted = asked.replace("-", "_")
    app = typer.Typer(
        name="throughline", help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )
    app.callback()(lambda: None)  # keeps sub-commands even while there is only one
    for name in [wanted] if wanted in names else names:
        add(app, importlib.import_module(f"{__name__}.{name}"))
    return app


def add(app: typer.Typer, module: ModuleType) -> None:
    """Adds a module's command or commands; raises `ConfigurationError` if it has none."""
    if register := getattr(module, "register", None):
        register(app)
    elif command := getattr(module, "command", None):
        app.command(name=module.__name__.rpartition(".")[2].replace("_", "-"))(command)
    else:
        raise ConfigurationError(f"{module.__name__} has neither `command` nor `register(app)`; add one or remove it")


def main() -> None:
    """Runs the command line. An error that explains itself is printed without a traceback; exit 1."""
    logs.configure("throughline", level="CRITICAL")  # people read sentences; `worker` turns the logs on for itself
    try:
        build(sys.argv[1] if len(sys.argv) > 1 else "")()
    except ThroughlineError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
        raise SystemExit(1) from error
