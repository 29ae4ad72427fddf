"""The promise itself, on real servers: whatever the order, the doubles, the number of workers and the kills, the same tables."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from sources import complete_journey
from sources.generator import Options, generate
from tests.pipeline.house import House, Record
from tests.pipeline.reference import reference, stitched
from tests.pipeline.truth import customers, people, totals, true_totals
from throughline.cli import audit

QUIET = Console(quiet=True)
YEAR = 1_483_228_800_000, 1_514_764_800_000  # 2017, ms UTC
HOUSEHOLDS = range(1, 2500, 40)
PACES = 6  # pieces in which the records of the rough run arrive


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Kafka, ClickHouse]]:
    """Of this module alone: it kills them."""
    folder = tmp_path_factory.mktemp("house")
    kafka = Kafka(folder / "kafka").start()
    clickhouse = ClickHouse(folder / "clickhouse", databases=("store*", "views*")).start()
    yield folder, kafka, clickhouse
    clickhouse.stop()
    kafka.stop()


def year_of(house: House) -> list[Record]:
    """The real year of some households, and what the generator tells of them, in the order of receiving."""
    prefix, keys = house.settings.topic_prefix, {complete_journey.loyalty_key(number) for number in HOUSEHOLDS}
    real = [record for record in complete_journey.records(prefix) if record.key in keys]
    orders = [order for order in complete_journey.orders() if order.household in set(HOUSEHOLDS)]
    told = list(generate(7, list(HOUSEHOLDS), *YEAR, Options(orders=orders, topic_prefix=prefix)))
    return [*sorted([*real, *told], key=lambda item: item.at)]


def rough(house: House, records: list[Record], rng: random.Random) -> None:
    """Shuffled and doubled records arrive in pieces; between them a worker, the broker and ClickHouse are killed with -9."""
    shuffled = records + rng.sample(records, len(records) // 20)
    rng.shuffle(shuffled)
    for piece in range(PACES):
        house.emit(shuffled[piece::PACES])
        house.supervise()
        time.sleep(1.0)
        if piece == 2:
            house.clickhouse.kill()
            house.clickhouse.start()
        elif piece == 4:
            house.kafka.kill()
            house.kafka.start()
        else:
            house.kill_a_worker(rng)


def test_every_order_and_every_kill_ends_in_the_tables_of_the_reference(
    servers: tuple[Path, Kafka, ClickHouse],
) -> None:
    with House(*servers, run="smooth") as smooth:
        records = year_of(smooth)
        smooth.start([1])
        smooth.emit(records)
        smooth.settle(120)
    expected = reference(smooth, records, int(time.time() * 1000))
    assert stitched(smooth) == expected
    assert customers(smooth) == people(records)
    assert totals(smooth) == true_totals(HOUSEHOLDS)
    assert audit.run(smooth.settings, QUIET).is_right
    with House(*servers, run="harsh") as harsh:
        harsh.start([1, 2, 3])
        rough(harsh, year_of(harsh), random.Random(3))
        harsh.settle(240)
    assert stitched(harsh) == expected
    assert harsh.checksums() == smooth.checksums()
    assert audit.run(harsh.settings, QUIET).is_right
