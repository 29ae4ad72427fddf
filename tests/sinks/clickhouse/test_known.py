"""Rows that a table has already are told from those that it lacks."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from schemas.tables import FACTS, IDENTIFIERS, TOUCHPOINTS, Block, Table
from sinks.clickhouse.known import unknown
from sinks.clickhouse.server import Connections, Server
from sinks.clickhouse.store import ClickHouseStore
from tests.sinks.rows import at, id, put, row

A, B = id("a"), id("b")


@pytest.fixture
def client(server: Server) -> Iterator[Connections]:
    with closing(Connections(server)) as client:
        yield client


@pytest.mark.parametrize("table", [FACTS, TOUCHPOINTS])
def test_a_fact_is_unknown_by_its_key_or_if_it_was_received_earlier(
    table: Table, client: Connections, server: Server
) -> None:
    with closing(ClickHouseStore(server)) as store:
        put(store, table, at(A, "1", version=5, raw=b"{}") if table is TOUCHPOINTS else at(A, "1", version=5))
    rows = [at(A, "1", version=5), at(A, "1", version=6), at(A, "2", version=1), at(B, "1", version=1)]
    left = unknown(client, Block.of(table, [row(table, **values) for values in rows]))
    version = list(table.columns).index("version")
    assert left.columns[version] == [6, 1, 1]


def test_an_identifier_is_known_by_its_node(client: Connections, server: Server) -> None:
    with closing(ClickHouseStore(server)) as store:
        put(store, IDENTIFIERS, {"node": A, "type": "email", "value": "a@x.org"})
    rows = [row(IDENTIFIERS, node=node, type="email", value="-") for node in (A, B)]
    assert unknown(client, Block.of(IDENTIFIERS, rows)).columns[0] == [B]


def test_nothing_is_unknown_of_nothing(client: Connections) -> None:
    assert len(unknown(client, Block.of(FACTS, []))) == 0
