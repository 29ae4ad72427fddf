"""`throughline sql`: questions to the views, as the analyst user who can only read."""

import readline
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import Annotated, Any

import typer
from clickhouse_driver.errors import Error, ServerException
from rich.console import Console

from queries.grid import grid, tall
from sinks.clickhouse.connect import server_of
from sinks.clickhouse.server import Connections, first_line, no_answer
from throughline import settings
from throughline.errors import ThroughlineError, Unavailable
from throughline.options import ClickHouseSettings, Settings

VIEWS = "SELECT name AS view, comment AS what FROM system.tables WHERE database = currentDatabase() ORDER BY name"
COLUMNS = "SELECT name, type, comment FROM system.columns WHERE database = currentDatabase()"
GREETING = "views: `\\d`, columns of one: `\\d sessions`; a query ends with `;`; Ctrl-D leaves"

Query = Annotated[str | None, typer.Argument(help="The query; without one a prompt, or what is piped in.")]
Format = Annotated[
    str, typer.Option(help="A format of ClickHouse: CSVWithNames, JSONEachRow, Parquet, ... instead of a table.")
]
Rows = Annotated[int, typer.Option(min=1, help="Rows shown in a table at most; a format has no limit.")]


def command(query: Query = None, format: Format = "", rows: Rows = 500) -> None:
    """Ask the analyst views in SQL, read-only."""
    made = settings.load()
    if query is None and not sys.stdin.isatty():
        query = sys.stdin.read()
    if query is not None and format:
        stream(made.clickhouse, query, format)
        return
    server = replace(server_of(made, "analyst"), patience=3.0)
    text = {"strings_as_bytes": False}
    with closing(Connections(server, database=server.views, settings=text)) as connections:
        if query is None:
            converse(connections, made, rows)
        else:
            show(connections, query, rows)


def show(connections: Connections, query: str, most: int) -> None:
    """One query and its answer as a table, or a line per value where the table would break words."""
    console = Console()
    names, found = ask(connections, query.strip().rstrip(";"), most + 1)
    table = grid(names, found[:most])
    fits = console.measure(table, options=console.options.update(max_width=10_000)).minimum <= console.width
    console.print(table if fits else tall(names, found[:most]))
    console.print(f"[dim]{_counted(len(found), most)}[/]", highlight=False)


def _counted(found: int, most: int) -> str:
    if found > most:
        return f"the first {most} rows; --rows or --format shows more"
    return "1 row" if found == 1 else f"{found} rows"


def ask(connections: Connections, query: str, most: int) -> tuple[list[tuple[str, str]], list[tuple[Any, ...]]]:
    """(name, type) of the columns and at most so many rows."""
    try:
        with connections.borrow() as client:
            answer = client.execute_iter(query, with_column_types=True)
            columns: list[tuple[str, str]] = next(answer, [])
            found = list(islice(answer, most))
            client.disconnect()  # the rest of a long answer is not wanted
    except ServerException as error:
        raise ThroughlineError(first_line(error).split(" Expected one of")[0]) from error
    except (Error, OSError, EOFError) as error:
        raise no_answer(connections.server, error) from error
    return columns, found


def converse(connections: Connections, made: Settings, most: int) -> None:
    """A prompt with history; a wrong query does not end it."""
    console, history = Console(), made.home / "sql_history"
    console.print(f"[dim]{connections.server}\n{GREETING}[/]")
    if history.exists():
        readline.read_history_file(history)
    for statement in statements():
        try:
            show(connections, described(statement), most)
        except ThroughlineError as error:
            console.print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
    made.home.mkdir(parents=True, exist_ok=True)
    readline.write_history_file(history)


def statements() -> Iterator[str]:
    """What is typed, statement by statement."""
    lines: list[str] = []
    while True:
        try:
            lines.append(input("       -> " if lines else "throughline> "))
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            lines.clear()
        typed = "\n".join(lines).strip()
        if typed.startswith("\\") or typed.endswith(";"):
            lines.clear()
            yield typed


def described(statement: str) -> str:
    """`\\d` lists the views, `\\d NAME` the columns of one."""
    if not statement.startswith("\\d"):
        return statement
    name = statement.removeprefix("\\d").strip(" ;")
    return f"{COLUMNS} AND table = '{name}'" if name.isidentifier() else VIEWS


def stream(made: ClickHouseSettings, query: str, format: str) -> None:
    """The answer as ClickHouse formats it, on standard output, byte by byte."""
    user, password = made.login("analyst")
    scheme = "https" if made.secure else "http"
    address = f"{scheme}://{made.host}:{made.http_port}/?database={made.views_database}&default_format={format}"
    headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password}
    request = urllib.request.Request(address, data=query.strip().rstrip(";").encode(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            shutil.copyfileobj(answer, sys.stdout.buffer)
    except urllib.error.HTTPError as error:
        raise ThroughlineError(error.read().decode(errors="replace").strip()) from error
    except OSError as error:
        remedy = "start it with `throughline up`, or correct `clickhouse.host` and `http_port`"
        raise Unavailable(f"ClickHouse at {made.host}:{made.http_port} does not answer ({error}); {remedy}") from error
