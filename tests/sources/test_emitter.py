import gc
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.producer.sender import Sender

from deploy.local.kafka import Kafka
from schemas.decode import Decoder, DecodeRules
from schemas.murmur2 import murmur2
from schemas.topics import create_topics
from sources.channels import discover
from sources.emitter import Emitter, Failure, MemoryOutbox, Policy, Record
from throughline.errors import Backpressure, Invalid, Unavailable
from throughline.settings import Settings

# kafka-python 3.0.12 leaves the socket of a refused connection to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <socket", "ignore:unclosed <socket")

VISIT: dict[str, Any] = {
    "event": "Page Viewed",
    "channel": "website",
    "source": "shop",
    "original_timestamp": "2026-11-25T07:12:03.000Z",
    "identifiers": {"anonymous_id": "b7f1", "email": " Jo@Example.COM "},
    "properties": {"path": "/shoes"},
}


def nested(levels: int) -> dict[str, Any]:
    return {"inner": nested(levels - 1)} if levels else {}


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture
def memory() -> MemoryOutbox:
    return MemoryOutbox()


@pytest.fixture
def emitter(memory: MemoryOutbox) -> Emitter:
    return Emitter(Settings(), outbox=memory)


def received(servers: str, topic: str) -> list[Any]:
    """All records of a topic."""
    consumer = KafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    left, records = sum(consumer.end_offsets(partitions).values()), []
    while len(records) < left:
        records += [record for some in consumer.poll(500).values() for record in some]
    consumer.close()
    return records


def test_an_event_gets_an_id_and_the_time_of_sending(emitter: Emitter, memory: MemoryOutbox) -> None:
    event_id = emitter.emit(VISIT)
    sent = json.loads(memory.records[0][2])
    assert sent["event_id"] == event_id and sent["sent_at"].endswith("Z")


def test_an_id_that_was_given_is_kept(emitter: Emitter) -> None:
    assert emitter.emit(VISIT | {"event_id": "till-4-0017"}) == "till-4-0017"


def test_ids_sort_by_time(emitter: Emitter) -> None:
    first = emitter.emit(VISIT)
    time.sleep(0.002)
    assert first < emitter.emit(VISIT)


def test_the_key_is_the_strongest_identifier_normalised(emitter: Emitter, memory: MemoryOutbox) -> None:
    emitter.emit(VISIT)
    assert memory.records[0][:2] == ("touchpoints.website", b"email:jo@example.com")


def test_track_builds_the_event(emitter: Emitter, memory: MemoryOutbox) -> None:
    emitter.track("Call Started", "phone", {"phone": "+49 30 901820"}, {"queue": "orders"}, assurance=1)
    sent = json.loads(memory.records[0][2])
    assert (sent["source"], sent["properties"], sent["assurance"]) == ("python", {"queue": "orders"}, 1)
    assert memory.records[0][1] == b"phone:+4930901820"


