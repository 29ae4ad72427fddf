"""Friction signals as the workers announce them, from the topic `friction`. Hints: the view has what stands."""

import json
from types import TracebackType
from uuid import UUID

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from queries.signals import Signal
from schemas.ids import to_uuid
from schemas.topics import FRICTION
from throughline.errors import Unavailable
from throughline.options import Settings


class Feed:
    """From now on; nobody's progress is recorded. Use as a context manager; raises `Unavailable`."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._topic = settings, settings.topic_prefix + FRICTION

    def __enter__(self) -> "Feed":
        try:
            self._consumer = KafkaConsumer(**self._settings.kafka.client_arguments(), enable_auto_commit=False)
            numbers = self._consumer.partitions_for_topic(self._topic) or ()
            self._consumer.assign([TopicPartition(self._topic, number) for number in numbers])
            self._consumer.seek_to_end()
            for each in self._consumer.assignment():
                self._consumer.position(each)
        except KafkaError as error:
            servers = self._settings.kafka.bootstrap_servers
            raise Unavailable(f"Kafka at {servers} does not answer: {error}; start it with `throughline up`") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close(autocommit=False)

    def poll(self, seconds: float) -> list[Signal]:
        """What has been announced since the last call; waits for it so long."""
        polled = self._consumer.poll(timeout_ms=int(seconds * 1000))
        return [read(record.value) for records in polled.values() for record in records]


def read(value: bytes) -> Signal:
    """From the message of `streams.steps.rows.signal_message`."""
    said = json.loads(value)
    return Signal(
        id=_uuid(said["signal_id"]),
        name=said["signal"],
        customer=_uuid(said["customer_id"]),
        channel=said["channel"],
        location=said["location"],
        at=said["at"],
        detail=said["detail"],
        live=bool(said["live"]),
        version=int(said["version"]),
    )


def _uuid(text: str) -> UUID:
    return to_uuid(bytes.fromhex(text))
