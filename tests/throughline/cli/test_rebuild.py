"""`throughline rebuild` and `throughline replay` on a small house at rest, of which somebody has broken something."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from typer.testing import CliRunner

from schemas.tables import FRICTION, STITCHED
from sinks.clickhouse.connect import server_of
from sinks.clickhouse.lease import lease
from sinks.clickhouse.server import Connections
from sinks.clickhouse.shadow import Shadow
from tests.pipeline.house import House
from tests.throughline.cli.conftest import QUIET
from tests.throughline.cli.test_audit import FENCELESS, forge, forget
from throughline.cli import audit, build
from throughline.cli._rebuilding import Report
from throughline.cli.rebuild import rebuild
from throughline.cli.replay import place, replay, topics_of
from throughline.errors import ConfigurationError, ThroughlineError

Wrong = dict[str, dict[str, int]]
NOTHING = ("identity_map", "customers", "friction", "stitched")


@pytest.fixture
def migrator(house: House) -> Iterator[Connections]:
    with closing(Connections(server_of(house.settings, "migrator"))) as connections:
        yield connections


def silent(words: str, done: int, all: int) -> None:
    """Nobody watches."""


def rebuilt(house: House, check: bool = False, tell: Callable[[str, int, int], None] = silent) -> Report:
    return rebuild(house.settings, check, 30.0, tell)


def wrong(report: Report) -> Wrong:
    return {line.table: dict(line.faults) for line in report.lines if line.faults}


def read_again(house: House, *topics: str) -> dict[str, tuple[int, int, int]]:
    """(records, facts that were missing, claims) by channel."""
    found = replay(house.settings, topics_of(house.settings, list(topics)), None, (None, None), silent)
    return {topic.rpartition(".")[2]: (read.records, read.missing, read.claimed) for topic, read in found.items()}


def test_what_is_right_stays_and_is_called_so(house: House) -> None:
    before = house.checksums()
    checked = rebuilt(house, check=True)
    assert (wrong(checked), checked.was_right, checked.swapped) == ({}, True, False)
    report = rebuilt(house)
    assert {line.table: line.equal for line in report.lines} == {line.table: line.rows for line in checked.lines}
    assert tuple(line.table for line in report.lines) == NOTHING
    assert (report.recorded, report.missing, report.marks) == (report.derived, 0, 0)
    assert house.checksums() == before


def test_rows_that_were_removed_or_forged_are_right_after_it(house: House, migrator: Connections) -> None:
    before = house.checksums()
    forget(migrator, "stitched", "event = 'Order Completed'")
    forge(migrator, {"row_hash": "row_hash", "stage": "'forged'"}, "event = 'Signed In'")
    forge(migrator, {"event_id": "generateUUIDv4()"}, "event = 'Signed In'")
    forget(migrator, "friction", "1")
    forget(migrator, "deadlines", "1")
    assert wrong(rebuilt(house, check=True))["stitched"] == {"missing": 1, "differing": 1, "surplus": 1}
    report = rebuilt(house)
    assert wrong(report)["stitched"] == {"missing": 1, "differing": 1, "surplus": 1}
    assert wrong(report)["friction"].keys() == {"missing"}
    assert report.deadlines > 0 < report.marks
    assert house.checksums() == before
    assert audit.run(house.settings, QUIET).is_right
    assert migrator.ask(f"SELECT count() FROM stitched WHERE epoch >= {FENCELESS}") == [(0,)]


def test_an_identity_that_was_forged_is_right_after_it_also_for_workers_that_believed_it(
    house: House, migrator: Connections
) -> None:
    before = house.checksums()
    migrator.ask(
        "INSERT INTO customers SELECT generateUUIDv4(), 1000000, * EXCEPT (customer_id, seq) FROM customers FINAL"
        " WHERE length(members) > 1"
    )
    migrator.ask(
        "INSERT INTO identity_map SELECT arrayJoin(members), customer_id, seq FROM customers FINAL WHERE seq = 1000000"
    )
    forget(migrator, "stitched", "1")
    assert not audit.run(house.settings, QUIET, mend=True).ledger.holes
    assert house.checksums() != before
    report = rebuilt(house)
    assert wrong(report)["customers"] == {"surplus": 1}
    assert wrong(report)["identity_map"]["differing"] > 0
    assert house.checksums() == before
    assert audit.run(house.settings, QUIET).is_right
    assert rebuilt(house, check=True).was_right


def test_claims_that_were_lost_are_claimed_again(house: House, migrator: Connections) -> None:
    before = house.checksums()
    forget(migrator, "claims", "1")
    forget(migrator, "customers", "1")
    forget(migrator, "identity_map", "1")
    report = rebuilt(house)
    assert report.missing == report.derived == report.recorded > 0
    assert house.checksums() == before
    assert audit.run(house.settings, QUIET).is_right


def test_a_run_that_is_killed_midway_leaves_everything_as_it_was(house: House, migrator: Connections) -> None:
    before = house.checksums()
    ddl, rows = (server_of(house.settings, name) for name in ("migrator", "worker"))
    with closing(Shadow(ddl, rows)) as shadow:
        shadow.create(FRICTION, STITCHED)
        shadow.feed(FRICTION, STITCHED)
        shadow.exchange(FRICTION)  # the former table stands in its place, as after a kill between two exchanges
        shadow.exchange(FRICTION)
    house.emit([])
    assert house.checksums() == before
    assert rebuilt(house).was_right
    names = migrator.ask(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'rebuild')"
    )
    assert names == []
    assert house.checksums() == before


def test_an_error_midway_leaves_everything_as_it_was(house: House, migrator: Connections) -> None:
    def fail(words: str, done: int, all: int) -> None:
        if words == "folding":
            raise KeyboardInterrupt

    before = house.checksums()
    with pytest.raises(KeyboardInterrupt):
        rebuilt(house, tell=fail)
    assert house.checksums() == before
    names = migrator.ask(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'rebuild')"
    )
    assert names == []


def test_a_second_one_beside_the_first_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ddl = server_of(house.settings, "migrator")
    with lease(ddl, f"throughline rebuild of {ddl.store}"):
        monkeypatch.setattr("sinks.clickhouse.lease.PATIENCE", 0.2)
        with pytest.raises(ThroughlineError, match="is under way"):
            rebuilt(house)


def test_what_is_read_again_changes_nothing(house: House) -> None:
    before = house.checksums()
    first, second = read_again(house, "all"), read_again(house, "all")
    house.settle(30)
    assert first == second
    assert {channel: records for channel, (records, _, _) in first.items() if records}.keys() >= {"website", "chat"}
    assert {found[1:] for found in first.values()} == {(0, 0)}
    assert house.checksums() == before
    assert audit.run(house.settings, QUIET).is_right


def test_what_was_lost_returns_when_it_is_read_again(house: House, migrator: Connections) -> None:
    before = house.checksums()
    forget(migrator, "facts", "channel = 'website'")
    forget(migrator, "stitched", "channel = 'website'")
    forget(migrator, "touchpoints", "channel = 'store'")
    forget(migrator, "identifiers", "type = 'loyalty_id'")
    forget(migrator, "offsets", "1")
    assert not audit.run(house.settings, QUIET).is_right
    found = read_again(house, "all")
    house.settle(30)
    assert (found["website"][1], found["email"][1]) == (2, 0)
    assert house.checksums() == before
    assert audit.run(house.settings, QUIET).is_right


def test_a_part_can_be_read_again(house: House) -> None:
    topics = topics_of(house.settings, ["touchpoints.website"])
    assert replay(house.settings, topics, None, (place("0"), place("0")), silent)[topics[0]].records == 0
    year = (place("2020-01-01T00:00:00Z"), place("2021-01-01"))
    assert replay(house.settings, topics, None, year, silent)[topics[0]].records == 0
    all = [replay(house.settings, topics, partition, (None, None), silent)[topics[0]].records for partition in range(8)]
    assert sum(all) == read_again(house, "website")["website"][0]


def test_what_cannot_be_read_is_named() -> None:
    with pytest.raises(ConfigurationError, match="yesterday is no offset and no time"):
        place("yesterday")


def test_the_commands_say_it_as_tables_and_as_json(
    house: House, monkeypatch: pytest.MonkeyPatch, migrator: Connections
) -> None:
    for name in ("rebuild", "replay"):
        monkeypatch.setattr(f"throughline.cli.{name}.load", lambda folder: house.settings)
    forget(migrator, "stitched", "event = 'Signed In'")
    checked = CliRunner().invoke(build("rebuild"), ["rebuild", "--check"])
    assert (checked.exit_code, "nothing was exchanged" in checked.output) == (1, True)
    done = CliRunner().invoke(build("rebuild"), ["rebuild", "--json"])
    assert done.exit_code == 0
    found = json.loads(done.output)
    assert (found["was_right"], found["exchanged"]) == (False, True)
    assert [table["missing"] for table in found["tables"] if table["table"] == "stitched"] == [1]
    told = CliRunner().invoke(build("replay"), ["replay", "website"])
    assert (told.exit_code, "No fact had been missing." in told.output) == (0, True)
    refused = CliRunner().invoke(build("replay"), ["replay", "telex"])
    assert "telex is no channel" in str(refused.exception)
    assert (
        json.loads(CliRunner().invoke(build("replay"), ["replay", "chat", "--json"]).output)["cli.touchpoints.chat"][
            "dead"
        ]
        == 1
    )
