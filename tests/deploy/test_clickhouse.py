import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from deploy.local.clickhouse import ClickHouse
from deploy.local.users import USERS

DENIED, READ_ONLY, OUT_OF_BOUNDS, QUOTA = 497, 164, 452, 201


def ask(server: ClickHouse, user: str, query: str) -> Any:
    with Client(server.host, server.tcp_port, user=user, password=server.users.get(user, "")) as client:
        return client.execute(query)


def refusal(server: ClickHouse, user: str, query: str) -> int:
    with pytest.raises(ServerException) as caught:
        ask(server, user, query)
    return int(caught.value.code)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[ClickHouse]:
    server = ClickHouse(tmp_path, databases=("store*", "views*"))
    yield server
    server.kill()


@pytest.fixture
def made(clickhouse: ClickHouse, databases: tuple[str, str]) -> tuple[str, str]:
    """Both databases, a table of ten rows and a view on it."""
    store, views = databases
    for statement in (
        f"CREATE DATABASE {store}",
        f"CREATE DATABASE {views}",
        f"CREATE TABLE {store}.t (a Int64) ENGINE = MergeTree ORDER BY a",
        f"INSERT INTO {store}.t SELECT number FROM numbers(10)",
        f"CREATE VIEW {views}.v SQL SECURITY DEFINER AS SELECT a FROM {store}.t WHERE a > 3",
    ):
        ask(clickhouse, "migrator", statement)
    return databases


def test_an_acknowledged_insert_survives_kill_minus_nine(own: ClickHouse) -> None:
    own.start()
    ask(own, "migrator", "CREATE DATABASE store")
    ask(own, "migrator", "CREATE TABLE store.t (a Int64) ENGINE = MergeTree ORDER BY a")
    ask(own, "worker", "INSERT INTO store.t SELECT number FROM numbers(1000)")
    own.kill()
    assert not own.answers()
    own.start()
    assert ask(own, "worker", "SELECT count() FROM store.t") == [(1000,)]


def test_it_stops_cleanly_and_keeps_its_passwords(own: ClickHouse) -> None:
    own.start().stop()
    assert not own.answers()
    assert ClickHouse(own.folder).users == own.users


def test_durable_inserts_are_flushed_to_the_disk(tmp_path: Path) -> None:
    own = ClickHouse(tmp_path, durable=True).start()
    changed = ask(own, "service", "SELECT value FROM system.merge_tree_settings WHERE name = 'fsync_after_insert'")
    own.kill()
    assert changed == [("1",)]


def test_passwords_lie_in_files_for_the_owner_alone(clickhouse: ClickHouse) -> None:
    secret = ("users.json", "users.xml", "service.login", "config.xml")
    assert {(clickhouse.folder / name).stat().st_mode & 0o777 for name in secret} == {0o600}
    assert all(password not in (clickhouse.folder / "users.xml").read_text() for password in clickhouse.users.values())


def test_every_component_has_a_password_of_its_own(clickhouse: ClickHouse) -> None:
    assert set(clickhouse.users) == {user.name for user in USERS}
    assert len(set(clickhouse.users.values())) == len(USERS)


@pytest.mark.parametrize(
    "statement", ["SELECT * FROM system.numbers LIMIT 1", "SYSTEM STOP LISTEN HTTP", "SHOW DATABASES"]
)
def test_the_user_of_the_boot_can_do_nothing_any_more(clickhouse: ClickHouse, statement: str) -> None:
    assert refusal(clickhouse, "default", statement) == QUOTA


@pytest.mark.parametrize("user", ["analyst", "console"])
def test_readers_see_views_and_nothing_behind_them(clickhouse: ClickHouse, made: tuple[str, str], user: str) -> None:
    store, views = made
    assert ask(clickhouse, user, f"SELECT count() FROM {views}.v") == [(6,)]
    assert refusal(clickhouse, user, f"SELECT count() FROM {store}.t") == DENIED


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("CREATE TABLE {views}.x (a Int8) ENGINE = Memory", DENIED),
        ("INSERT INTO {store}.t SELECT 1", DENIED),
        ("SELECT * FROM url('http://127.0.0.1:1/', 'CSV')", DENIED),
        ("SELECT * FROM file('/etc/passwd', 'CSV')", DENIED),
        ("SELECT * FROM system.users", DENIED),
        ("SET readonly = 0", READ_ONLY),
        ("SET max_memory_usage = 0", OUT_OF_BOUNDS),
        ("SELECT 1 SETTINGS max_execution_time = 600", OUT_OF_BOUNDS),
    ],
)
def test_an_analyst_cannot_leave_the_bounds(
    clickhouse: ClickHouse, made: tuple[str, str], statement: str, code: int
) -> None:
    assert refusal(clickhouse, "analyst", statement.format(store=made[0], views=made[1])) == code


def test_a_worker_reads_and_inserts_but_changes_no_table(clickhouse: ClickHouse, made: tuple[str, str]) -> None:
    store, views = made
    ask(clickhouse, "worker", f"INSERT INTO {store}.t SELECT 100")
    assert ask(clickhouse, "worker", f"SELECT max(a) FROM {store}.t") == [(100,)]
    assert refusal(clickhouse, "worker", f"DROP TABLE {store}.t") == DENIED
    assert refusal(clickhouse, "worker", f"ALTER TABLE {store}.t DELETE WHERE 1") == DENIED
    assert refusal(clickhouse, "worker", f"SELECT * FROM {views}.v") == DENIED


def test_an_auditor_reads_everything_and_writes_nothing(clickhouse: ClickHouse, made: tuple[str, str]) -> None:
    store, views = made
    assert ask(clickhouse, "auditor", f"SELECT count() FROM {store}.t") == [(10,)]
    assert ask(clickhouse, "auditor", f"SELECT count() FROM {views}.v") == [(6,)]
    assert refusal(clickhouse, "auditor", f"INSERT INTO {store}.t SELECT 1") == DENIED


def test_prometheus_can_read_its_metrics(clickhouse: ClickHouse) -> None:
    with urllib.request.urlopen(f"http://{clickhouse.host}:{clickhouse.http_port}/metrics", timeout=5) as answer:
        assert b"ClickHouseMetrics_Query" in answer.read()
