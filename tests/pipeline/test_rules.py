"""Rules that change while events flow end in the tables of a run that had them from the beginning: real servers and workers."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner, Result

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from schemas.messages import encode
from schemas.topics import CLAIMS
from streams.rules import parse
from tests.pipeline.house import House, Record
from tests.pipeline.reference import stitched
from tests.pipeline.torture import Said, year_of
from throughline.cli import build
from throughline.cli._ruling import claim_of

HOUSEHOLDS = (1, 41, 81, 121)
SECOND = """
version = 2
[identity.types]
email = { rank = 2, limit = 1 }
loyalty_id = { rank = 3 }
[journeys]
session_at_most = "10 min"
late_after = "1 h"
"""


@pytest.fixture(scope="module")
def houses(
    tmp_path_factory: pytest.TempPathFactory, kafka: Kafka, clickhouse: ClickHouse
) -> Iterator[tuple[House, House, list[Record]]]:
    """One that has the rules from the beginning, at rest; and one that has taken in half of the same year without them; the
    other half is the records."""
    folder = tmp_path_factory.mktemp("rules")
    with (
        House(folder, kafka, clickhouse, run="ruled") as ruled,
        House(folder, kafka, clickhouse, run="change") as change,
    ):
        year = year_of(ruled, HOUSEHOLDS)
        same = [Said(f"change.{each.topic.removeprefix('ruled.')}", each.key, each.value) for each in year]
        ruled.emit([Said(ruled.settings.topic_prefix + CLAIMS, None, encode(claim_of(parse(SECOND))))])
        ruled.start([1])
        change.start([1, 2])
        ruled.settle(60)
        ruled.emit(year)
        change.emit(same[: len(same) // 2])
        change.settle(90)
        ruled.settle(60)
        ruled.stop()
        yield ruled, change, [*same[len(same) // 2 :]]


@pytest.fixture
def changing(houses: tuple[House, House, list[Record]], monkeypatch: pytest.MonkeyPatch) -> House:
    _, changing, _ = houses
    monkeypatch.setattr("throughline.cli.rules.load", lambda folder: changing.settings)
    return changing


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(build("rules"), ["rules", *map(str, arguments)])


def test_rules_that_change_while_events_flow_end_as_if_they_had_been_there_from_the_beginning(
    houses: tuple[House, House, list[Record]], changing: House, tmp_path: Path
) -> None:
    ruled, _, rest = houses
    file = tmp_path / "rules.toml"
    file.write_text(SECOND)
    before = stitched(changing)
    assert before.keys() < stitched(ruled).keys()
    emits = Thread(target=changing.emit, args=(rest,))
    emits.start()
    applied = run("apply", file, "--wait", "--timeout", "60")
    emits.join()
    assert applied.exit_code == 0, applied.exception
    assert "Version 2 holds" in applied.stdout
    changing.settle(60)
    after = stitched(changing)
    assert after == stitched(ruled)
    assert any(after[key][0] != customer for key, (customer, _) in before.items()), "identity has changed"
    assert any(after[key][0] == row[0] and after[key] != row for key, row in before.items()), "journeys have changed"
    assert changing.checksums() == ruled.checksums()
    said = json.loads(run("status", "--json").stdout)
    assert (said["version"], said["left"], said["text"]) == (2, 0, SECOND)
    assert sum(each["touchpoints"] for each in said["versions"]) == len(stitched(ruled))
    assert run("show").stdout == SECOND


def test_the_same_version_is_refused_with_the_remedy(changing: House, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("version = 1")
    refused = run("apply", file)
    assert "is not above version" in str(refused.exception) and "write `version = " in str(refused.exception)
