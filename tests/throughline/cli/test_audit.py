"""The audit on real servers: what somebody broke is found, and mended by marks."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from typer.testing import CliRunner

from sinks.clickhouse.connect import server_of
from sinks.clickhouse.server import Connections
from tests.pipeline.house import House
from tests.throughline.cli.conftest import QUIET
from throughline.cli import audit, build
from throughline.cli._auditor import Report

FENCELESS = 9_000_000_000_000_000_000


@pytest.fixture
def migrator(house: House) -> Iterator[Connections]:
    with closing(Connections(server_of(house.settings, "migrator"))) as connections:
        yield connections


def wrong(report: Report) -> dict[str, int]:
    return {check.name: len(faults) for check, faults in report.findings if faults}


def forget(migrator: Connections, table: str, condition: str) -> None:
    migrator.ask(f"ALTER TABLE {table} DELETE WHERE {condition}", mutations_sync=2)


def forge(migrator: Connections, changes: dict[str, str], condition: str) -> None:
    """Writes rows of `stitched` anew, as a former owner without a fence would."""
    found = migrator.ask("SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'stitched'")
    changes = {"version": "version + 1", "row_hash": "1", "epoch": str(FENCELESS), **changes}
    names = [name.decode() for name in found[0]]
    values = ", ".join(changes.get(name, name) for name in names)
    migrator.ask(f"INSERT INTO stitched ({', '.join(names)}) SELECT {values} FROM stitched FINAL WHERE {condition}")


def test_at_rest_all_is_right_and_every_offset_is_one_thing(house: House) -> None:
    report = audit.run(house.settings, QUIET)
    assert wrong(report) == {}
    assert report.is_right
    assert report.at_rest
    sums = {each.topic.rpartition(".")[2]: each for each in audit.by_topic(report.ledger.balances)}
    assert (sums["website"].stored, sums["website"].duplicate) == (2, 1)
    assert (sums["chat"].dead, sums["chat"].stored) == (1, 0)
    assert sum(each.pending + each.missing + each.beyond for each in sums.values()) == 0


def test_a_row_that_is_gone_is_found_and_folded_again(house: House, migrator: Connections) -> None:
    before = house.checksums()
    forget(migrator, "stitched", "event = 'Order Completed'")
    assert wrong(audit.run(house.settings, QUIET)) == {"facts_without_row": 1}
    assert audit.run(house.settings, QUIET, mend=True).is_right
    assert house.checksums() == before


def test_a_row_of_another_customer_is_found_and_folded_again(house: House, migrator: Connections) -> None:
    before = house.checksums()
    forge(migrator, {"customer_id": "generateUUIDv4()"}, "event = 'Support Email Received'")
    assert wrong(audit.run(house.settings, QUIET)) == {"rows_of_the_wrong_customer": 1}
    assert audit.run(house.settings, QUIET, mend=True).is_right
    assert house.checksums() == before


def test_a_row_whose_customer_was_overwritten_is_found_and_folded_again(house: House, migrator: Connections) -> None:
    before = house.checksums()
    changed = "UPDATE customer_id = generateUUIDv4() WHERE event = 'Order Completed'"
    migrator.ask(f"ALTER TABLE stitched {changed}", mutations_sync=2)
    assert wrong(audit.run(house.settings, QUIET)) == {"rows_of_the_wrong_customer": 1}
    assert audit.run(house.settings, QUIET, mend=True).is_right
    assert house.checksums() == before


def test_a_customer_that_was_never_merged_is_mended_at_the_home_of_its_key(house: House, migrator: Connections) -> None:
    forget(migrator, "stitched", "channel = 'phone'")
    assert audit.run(house.settings, QUIET, mend=True).is_right


def test_a_missing_deadline_is_written_again(house: House, migrator: Connections) -> None:
    forget(migrator, "deadlines", "1")
    assert wrong(audit.run(house.settings, QUIET))["deadlines_missing"] > 0
    assert audit.run(house.settings, QUIET, mend=True).is_right


def test_a_committed_offset_in_no_account_is_named_and_no_mark_mends_it(house: House, migrator: Connections) -> None:
    forget(migrator, "offsets", "outcome = 'dead'")
    report = audit.run(house.settings, QUIET, mend=True)
    assert not report.is_right
    assert [(each.topic, each.end - each.first) for each in report.ledger.holes] == [("cli.touchpoints.chat", 1)]
    migrator.ask(
        "INSERT INTO offsets (topic, partition, offset, record_time, outcome, fact_hash)"
        " SELECT topic, partition, offset, record_time, 'dead', 0 FROM dead_letters"
    )


def test_the_command_says_so_and_exits_with_1(
    house: House, migrator: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("throughline.cli.audit.load", lambda folder: house.settings)
    forget(migrator, "stitched", "event = 'Signed In'")
    broken = CliRunner().invoke(build("audit"), ["audit"])
    assert broken.exit_code == 1
    assert "facts_without_row node=" in broken.output
    mended = CliRunner().invoke(build("audit"), ["audit", "--repair", "--hours"])
    assert (mended.exit_code, "1 marks sent" in mended.output) == (0, True)
    assert CliRunner().invoke(build("audit"), ["audit", "--json"]).output.startswith('{\n  "right": true')
