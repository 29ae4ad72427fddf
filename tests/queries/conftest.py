"""A migrated store that every test finds empty, and each of ClickHouse's users."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from deploy.local.clickhouse import ClickHouse
from schemas.tables import TABLES
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.server import Connections, Server
from sinks.clickhouse.store import ClickHouseStore

As = Callable[[str], Connections]


@pytest.fixture(scope="session")
def migrated(clickhouse: ClickHouse) -> Server:
    """The migrator's access to databases that the tests of this folder share."""
    suffix = uuid.uuid4().hex[:8]
    password = clickhouse.users["migrator"]
    server = Server(clickhouse.host, clickhouse.tcp_port, "migrator", password, f"store_{suffix}", f"views_{suffix}")
    apply(server)
    return server


@pytest.fixture
def access(clickhouse: ClickHouse, migrated: Server) -> Iterator[As]:
    """`access(user)`: connections of one of ClickHouse's users, to the views."""
    with ExitStack() as opened:

        def connect(user: str) -> Connections:
            server = replace(migrated, user=user, password=clickhouse.users[user])
            return opened.enter_context(closing(Connections(server, database=server.views)))

        yield connect


@pytest.fixture
def store(clickhouse: ClickHouse, migrated: Server) -> Iterator[ClickHouseStore]:
    """As the worker, on empty tables."""
    with closing(Connections(migrated)) as connections:
        for table in (*TABLES, "owners"):
            connections.ask(f"TRUNCATE TABLE {table} SYNC")
    with closing(ClickHouseStore(replace(migrated, user="worker", password=clickhouse.users["worker"]))) as store:
        yield store
