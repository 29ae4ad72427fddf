"""A store of each kind, and the migrated databases behind the real one."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from deploy.local.clickhouse import ClickHouse
from schemas.store import Store
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.server import Connections, Server
from sinks.clickhouse.store import ClickHouseStore
from sinks.memory import MemoryStore


@pytest.fixture
def server(clickhouse: ClickHouse, databases: tuple[str, str]) -> Iterator[Server]:
    """The worker's access to freshly migrated databases."""
    store, views = databases
    migrator = Server(clickhouse.host, clickhouse.tcp_port, "migrator", clickhouse.users["migrator"], store, views)
    apply(migrator)
    yield replace(migrator, user="worker", password=clickhouse.users["worker"], patience=5)
    cleaner = Connections(migrator, database="system")
    for database in databases:
        cleaner.ask(f"DROP DATABASE {database} SYNC")
    cleaner.close()


@pytest.fixture(params=["memory", "clickhouse"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Every implementation of `Store`."""
    if request.param == "memory":
        yield MemoryStore()
        return
    real = ClickHouseStore(request.getfixturevalue("server"))
    yield real
    real.close()
