"""A store of each kind, and the migrated databases behind the real one."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from deploy.local.clickhouse import ClickHouse
from schemas.store import Store
from schemas.tables import TABLES
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.server import Connections, Server
from sinks.clickhouse.store import ClickHouseStore
from sinks.memory import MemoryStore


@pytest.fixture(scope="session")
def migrated(clickhouse: ClickHouse) -> Server:
    """The migrator's access to databases that the tests of this folder share."""
    suffix = uuid.uuid4().hex[:8]
    password = clickhouse.users["migrator"]
    server = Server(clickhouse.host, clickhouse.tcp_port, "migrator", password, f"store_{suffix}", f"views_{suffix}")
    apply(server)
    return server


@pytest.fixture
def server(clickhouse: ClickHouse, migrated: Server) -> Server:
    """The worker's access to empty tables."""
    with closing(Connections(migrated)) as connections:
        for table in (*TABLES, "owners"):
            connections.ask(f"TRUNCATE TABLE {table} SYNC")
    return replace(migrated, user="worker", password=clickhouse.users["worker"], patience=5)


@pytest.fixture(params=["memory", "clickhouse"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Every implementation of `Store`."""
    if request.param == "memory":
        yield MemoryStore()
        return
    with closing(ClickHouseStore(request.getfixturevalue("server"))) as real:
        yield real
