import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.structs import OffsetAndMetadata

from throughline.errors import Unavailable
from throughline.lag import Extent, LagReader
from throughline.options import KafkaSettings
from throughline.settings import Settings


def fill(settings: Settings, topic: str, records: int) -> None:
    arguments = settings.kafka.client_arguments()
    admin = KafkaAdminClient(**arguments)
    admin.create_topics([NewTopic(topic, 2, 1)])
    admin.close()
    producer = KafkaProducer(**arguments)
    for number in range(records):
        producer.send(topic, b"x", partition=number % 2, timestamp_ms=1_000_000 + number)
    producer.flush()
    producer.close()


def commit(settings: Settings, group: str, offsets: dict[TopicPartition, int]) -> None:
    consumer = KafkaConsumer(**settings.kafka.client_arguments(), group_id=group, enable_auto_commit=False)
    consumer.assign(list(offsets))
    consumer.commit({partition: OffsetAndMetadata(offset, "", -1) for partition, offset in offsets.items()})
    consumer.close()


def test_what_is_not_committed_waits(settings: Settings) -> None:
    topic, group = f"{settings.topic_prefix}lag", f"{settings.topic_prefix}group"
    fill(settings, topic, 10)
    with LagReader(settings.kafka, group) as reader:
        assert topic in reader.topics()
        (before,) = reader.read([topic])
        commit(settings, group, {TopicPartition(topic, 0): 5, TopicPartition(topic, 1): 3})
        (after,) = reader.read([topic])
    assert (before.partitions, before.written, before.waiting) == (2, 10, 10)
    assert (after.waiting, after.oldest_waiting) == (2, 1_000_007)


def test_nothing_waits_when_all_is_committed(settings: Settings) -> None:
    topic, group = f"{settings.topic_prefix}lag", f"{settings.topic_prefix}group"
    fill(settings, topic, 2)
    commit(settings, group, {TopicPartition(topic, 0): 1, TopicPartition(topic, 1): 1})
    with LagReader(settings.kafka, group) as reader:
        (lag,) = reader.read([topic])
    assert (lag.written, lag.waiting, lag.oldest_waiting) == (2, 0, None)


def test_extents_tell_what_each_partition_holds_and_how_far_it_is_done(settings: Settings) -> None:
    topic, group = f"{settings.topic_prefix}lag", f"{settings.topic_prefix}group"
    fill(settings, topic, 5)
    commit(settings, group, {TopicPartition(topic, 0): 2})
    with LagReader(settings.kafka, group) as reader:
        assert sorted(reader.extents([topic]), key=lambda each: each.partition) == [
            Extent(topic, 0, first=0, end=3, committed=2),
            Extent(topic, 1, first=0, end=2, committed=0),
        ]


def test_a_kafka_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("throughline.lag.PATIENCE_MS", 200)
    with pytest.raises(Unavailable, match=r"Kafka at 127\.0\.0\.1:1 does not answer"):
        LagReader(KafkaSettings(bootstrap_servers="127.0.0.1:1"), "group").__enter__()
