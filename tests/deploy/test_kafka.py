from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.local.kafka import Kafka
from throughline.errors import ConfigurationError, Unavailable


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Kafka]:
    server = Kafka(tmp_path / "kafka")
    yield server
    server.kill()


def make_topic(kafka: Kafka, name: str, copies: int = 1) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    admin.create_topics([NewTopic(name, 1, copies)])
    admin.close()


def write(kafka: Kafka, topic: str, value: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap_servers, acks="all")
    producer.send(topic, value).get(30)
    producer.close()


def read(kafka: Kafka, topic: str) -> list[bytes]:
    consumer = KafkaConsumer(
        topic, bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest", consumer_timeout_ms=3000
    )
    values = [record.value for record in consumer]
    consumer.close()
    return values


def test_an_acknowledged_record_survives_kill_minus_nine(own: Kafka) -> None:
    before = own.start().bootstrap_servers
    make_topic(own, "kept")
    write(own, "kept", b"a")
    own.kill()
    assert own.start().bootstrap_servers == before
    write(own, "kept", b"b")
    assert read(own, "kept") == [b"a", b"b"]


def test_a_folder_keeps_its_number_of_nodes(tmp_path: Path) -> None:
    (tmp_path / "node-1").mkdir()
    with pytest.raises(ConfigurationError, match=r"was made with 1 broker\(s\), not 3"):
        Kafka(tmp_path, brokers=3)
    (tmp_path / "node-2").mkdir()
    assert Kafka(tmp_path).brokers == 2


@pytest.mark.parametrize(("durable", "messages"), [(True, "1"), (False, str(2**63 - 1))])
def test_durable_means_a_flush_for_every_message(tmp_path: Path, durable: bool, messages: str) -> None:
    Kafka(tmp_path, durable=durable).prepare()
    properties = (tmp_path / "node-1" / "server.properties").read_text()
    assert f"log.flush.interval.messages={messages}\n" in properties


def test_the_broker_of_another_cluster_on_the_port_is_not_taken_for_ones_own(own: Kafka, kafka: Kafka) -> None:
    port = int(kafka.bootstrap_servers.rpartition(":")[2])
    own._ports = [(port, own._ports[0][1])]
    with pytest.raises(Unavailable, match="kafka"):
        own.start()


def test_three_nodes_survive_the_death_of_one(tmp_path: Path) -> None:
    three = Kafka(tmp_path, brokers=3).start()
    make_topic(three, "kept", copies=3)
    write(three, "kept", b"a")
    psutil.Process(three.pids[0]).kill()
    write(three, "kept", b"b")
    assert read(three, "kept") == [b"a", b"b"]
    three.kill()
