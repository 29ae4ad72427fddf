"""How far a consumer group is behind, asked of Kafka itself: no worker needs to answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import stamina
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError

from throughline.errors import Unavailable
from throughline.options import KafkaSettings

PATIENCE_MS = 5000


@dataclass(frozen=True, slots=True)
class TopicLag:
    """Offsets of one topic, summed over its partitions. `oldest_waiting`: ms since 1970, None if nothing waits."""

    topic: str
    partitions: int
    written: int
    waiting: int
    oldest_waiting: int | None


@dataclass(frozen=True, slots=True)
class Extent:
    """The offsets that the log of one partition holds, [first, end), and up to where they are done: `committed`, which
    is not before `first`."""

    topic: str
    partition: int
    first: int
    end: int
    committed: int


class LagReader:
    """Reads ends and committed offsets. Use as a context manager; raises `Unavailable` if Kafka does not answer."""

    def __init__(self, kafka: KafkaSettings, group: str) -> None:
        self._kafka = kafka
        self._group = group
        self._arguments = kafka.client_arguments() | {
            "request_timeout_ms": PATIENCE_MS,
            "bootstrap_timeout_ms": PATIENCE_MS,
        }

    def __enter__(self) -> "LagReader":
        try:
            self._admin: Any = KafkaAdminClient(**self._arguments)
        except KafkaError as error:
            raise self._unavailable(error) from error
        return self

    def __exit__(self, *exc: object) -> None:
        self._admin.close()

    def topics(self) -> list[str]:
        """Names of all topics but Kafka's own."""
        return sorted(name for name in self._admin.list_topics() if not name.startswith("__"))

    def read(self, topics: Iterable[str]) -> list[TopicLag]:
        """One line per topic, in the order given."""
        try:
            return self._read(self._partitions(topics))
        except KafkaError as error:
            raise self._unavailable(error) from error

    def extents(self, topics: Iterable[str]) -> list[Extent]:
        """One line per partition. Commits are read before ends: what is committed lies within the log."""
        try:
            everything = [partition for each in self._partitions(topics).values() for partition in each]
            committed = self._committed()
            first = self._offsets(everything, OffsetSpec.EARLIEST)
            last = self._offsets(everything, OffsetSpec.LATEST)
        except KafkaError as error:
            raise self._unavailable(error) from error
        return [
            Extent(each.topic, each.partition, first[each], last[each], max(first[each], committed.get(each, 0)))
            for each in everything
        ]

    def _partitions(self, topics: Iterable[str]) -> dict[str, list[TopicPartition]]:
        return {
            found["name"]: [TopicPartition(found["name"], each["partition_index"]) for each in found["partitions"]]
            for found in self._admin.describe_topics(list(topics))
        }

    def _read(self, topics: dict[str, list[TopicPartition]]) -> list[TopicLag]:
        everything = [partition for partitions in topics.values() for partition in partitions]
        first = self._offsets(everything, OffsetSpec.EARLIEST)
        last = self._offsets(everything, OffsetSpec.LATEST)
        committed = self._committed()
        start = {each: max(first[each], committed.get(each, 0)) for each in everything}
        waiting = {each: max(0, last[each] - start[each]) for each in everything}
        oldest = self._oldest({each: start[each] for each in everything if waiting[each]})
        return [
            TopicLag(
                topic=topic,
                partitions=len(partitions),
                written=sum(last[each] for each in partitions),
                waiting=sum(waiting[each] for each in partitions),
                oldest_waiting=min((oldest[each] for each in partitions if each in oldest), default=None),
            )
            for topic, partitions in topics.items()
        ]

    def _offsets(self, partitions: list[TopicPartition], spec: Any) -> dict[TopicPartition, int]:
        found = self._admin.list_partition_offsets(dict.fromkeys(partitions, spec))
        return {partition: answer.offset for partition, answer in found.items()}

    def _committed(self) -> dict[TopicPartition, int]:
        # A cluster that never had a group makes the coordinator's topic when it is asked for the first time.
        for attempt in stamina.retry_context(on=_passing, attempts=12, timeout=5, wait_max=1):
            with attempt:
                groups = self._admin.list_group_offsets({self._group: None})
        return {partition: found.offset for partition, found in groups[self._group].items()}

    def _oldest(self, starts: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
        """The time of the first waiting record of each partition, as far as it arrives in time."""
        if not starts:
            return {}
        consumer = KafkaConsumer(**self._arguments, enable_auto_commit=False, fetch_max_wait_ms=100)
        found: dict[TopicPartition, int] = {}
        try:
            consumer.assign(list(starts))
            for partition, offset in starts.items():
                consumer.seek(partition, offset)
            for _ in range(10):
                for partition, records in consumer.poll(timeout_ms=500).items():
                    found.setdefault(partition, records[0].timestamp)
                    consumer.pause(partition)
                if len(found) == len(starts):
                    break
        finally:
            consumer.close(autocommit=False)
        return found

    def _unavailable(self, error: KafkaError) -> Unavailable:
        servers = self._kafka.bootstrap_servers
        return Unavailable(f"Kafka at {servers} does not answer: {error}; start it with `throughline up`")


def _passing(error: Exception) -> bool:
    return isinstance(error, KafkaError) and bool(error.retriable)
