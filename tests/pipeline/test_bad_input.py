"""Every kind of bad input through a live worker: a dead letter with its reason, its field and its bytes; the rest flows."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from kafka import KafkaProducer
from rich.console import Console

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from schemas.topics import public_topic
from sinks.clickhouse.connect import server_of
from sinks.clickhouse.server import Connections
from tests.pipeline.house import House
from tests.schemas.test_bad_input import BAD, event
from throughline.cli import audit
from throughline.cli.dead import letters
from throughline.clock import iso

HOUR = 3_600_000
NOW = time.time_ns() // 1_000_000
KEY = b"loyalty_id:ABC-1"
LARGEST = 20_000_000


def of_today(value: bytes | None) -> bytes | None:
    """The bad events belong to a day of their own; here what is wrong with them must be the same today."""
    if value is None:
        return None
    value = value.replace(b"2026-11-18T11:00:00.000Z", iso(NOW - HOUR).encode())
    return value.replace(b"2026-11-19T12:06:40.001Z", iso(NOW + 26 * HOUR).encode())


BAD_TODAY = [(of_today(value), reason, field) for value, reason, field in BAD.values()]
GOOD = [of_today(event(event_id=f"good-{number}")) for number in range(len(BAD_TODAY) + 1)]


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory, kafka: Kafka, clickhouse: ClickHouse) -> Iterator[House]:
    """A house at rest after a good event before, between and behind all the bad ones, in one partition."""
    with House(tmp_path_factory.mktemp("bad"), kafka, clickhouse, run="bad") as house:
        house.start([1])
        topic = public_topic("store", house.settings.topic_prefix)
        arguments = house.settings.kafka.client_arguments()
        with closing(KafkaProducer(**arguments, acks="all", max_request_size=LARGEST)) as producer:
            for good, (bad, _, _) in zip(GOOD, BAD_TODAY, strict=False):
                producer.send(topic, good, KEY, partition=0)
                producer.send(topic, bad, KEY, partition=0).get(10)
            producer.send(topic, GOOD[-1], KEY, partition=0).get(10)
        house.settle(60)
        yield house


def test_every_bad_record_is_a_dead_letter_with_its_bytes(fed: House) -> None:
    server = replace(server_of(fed.settings, "auditor"), patience=3.0)
    with closing(Connections(server)) as client:
        found = {letter.offset: letter for letter in letters(client, "", "", 1000)}
    assert len(found) == len(BAD_TODAY)
    for number, (raw, reason, field) in enumerate(BAD_TODAY):
        letter = found[2 * number + 1]
        assert (letter.reason, letter.field, letter.key, letter.raw) == (reason, field, KEY, raw or b"")
        assert letter.message


def test_their_neighbours_are_stitched_to_their_customer(fed: House) -> None:
    rows = fed.ask("SELECT uniqExact(event_id), uniqExact(customer_id), count() FROM journey_touchpoints")
    assert rows == [(len(GOOD), 1, len(GOOD))]


def test_every_offset_is_in_the_accounts(fed: House) -> None:
    report = audit.run(fed.settings, Console(quiet=True))
    assert report.is_right and report.at_rest
    stored = sum(each.stored for each in report.ledger.balances)
    dead = sum(each.dead for each in report.ledger.balances)
    assert (stored, dead) == (len(GOOD), len(BAD_TODAY))
