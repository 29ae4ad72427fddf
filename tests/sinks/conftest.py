"""A store of each kind."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from schemas.store import Store
from sinks.clickhouse.store import ClickHouseStore
from sinks.memory import MemoryStore


@pytest.fixture(params=["memory", "clickhouse"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Every implementation of `Store`."""
    if request.param == "memory":
        yield MemoryStore()
        return
    with closing(ClickHouseStore(request.getfixturevalue("server"))) as real:
        yield real
