"""What only a real server can show: retries, outages, running inserts, exact bytes."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from deploy.local.clickhouse import ClickHouse
from schemas.tables import DECISIONS, FACTS, STITCHED, TOUCHPOINTS, Block
from sinks.clickhouse.connect import open_store
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.server import Connections, Server
from sinks.clickhouse.store import ClickHouseStore
from tests.sinks.rows import AT, at, id, owned, put, row
from throughline.errors import ConfigurationError, Fenced, Unavailable
from throughline.options import ClickHouseSettings, Login, Settings

A = id("a")


@pytest.fixture
def store(server: Server) -> Iterator[ClickHouseStore]:
    store = ClickHouseStore(server)
    yield store
    store.close()


def count(server: Server, table: str) -> int:
    with closing(Connections(server)) as connections:
        return int(connections.ask(f"SELECT count() FROM {table}")[0][0])


def test_a_retry_of_the_same_bytes_is_taken_once(server: Server, store: ClickHouseStore) -> None:
    decided = Block.of(DECISIONS, [row(DECISIONS, seq=seq) for seq in range(3)])
    months = [at(A, "1", original_timestamp=AT + i * 40 * 86_400_000, raw=b"{}") for i in range(3)]
    wide = Block.of(TOUCHPOINTS, [row(TOUCHPOINTS, **values) for values in months])
    for token, rows in (("one", 3), ("one", 3), ("two", 6)):
        for block in (decided, wide):
            store.send(block, token)
            assert count(server, block.table.name) == rows


def test_one_insert_is_one_part(server: Server, store: ClickHouseStore) -> None:
    rows = [row(STITCHED, **owned(i.to_bytes(16, "big"), "1", signals=("low_score",))) for i in range(100_000)]
    store.insert(Block.of(STITCHED, rows, ((0, 1),)))
    with closing(Connections(server)) as connections:
        query = "SELECT rows FROM system.parts WHERE database = %(d)s AND table = 'stitched'"
        assert connections.ask(query, {"d": server.store}) == [(100_000,)]


def test_running_inserts_of_older_epochs_are_seen_and_killed(server: Server, store: ClickHouseStore) -> None:
    failed: list[Exception] = []

    def stall() -> None:
        connections = Connections(replace(server, patience=0.1))
        slow = "INSERT INTO facts (score) SELECT sleepEachRow(1) FROM numbers(60) SETTINGS max_block_size = 1"
        try:
            connections.run(lambda client, _: client.execute(slow, query_id="journeys:2:11,5:12:stitched:4/2"))
        except Unavailable as error:
            failed.append(error)

    stalled = threading.Thread(target=stall)
    stalled.start()
    while not store.inserts_of_older_epochs(5, 13):
        time.sleep(0.01)
    assert [store.inserts_of_older_epochs(p, e) for p, e in ((5, 12), (2, 12), (2, 11), (1, 99), (11, 99))] == [
        0,
        1,
        0,
        0,
        0,
    ]
    store.kill_inserts_of_older_epochs(2, 12)
    stalled.join(timeout=10)
    assert len(failed) == 1
    assert store.inserts_of_older_epochs(5, 13) == 0


def test_several_threads_insert_at_once(server: Server, store: ClickHouseStore) -> None:
    def insert(name: str) -> None:
        put(store, FACTS, *(at(id(f"{name}{i}"), "1", version=1) for i in range(100)))

    threads = [threading.Thread(target=insert, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(server, "facts") == 800


def test_a_fence_with_several_lost_partitions_names_them(store: ClickHouseStore) -> None:
    old = [store.register_epoch(partition) for partition in (1, 2, 3)]
    for partition in (1, 3):
        store.register_epoch(partition)
    rows = [owned(A, str(p), inbox_partition=p, epoch=epoch) for p, epoch in zip((1, 2, 3), old, strict=True)]
    with pytest.raises(Fenced) as fenced:
        put(store, STITCHED, *rows)
    assert sorted(fenced.value.partitions) == [1, 3]


def test_a_server_that_is_away_is_unavailable_within_the_patience(server: Server) -> None:
    store = ClickHouseStore(replace(server, port=1, patience=0.3))
    began = time.monotonic()
    with pytest.raises(Unavailable, match="throughline up"):
        store.facts_of([A])
    assert time.monotonic() - began < 3


def test_a_server_that_was_killed_and_comes_back_has_every_acknowledged_row(tmp_path: Path) -> None:
    clickhouse = ClickHouse(tmp_path / "clickhouse").start()
    try:
        migrator = Server(clickhouse.host, clickhouse.tcp_port, "migrator", clickhouse.users["migrator"])
        apply(migrator)
        store = ClickHouseStore(replace(migrator, user="worker", password=clickhouse.users["worker"]))
        epoch = store.register_epoch(0)
        put(store, FACTS, at(A, "1", version=1))
        clickhouse.kill()
        starter = threading.Timer(0.5, clickhouse.start)
        starter.start()
        put(store, FACTS, at(A, "2", version=1))
        starter.join()
        assert len(store.facts_of([A])) == 2
        with pytest.raises(Fenced):
            put(store, STITCHED, owned(A, "1", epoch=epoch - 1))
        store.close()
    finally:
        clickhouse.stop()


def test_a_store_opens_from_settings_and_says_what_is_missing(clickhouse: ClickHouse, server: Server) -> None:
    login = Login(user="worker", password=SecretStr(server.password))
    made = ClickHouseSettings(host=server.host, port=server.port, store_database=server.store, worker=login)
    open_store(Settings(clickhouse=made), "worker").close()
    empty = made.model_copy(update={"store_database": server.store + "_none"})
    with pytest.raises(ConfigurationError, match="throughline migrate"):
        open_store(Settings(clickhouse=empty), "worker")
    wrong = made.model_copy(update={"worker": Login(user="worker", password=SecretStr("wrong"))})
    with pytest.raises(ConfigurationError, match="password"):
        open_store(Settings(clickhouse=wrong), "worker")
