"""The promise itself, on real servers: whatever the order, the doubles, the number of workers and the kills, the same tables."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from tests.pipeline.house import House
from tests.pipeline.reference import reference, stitched
from tests.pipeline.torture import (
    DATABASES,
    HOUSEHOLDS,
    QUIET,
    WORKERS,
    Torture,
    shuffled,
    torment,
    year_of,
)
from tests.pipeline.truth import customers, people, totals, true_totals
from throughline.cli import audit


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Kafka, ClickHouse]]:
    """Of this module alone: it kills them."""
    folder = tmp_path_factory.mktemp("house")
    kafka = Kafka(folder / "kafka").start()
    clickhouse = ClickHouse(folder / "clickhouse", databases=DATABASES).start()
    yield folder, kafka, clickhouse
    clickhouse.stop()
    kafka.stop()


def test_every_order_and_every_kill_ends_in_the_tables_of_the_reference(
    servers: tuple[Path, Kafka, ClickHouse],
) -> None:
    with House(*servers, run="smooth") as smooth:
        records = year_of(smooth, HOUSEHOLDS)
        smooth.start([1])
        smooth.emit(records)
        smooth.settle(120)
    expected = reference(smooth, records, int(time.time() * 1000))
    assert stitched(smooth) == expected
    assert customers(smooth) == people(records)
    assert totals(smooth) == true_totals(HOUSEHOLDS)
    assert audit.run(smooth.settings, QUIET).is_right
    with House(*servers, run="harsh") as harsh:
        harsh.start(WORKERS)
        Torture(16, seed=3).run(harsh, shuffled(harsh, year_of(harsh, HOUSEHOLDS), [], random.Random(3)))
        harsh.settle(240)
    assert stitched(harsh) == expected
    assert harsh.checksums() == smooth.checksums()
    assert audit.run(harsh.settings, QUIET).is_right


def test_a_kill_every_few_seconds_and_an_operator_who_cuts_end_in_the_tables_of_the_reference(
    servers: tuple[Path, Kafka, ClickHouse],
) -> None:
    with House(*servers, run="cutting") as house:
        kills = torment(house, Torture(16, seed=5), HOUSEHOLDS, 240)
    assert kills.total() >= 4
