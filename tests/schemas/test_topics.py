import pytest

from deploy.local.kafka import Kafka
from deploy.local.ports import free_port
from schemas.topics import channel_of, create_topics, public_topic, topics
from sources.channels import discover
from throughline.errors import ConfigurationError, Unavailable
from throughline.settings import KafkaSettings, Settings


def test_every_channel_has_a_topic_that_the_broker_stamps() -> None:
    public = [topic for topic in topics(Settings(partitions=4), discover()) if channel_of(topic.name)]
    assert [channel_of(topic.name) for topic in public] == [channel.name for channel in discover()]
    assert {(topic.partitions, topic.configs["message.timestamp.type"]) for topic in public} == {(4, "LogAppendTime")}


def test_the_prefix_stands_before_every_topic() -> None:
    assert all(topic.name.startswith("a.") for topic in topics(Settings(topic_prefix="a."), discover()))
    assert channel_of(public_topic("store", "a."), "a.") == "store"
    assert channel_of("touchpoints.store", "a.") is None


def test_topics_are_created_once_and_a_changed_number_of_partitions_is_refused(kafka: Kafka, topic_prefix: str) -> None:
    settings = Settings(
        kafka=KafkaSettings(bootstrap_servers=kafka.bootstrap_servers), topic_prefix=topic_prefix, partitions=2
    )
    assert create_topics(settings, discover()) == [topic.name for topic in topics(settings, discover())]
    assert create_topics(settings, discover()) == []
    with pytest.raises(ConfigurationError, match="fixed for ever"):
        create_topics(settings.model_copy(update={"partitions": 3}), discover())


def test_a_kafka_that_is_away_is_unavailable() -> None:
    settings = Settings(kafka=KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}"))
    with pytest.raises(Unavailable, match="did not create the topics"):
        create_topics(settings, discover())
