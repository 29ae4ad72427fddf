"""Tables beside tables on a real server: fed by whoever writes, compared, exchanged at one moment, gone without a trace."""

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from schemas.tables import CUSTOMERS, FRICTION, IDENTITY_MAP, STITCHED, Block, Table
from sinks.clickhouse.lease import Lease, lease
from sinks.clickhouse.server import Connections, Server
from sinks.clickhouse.shadow import PREFIX, Fault, Shadow
from sinks.clickhouse.store import ClickHouseStore
from tests.sinks.rows import AT, customer, id, owned, put, row
from throughline.errors import ThroughlineError

A, B, C = id("a"), id("b"), id("c")


@pytest.fixture
def ddl(server: Server, migrated: Server) -> Server:
    return migrated


@pytest.fixture
def store(server: Server) -> Iterator[ClickHouseStore]:
    with closing(ClickHouseStore(server)) as store:
        yield store


@pytest.fixture
def shadow(server: Server, ddl: Server) -> Iterator[Shadow]:
    with closing(Shadow(ddl, server)) as shadow:
        shadow.clear()
        yield shadow
        shadow.clear()


def rebuilt(shadow: Shadow, table: Table, *rows: dict[str, Any]) -> None:
    shadow.insert(Block.of(table, [row(table, **values) for values in rows]))


def faults(shadow: Shadow, table: Table) -> dict[Any, str]:
    return {fault.key[0]: fault.kind for fault in shadow.faults(table, PREFIX + table.name, table.name)}


def tables(ddl: Server) -> list[bytes]:
    with closing(Connections(ddl)) as connections:
        return list(connections.ask("SELECT name FROM system.tables WHERE database = currentDatabase()")[0])


def count(ddl: Server, table: str) -> int:
    with closing(Connections(ddl)) as connections:
        return int(connections.ask(f"SELECT count() FROM {table} FINAL")[0][0])


def test_rows_are_told_apart_by_all_they_say(shadow: Shadow, store: ClickHouseStore) -> None:
    put(store, STITCHED, owned(A, "1", stage="service"), owned(B, "1", version=5), owned(C, "1"), owned(A, "2"))
    shadow.create(STITCHED)
    rebuilt(
        shadow,
        STITCHED,
        owned(A, "1", stage="loyalty"),
        owned(B, "1", inbox_partition=3),
        owned(id("d"), "1"),
        owned(A, "2"),
    )
    found = list(shadow.faults(STITCHED, PREFIX + "stitched", "stitched"))
    keys = [(A, AT, id("1")), (C, AT, id("1")), (id("d"), AT, id("1"))]
    assert sorted(found) == [Fault(keys[0], "differing"), Fault(keys[1], "surplus"), Fault(keys[2], "missing")]
    assert shadow.rows(STITCHED) == 4


def test_of_customers_and_the_map_what_depends_on_batches_is_passed_over(
    shadow: Shadow, store: ClickHouseStore
) -> None:
    put(store, CUSTOMERS, customer(A, 4, A, B), customer(C, 4, C) | {"newest_a": A})
    put(store, IDENTITY_MAP, {"node": B, "customer": A, "seq": 4}, {"node": C, "customer": C, "seq": 4})
    shadow.create(CUSTOMERS, IDENTITY_MAP)
    rebuilt(shadow, CUSTOMERS, customer(A, 5, A, B), customer(C, 4, C))
    rebuilt(shadow, IDENTITY_MAP, {"node": B, "customer": A, "seq": 5}, {"node": C, "customer": C, "seq": 9})
    assert faults(shadow, CUSTOMERS) == {A: "differing"}
    assert faults(shadow, IDENTITY_MAP) == {B: "differing"}


def test_while_it_is_fed_every_insert_is_in_both_before_and_after_the_exchange(
    shadow: Shadow, store: ClickHouseStore, ddl: Server
) -> None:
    shadow.create(FRICTION)
    ended, written = threading.Event(), list[bytes]()

    def write() -> None:
        while not ended.is_set():
            node = len(written).to_bytes(16, "big")
            put(store, FRICTION, owned(node, "1", signal="low_score"))
            written.append(node)

    writer = threading.Thread(target=write)
    writer.start()
    shadow.feed(FRICTION)
    fed = len(written) + 1  # the last may have ended before, and its writer not yet know
    while len(written) < fed + 10:
        pass
    shadow.exchange(FRICTION)
    exchanged = len(written)
    while len(written) < exchanged + 10:
        pass
    ended.set()
    writer.join()
    assert count(ddl, PREFIX + "friction") == len(written)  # the former table
    assert count(ddl, "friction") >= len(written) - fed


def test_a_row_is_written_under_the_epoch_of_the_present_owner(shadow: Shadow, store: ClickHouseStore) -> None:
    epoch = store.register_epoch(0)
    shadow.create(STITCHED)
    rebuilt(shadow, STITCHED, owned(A, "1", epoch=0))
    shadow.exchange(STITCHED)
    with closing(Connections(shadow._server)) as connections:
        assert connections.ask("SELECT epoch FROM stitched") == [(epoch,)]


def test_what_a_killed_run_left_is_dropped_and_nothing_else(
    shadow: Shadow, store: ClickHouseStore, ddl: Server
) -> None:
    before = tables(ddl)
    shadow.create(STITCHED, FRICTION)
    shadow.feed(STITCHED)
    assert len(tables(ddl)) == len(before) + 3
    shadow.clear()
    assert sorted(tables(ddl)) == sorted(before)
    put(store, STITCHED, owned(A, "1"))
    assert count(ddl, "stitched") == 1


def test_one_holds_a_lease_and_who_comes_second_is_told(ddl: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sinks.clickhouse.lease.PATIENCE", 0.2)
    with lease(ddl, "the trial") as held:
        with pytest.raises(ThroughlineError, match="the trial is under way"):
            Lease(ddl, "the trial").acquire()
        held.require()
    monkeypatch.setattr("sinks.clickhouse.lease.PATIENCE", 5.0)
    with lease(ddl, "the trial"):
        pass


def test_whoever_lost_a_lease_does_not_go_on(ddl: Server) -> None:
    with lease(ddl, "the trial") as held, closing(Connections(ddl)) as connections:
        connections.ask("KILL QUERY WHERE query_id = 'the trial' SYNC FORMAT Null")
        held._thread.join(5)
        with pytest.raises(ThroughlineError, match="was lost"):
            held.require()


def test_a_lease_that_the_server_refuses_for_another_reason_says_so(ddl: Server) -> None:
    with pytest.raises(ThroughlineError, match="no lease of the trial"):
        Lease(replace(ddl, password="wrong"), "the trial").acquire()
