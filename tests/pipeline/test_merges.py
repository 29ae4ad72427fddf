"""Merges on real servers, while a reader asks the views: every touchpoint stands there exactly once, and at the end as the
reference says."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from schemas.identifiers import home_of, key_of, ranked
from schemas.ids import node_of
from schemas.messages import Claim, Member, encode
from schemas.topics import CLAIMS, public_topic
from sinks.clickhouse.connect import open_views
from tests.pipeline.house import House
from tests.pipeline.reference import reference, stitched
from tests.pipeline.torture import QUIET, Said
from throughline.cli import audit
from throughline.clock import iso

START, MINUTE = 1_767_225_600_000, 60_000  # 2026-01-01
SETTLED, LATER = "Product Viewed", "Page Viewed"  # of what is at rest before the merges, and of what comes with them
LONG = 10_000  # events of one anonymous visitor
CUSTOMERS = 200
VIEWS = "journey_touchpoints", "touchpoints"


class Reader(threading.Thread):
    """Asks for the settled events every `pause` seconds; `wrong` are the answers that hold one twice, or lack one."""

    def __init__(self, house: House, expected: int, pause: float) -> None:
        super().__init__()
        self.house, self.expected, self.pause = house, expected, pause
        self.looks, self.wrong, self.ended = 0, list[tuple[str, int, int]](), threading.Event()

    def run(self) -> None:
        views = open_views(self.house.settings, "auditor")
        while not self.ended.wait(self.pause):
            for view in VIEWS:
                rows, events = views.ask(f"SELECT count(), uniqExact(event_id) FROM {view} WHERE event = '{SETTLED}'")
                self.looks += 1
                if (rows[0], events[0]) != (self.expected, self.expected):
                    self.wrong.append((view, rows[0], events[0]))


@contextmanager
def watched(house: House, expected: int, pause: float = 0.0) -> Iterator[Reader]:
    reader = Reader(house, expected, pause)
    reader.start()
    try:
        yield reader
    finally:
        reader.ended.set()
        reader.join()


@pytest.fixture(scope="module")
def servers(
    tmp_path_factory: pytest.TempPathFactory, kafka: Kafka, clickhouse: ClickHouse
) -> tuple[Path, Kafka, ClickHouse]:
    return tmp_path_factory.mktemp("merges"), kafka, clickhouse


def seen(house: House, n: int, event: str, **identifiers: str) -> Said:
    """The n-th event, by a source that may join known customers."""
    at = iso(START + n * MINUTE)
    said = {"event_id": str(UUID(int=n + 1)), "event": event, "channel": "website", "source": "complete-journey"}
    times = {"original_timestamp": at, "received_at": at, "assurance": 4}
    value = json.dumps({**said, **times, "identifiers": identifiers, "properties": {}})
    key = key_of(*ranked(identifiers, "US")[0])
    return Said(public_topic("website", house.settings.topic_prefix), key.encode(), value.encode())


def member(house: House, type: str, value: str) -> Member:
    return Member(node_of(type, value, house.settings.identity.node_key), type, home_of(key_of(type, value)))


def run(house: House, before: Sequence[Said], after: Sequence[Said], claims: Sequence[Claim] = ()) -> Reader:
    """`before` comes to rest; then everything else arrives while a reader looks."""
    words = [Said(house.settings.topic_prefix + CLAIMS, None, encode(claim)) for claim in claims]
    house.start([1, 2])
    house.emit(before)
    house.settle(120)
    with watched(house, len(before)) as reader:
        house.emit([*after, *words])
        house.settle(120)
    assert stitched(house) == reference(house, [*before, *after], int(time.time() * 1000), claims)
    assert audit.run(house.settings, QUIET).is_right
    return reader


def long_journey(house: House, n: int) -> tuple[list[Said], list[Said]]:
    """An anonymous visitor of 10,000 events gets a name, and that name another, while the visit goes on."""
    before = [seen(house, n + i, SETTLED, anonymous_id="visitor") for i in range(LONG)]
    before += [seen(house, n + LONG + i, SETTLED, email="ann@example.org") for i in range(50)]
    names = [seen(house, n + LONG + 100, LATER, anonymous_id="visitor", email="ann@example.org")]
    names += [seen(house, n + LONG + 110, LATER, email="ann@example.org", user_id="ann")]
    more = [seen(house, n + LONG + 200 + i, LATER, anonymous_id="visitor") for i in range(200)]
    return before, [*more[:100], *names, *more[100:]]


def storm(house: House, n: int) -> tuple[list[Said], list[Said], list[Claim]]:
    """Customers of one identifier become pairs, and pairs become customers of four; operators cut, and take it back."""
    kinds = "anonymous_id", "device_id", "email", "user_id"
    owned = [[(kind, f"{kind}-{customer}@example.org") for kind in kinds] for customer in range(CUSTOMERS)]
    names = [name for own in owned for name in own]
    before = [seen(house, n + i, SETTLED, **dict([name])) for i, name in enumerate(names)]
    joins = [dict([own[a], own[b]]) for a, b in ((0, 1), (2, 3), (1, 2)) for own in owned]
    claims = []
    for i, own in enumerate(owned[::4]):
        pair, id = (member(house, *own[1]), member(house, *own[2])), i.to_bytes(16, "big")
        claims.append(Claim("cut", *pair, 0, 0, "operator", id, "two people"))
        if i % 2:
            claims.append(Claim("uncut", *pair, 0, 0, "operator", id, "one after all"))
    return before, [seen(house, n + len(names) + i, LATER, **join) for i, join in enumerate(joins)], claims


def test_no_touchpoint_is_seen_twice_or_not_at_all_while_customers_merge(
    servers: tuple[Path, Kafka, ClickHouse],
) -> None:
    with House(*servers, run="merges") as house:
        settled, coming = long_journey(house, 0)
        also_settled, also_coming, claims = storm(house, 2 * LONG)
        reader = run(house, settled + also_settled, coming + also_coming, claims)
    assert reader.looks > 10
    assert not reader.wrong
