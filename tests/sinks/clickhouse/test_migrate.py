"""Migrations: applied once, never edited, the same text for a server and a cluster."""

import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.clickhouse import ClickHouse
from schemas.tables import FACTS, TABLES, TOUCHPOINTS, Table
from sinks.clickhouse.columns import KINDS
from sinks.clickhouse.migrate import Migration, apply, migrations, rendered
from sinks.clickhouse.server import Connections, Server
from sinks.clickhouse.touchpoints import PARSED
from throughline.errors import ConfigurationError

NEW = Migration(
    1, "first", "-- why\nCREATE TABLE ${store}.t ${on_cluster} (x UInt8) ENGINE = ${replicated}MergeTree ORDER BY x;"
)
OF_THE_SERVER_ALONE = {"deadlines": {"written_at"}, "touchpoints": set(PARSED)}


@pytest.fixture
def migrator(clickhouse: ClickHouse, databases: tuple[str, str]) -> Server:
    return Server(clickhouse.host, clickhouse.tcp_port, "migrator", clickhouse.users["migrator"], *databases)


def test_what_was_applied_is_not_applied_again(migrator: Server) -> None:
    everything = [f"{m.number:04}_{m.name}" for m in migrations()]
    assert apply(migrator) == everything
    assert apply(migrator) == []


def test_only_what_is_new_is_applied(migrator: Server) -> None:
    second = Migration(2, "second", "ALTER TABLE ${store}.t ADD COLUMN IF NOT EXISTS y UInt8;")
    assert apply(migrator, [NEW]) == ["0001_first"]
    assert apply(migrator, [NEW, second]) == ["0002_second"]


def test_a_changed_migration_is_refused_with_the_remedy(migrator: Server) -> None:
    apply(migrator, [NEW])
    with pytest.raises(ConfigurationError, match=r"0001_first was applied with another text.*new migration"):
        apply(migrator, [replace(NEW, text=NEW.text + "\nSELECT 1;")])


def test_an_interrupted_migration_is_applied_again(migrator: Server) -> None:
    text = "CREATE TABLE IF NOT EXISTS ${store}.t (x UInt8) ENGINE = Memory;\n"
    with pytest.raises(ConfigurationError, match="gone"):
        apply(migrator, [Migration(1, "first", text + "SELECT * FROM ${store}.gone;")])
    assert apply(migrator, [Migration(1, "first", text)]) == ["0001_first"]


@pytest.mark.parametrize("names", [["0001_a.sql", "0003_b.sql"], ["0002_a.sql"], ["0001_a.sql", "0001_b.sql"]])
def test_numbers_have_no_gaps_and_no_doubles(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(ConfigurationError, match="numbered"):
        migrations(tmp_path)


@pytest.mark.parametrize("cluster", ["", "main"])
def test_every_statement_is_rendered_for_a_server_and_for_a_cluster(cluster: str) -> None:
    server = Server(store="s", views="v", cluster=cluster)
    for statement in [s for m in migrations() for s in m.statements(server)]:
        assert "$" not in statement
        assert ("ON CLUSTER 'main'" in statement) is bool(cluster) or statement.startswith(
            "INSERT"
        )  # which the replicas share
        replicated = re.search(r"ENGINE = (\w*)MergeTree", statement)
        assert not replicated or replicated[1].startswith("Replicated") is bool(cluster)
    window = "replicated_deduplication_window" if cluster else "non_replicated_deduplication_window"
    assert rendered("${window}", server) == f"{window} = 1000"


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_a_table_is_as_it_is_described(server: Server, table: Table) -> None:
    query = "SELECT name, type FROM system.columns WHERE database = %(d)s AND table = %(t)s ORDER BY position"
    with closing(Connections(server)) as connections:
        names, types = connections.ask(query, {"d": server.store, "t": table.name})
    found = dict(zip((n.decode() for n in names), (_plain(t.decode()) for t in types), strict=True))
    described = {name: KINDS[kind].stored for name, kind in table.columns.items()}
    if table is TOUCHPOINTS:
        del described["raw"]
    assert {name: type for name, type in found.items() if name in described} == described
    assert found.keys() - described.keys() == OF_THE_SERVER_ALONE.get(table.name, set())


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_a_table_replaces_by_the_key_and_the_version_described(server: Server, table: Table) -> None:
    query = "SELECT engine, sorting_key, create_table_query FROM system.tables WHERE database = %(d)s AND name = %(t)s"
    with closing(Connections(server)) as connections:
        columns = connections.ask(query, {"d": server.store, "t": table.name})
    engine, key, create = (column[0].decode() for column in columns)
    assert key.removeprefix("toDate(original_timestamp), ") == ", ".join(table.key)
    assert engine == (
        "AggregatingMergeTree" if table.least else "ReplacingMergeTree" if table.replaces else "MergeTree"
    )
    assert not table.version or f"ReplacingMergeTree({table.version})" in create
    assert ("CONSTRAINT fenced CHECK epoch >= joinGet" in create) is table.fenced
    assert "deduplication_window" in create


def test_facts_are_the_narrow_form_of_touchpoints() -> None:
    shared = [name for name in FACTS.columns if name in TOUCHPOINTS.columns]
    assert shared == list(FACTS.columns)[: len(shared)]


def _plain(type: str) -> str:
    aggregated = re.fullmatch(r"SimpleAggregateFunction\(\w+, (.*)\)", type)
    return aggregated[1] if aggregated else type
