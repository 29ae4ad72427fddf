"""A small house at rest: two customers, a retry, a dead letter, a deadline, friction."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from schemas.topics import public_topic
from sources.emitter import Emitter, Record
from tests.pipeline.house import House
from throughline.clock import iso

HOUR = 3_600_000
NOW = time.time_ns() // 1_000_000
QUIET = Console(quiet=True)
ANNA = {"email": "Anna@Example.org", "anonymous_id": "cookie-1"}
STORY: tuple[tuple[str, str, int, dict[str, str], dict[str, Any]], ...] = (
    ("Page Viewed", "website", 50, {"anonymous_id": "cookie-1"}, {"path": "/shoes"}),
    ("Signed In", "website", 49, ANNA, {}),
    ("Order Completed", "store", 30, {"loyalty_id": "kc-1", "email": "anna@example.org"}, {"order_id": "o-7", "revenue": 12.5}),
    ("Support Email Received", "email", 26, {"email": "anna@example.org"}, {"subject": "broken"}),
    ("Survey Answered", "survey", 1, {"email": "anna@example.org"}, {"metric": "nps", "score": 1, "comment": "too [slow]"}),
    ("Call Started", "phone", 2, {"phone": "+12075550149"}, {"call_id": "c-1"}),
)  # fmt: skip


def story(source: str) -> Iterator[dict[str, Any]]:
    for number, (event, channel, hours, identifiers, properties) in enumerate(STORY):
        yield {
            "event_id": f"{source}-{number}",
            "event": event,
            "channel": channel,
            "source": source,
            "timestamp": iso(NOW - hours * HOUR),
            "identifiers": identifiers,
            "properties": properties,
        }


@pytest.fixture(scope="session")
def house(kafka: Kafka, clickhouse: ClickHouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """With one worker; a test that breaks something mends it."""
    with House(tmp_path_factory.mktemp("house"), kafka, clickhouse, run="cli") as house:
        house.start([1])
        with Emitter(house.settings) as emitter:
            for event in story("told"):
                emitter.emit(event)
            emitter.emit(next(story("told")))
            emitter.forward(Record(public_topic("chat", house.settings.topic_prefix), b"k", b"no json", NOW))
        house.settle(60)
        yield house
