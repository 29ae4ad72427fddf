"""Numbered migrations, applied once each, in order, and recorded with a checksum of their text.

A migration is never edited after it was released: a changed one is refused. Each is idempotent, so one that was
interrupted is simply applied again. `${store}`, `${views}`, `${on_cluster}`, `${replicated}` and `${window}` adapt it
to a server or a cluster.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template

from sinks.clickhouse.connect import server_of
from sinks.clickhouse.server import Connections, Server
from throughline.errors import ConfigurationError
from throughline.options import Settings

_DATABASE = "CREATE DATABASE IF NOT EXISTS {} ${{on_cluster}}"
_LEDGER = """CREATE TABLE IF NOT EXISTS ${store}.migrations ${on_cluster}
(number UInt32, name String, checksum String, applied_at DateTime DEFAULT now())
ENGINE = ${replicated}ReplacingMergeTree ORDER BY number COMMENT 'Migrations that were applied'"""
_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True)
class Migration:
    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def statements(self, server: Server) -> Iterator[str]:
        """The statements for this server, without comments. A statement ends with `;` at the end of a line."""
        for statement in re.split(r";[ \t]*(?:\n|$)", re.sub(r"(?m)^--.*\n?", "", self.text)):
            if statement.strip():
                yield rendered(statement.strip(), server)


def migrations(folder: Traversable | None = None) -> list[Migration]:
    """All migrations of the project, in order."""
    folder = folder or files("deploy") / "clickhouse" / "migrations"
    found = [(match, path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    listed = sorted((Migration(int(m[1]), m[2], path.read_text()) for m, path in found), key=lambda m: m.number)
    if [migration.number for migration in listed] != list(range(1, len(listed) + 1)):
        raise ConfigurationError(f"migrations in {folder} are not numbered 0001, 0002, ... without a gap; rename them")
    return listed


def rendered(statement: str, server: Server) -> str:
    """The statement with the names and engines of this server."""
    where = "replicated" if server.cluster else "non_replicated"
    return Template(statement).substitute(
        store=server.store,
        views=server.views,
        on_cluster=f"ON CLUSTER '{server.cluster}'" if server.cluster else "",
        replicated="Replicated" if server.cluster else "",
        window=f"{where}_deduplication_window = 1000",
    )


def migrate(settings: Settings) -> list[str]:
    """`apply` to the server of the settings, as its user `migrator`."""
    return apply(server_of(settings, "migrator"))


def apply(server: Server, listed: list[Migration] | None = None) -> list[str]:
    """Creates the databases and applies what was not applied yet; returns the names of those.

    Raises `ConfigurationError` if one that was applied has another text now.
    """
    with closing(Connections(server, database="system")) as connections:
        return _apply(connections, server, migrations() if listed is None else listed)


def _apply(connections: Connections, server: Server, listed: list[Migration]) -> list[str]:
    for statement in (_DATABASE.format(server.store), _DATABASE.format(server.views), _LEDGER):
        connections.ask(rendered(statement, server))
    applied = _applied(connections, server)
    waiting = [m for m in listed if not _is_applied(m, applied)]
    for migration in waiting:
        for statement in migration.statements(server):
            connections.ask(statement)
        _record(connections, server, migration)
    return [f"{migration.number:04}_{migration.name}" for migration in waiting]


def _applied(connections: Connections, server: Server) -> dict[int, str]:
    columns = connections.ask(f"SELECT number, checksum FROM {server.store}.migrations ORDER BY applied_at")
    return {number: checksum.decode() for number, checksum in zip(*columns, strict=True)} if columns else {}


def _is_applied(migration: Migration, applied: dict[int, str]) -> bool:
    known = applied.get(migration.number)
    if known is not None and known != migration.checksum:
        raise ConfigurationError(
            f"migration {migration.number:04}_{migration.name} was applied with another text (checksum {known}, now"
            f" {migration.checksum}); restore its text and write the change as a new migration"
        )
    return known is not None


def _record(connections: Connections, server: Server, migration: Migration) -> None:
    rows = [[migration.number], [migration.name.encode()], [migration.checksum.encode()]]
    statement = f"INSERT INTO {server.store}.migrations (number, name, checksum) VALUES"
    connections.run(lambda client, _: client.execute(statement, rows, columnar=True))