def test_a_touchpoint_may_be_given_as_a_model(emitter: Emitter, memory: MemoryOutbox) -> None:
    channel = next(channel for channel in discover() if channel.name == "website")
    model = channel.touchpoint_of("Page Viewed").model_validate(VISIT | {"event_id": "v-1"})
    emitter.emit(model)
    assert json.loads(memory.records[0][2])["properties"] == {"path": "/shoes"}


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"channel": "telegraph"}, "channel", "website"),
        ({"channel": None}, "channel", "website"),
        ({"event": None}, "event", "text"),
        ({"identifiers": {}}, "identifiers", "anonymous_id"),
        ({"identifiers": {"email": "null"}}, "identifiers", "anonymous_id"),
        ({"identifiers": {"name": "Jo"}}, "identifiers.name", "properties"),
        ({"original_timestamp": "yesterday"}, "original_timestamp", "2026-11-25T07:12:03.000Z"),
        ({"original_timestamp": "1970-01-01T00:00:00Z"}, "original_timestamp", "2000-01-01"),
        ({"original_timestamp": datetime(2101, 1, 1, tzinfo=UTC)}, "original_timestamp", "a day from now"),
        ({"properties": {"path": "x" * 300_000}}, "", "send less"),
        ({"properties": {"path": "a\0b"}}, "properties.path", "NUL"),
        ({"properties": {"note": "\ud800"}}, "properties.note", "surrogate"),
        ({"properties": {"ratio": float("nan")}}, "", "NaN"),
        ({"properties": {"file": b"x"}}, "", "bytes"),
        ({"properties": nested(40)}, "", "levels"),
        ({"assurance": 5}, "assurance", "less than or equal to 4"),
    ],
)
def test_what_is_wrong_is_named_with_the_remedy(
    emitter: Emitter, memory: MemoryOutbox, change: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(Invalid) as caught:
        emitter.emit(VISIT | change)
    assert caught.value.field == field and words in str(caught.value)
    assert not memory.records and emitter.counts.refused == 1


def test_a_missing_field_is_named(emitter: Emitter) -> None:
    with pytest.raises(Invalid, match="source: is missing"):
        emitter.emit({name: value for name, value in VISIT.items() if name != "source"})


def test_what_was_emitted_is_never_a_dead_letter(emitter: Emitter, memory: MemoryOutbox) -> None:
    emitter.emit(VISIT | {"properties": {"value": Decimal("12.30"), "seen": datetime(2026, 1, 1, tzinfo=UTC), "n": 7}})
    emitter.emit(
        VISIT | {"identifiers": {"user_id": 17}, "event_id": UUID(int=5), "timestamp": VISIT["original_timestamp"]}
    )
    decoder = Decoder(discover(), DecodeRules(b"a key that only the tests know, 0123", 8))
    values, keys = [record[2] for record in memory.records], [record[1] for record in memory.records]
    decoded = decoder.decode("touchpoints.website", 0, values, [0, 1], [2_000_000_000_000] * 2, keys)
    assert not decoded.dead and [fact.value for fact in decoded.facts] == [123_000, 0]
    assert keys == [b"email:jo@example.com", b"user_id:17"]


def test_events_arrive_once_in_the_partition_of_their_key(kafka: Kafka, settings: Settings) -> None:
    create_topics(settings, discover())
    with Emitter(settings) as emitter:
        ids = [emitter.emit(VISIT | {"identifiers": {"anonymous_id": f"b{i % 50}"}}) for i in range(2_000)]
    records = received(kafka.bootstrap_servers, emitter.topic("website"))
    assert sorted(json.loads(record.value)["event_id"] for record in records) == sorted(ids)
    assert all(record.partition == (murmur2(record.key) & 0x7FFFFFFF) % settings.partitions for record in records)
    assert (emitter.counts.delivered, emitter.counts.waiting) == (2_000, 0)


def test_many_threads_may_emit(kafka: Kafka, settings: Settings) -> None:
    create_topics(settings, discover())
    with Emitter(settings) as emitter:
        threads = [threading.Thread(target=lambda: [emitter.emit(VISIT) for _ in range(200)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert emitter.counts.delivered == 800


def test_a_missing_topic_is_named(kafka: Kafka, settings: Settings) -> None:
    emitter = Emitter(settings, Policy(block_for=1))
    with pytest.raises(Unavailable, match=rf"{settings.topic_prefix}touchpoints.website"):
        emitter.emit(VISIT)
    emitter.close()


def test_without_kafka_the_first_event_says_so() -> None:
    emitter = Emitter("127.0.0.1:1", Policy(block_for=0.5))
    with pytest.raises(Unavailable, match="throughline up"):
        emitter.emit(VISIT)
    emitter.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Kafka]:
    kafka = Kafka(tmp_path / "kafka").start()
    yield kafka
    kafka.kill()


def test_events_wait_while_kafka_is_away_and_arrive_in_order_when_it_is_back(own: Kafka) -> None:
    settings = Settings(kafka={"bootstrap_servers": own.bootstrap_servers})
    create_topics(settings, discover())
    with Emitter(settings) as emitter:
        emitter.emit(VISIT | {"event_id": "0"})
        emitter.flush()
        own.kill()
        for i in range(1, 300):
            emitter.emit(VISIT | {"event_id": str(i)})
        own.start()
    records = received(own.bootstrap_servers, "touchpoints.website")
    assert [json.loads(record.value)["event_id"] for record in records] == [str(i) for i in range(300)]


def test_a_full_buffer_is_said_and_undelivered_events_are_given_back(own: Kafka) -> None:
    settings = Settings(kafka={"bootstrap_servers": own.bootstrap_servers})
    create_topics(settings, discover())
    failures: list[Failure] = []
    emitter = Emitter(settings, Policy(buffer_bytes=2_000, block_for=0.3, deliver_within=2), failures.append)
    emitter.emit(VISIT | {"event_id": "first"})
    emitter.flush()
    own.kill()
    with pytest.raises(Backpressure, match="wait for Kafka"):
        for _ in range(20):
            emitter.emit(VISIT)
    waiting = emitter.counts.waiting
    with pytest.raises(Unavailable, match="still wait"):
        emitter.flush(0.1)
    with pytest.raises(Unavailable, match=f"{waiting} events were not delivered"):
        emitter.flush(10)
    assert 0 < waiting == len(failures) == emitter.counts.failed
    emitter.close()


def test_closing_while_kafka_is_away_ends_in_time_and_says_what_is_lost(own: Kafka) -> None:
    settings = Settings(kafka={"bootstrap_servers": own.bootstrap_servers})
    create_topics(settings, discover())
    emitter = Emitter(settings)
    emitter.emit(VISIT)
    emitter.flush()
    own.kill()
    emitter.emit(VISIT)
    with pytest.raises(Unavailable, match="1 events still wait"):
        emitter.close(0.5)
    with pytest.raises(Unavailable, match="closed"):
        emitter.emit(VISIT)


def test_kafka_python_still_has_the_private_name_that_closing_needs() -> None:
    assert callable(Sender.force_close)


def test_a_record_as_it_is_goes_out_unvalidated(emitter: Emitter, memory: MemoryOutbox) -> None:
    emitter.forward(Record(emitter.topic("chat"), None, b"{", 0))
    assert memory.records == [("touchpoints.chat", None, b"{")]
