"""A store that every test finds empty, and each of ClickHouse's users."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from deploy.local.clickhouse import ClickHouse
from sinks.clickhouse.server import Connections, Server
from sinks.clickhouse.store import ClickHouseStore

As = Callable[[str], Connections]


@pytest.fixture
def access(clickhouse: ClickHouse, migrated: Server) -> Iterator[As]:
    """`access(user)`: connections of one of ClickHouse's users, to the views."""
    with ExitStack() as opened:

        def connect(user: str) -> Connections:
            server = replace(migrated, user=user, password=clickhouse.users[user])
            return opened.enter_context(closing(Connections(server, database=server.views)))

        yield connect


@pytest.fixture
def store(server: Server) -> Iterator[ClickHouseStore]:
    """As the worker, on empty tables."""
    with closing(ClickHouseStore(server)) as store:
        yield store
