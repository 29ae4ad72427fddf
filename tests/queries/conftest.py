"""A small scene in a migrated store: an order, a retry, a late row, a merge that is taken back."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from deploy.local.clickhouse import ClickHouse
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.server import Connections, Server
from sinks.clickhouse.store import ClickHouseStore

As = Callable[[str], Connections]


@pytest.fixture
def migrated(clickhouse: ClickHouse, databases: tuple[str, str]) -> Iterator[Server]:
    """The migrator's access to fresh databases."""
    server = Server(clickhouse.host, clickhouse.tcp_port, "migrator", clickhouse.users["migrator"], *databases)
    apply(server)
    yield server
    cleaner = Connections(server, database="system")
    for database in databases:
        cleaner.ask(f"DROP DATABASE {database} SYNC")
    cleaner.close()


@pytest.fixture
def access(clickhouse: ClickHouse, migrated: Server) -> Iterator[As]:
    """`access(user)`: connections of one of ClickHouse's users, by default to the views."""
    opened: list[Connections] = []

    def connect(user: str) -> Connections:
        server = replace(migrated, user=user, password=clickhouse.users[user])
        opened.append(Connections(server, database=server.views))
        return opened[-1]

    yield connect
    for connections in opened:
        connections.close()


@pytest.fixture
def store(clickhouse: ClickHouse, migrated: Server) -> Iterator[ClickHouseStore]:
    """As the worker."""
    store = ClickHouseStore(replace(migrated, user="worker", password=clickhouse.users["worker"]))
    yield store
    store.close()
