"""Produces lists of records to explicit partitions and gives their offsets."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from mode import Service

from streams.transport.chunk import Header
from streams.transport.connection import Connection
from throughline.errors import ConfigurationError, Unavailable

BATCH_BYTES = 512 * 1024
REQUEST_BYTES = 1024 * 1024


class Sendable(Protocol):
    """What `send` takes: an `Outgoing`, or anything else with these four."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


class Outgoing(NamedTuple):
    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()


class Producer(Service):
    """Idempotent, acks=all, lz4. When `send` returns, all its records are durable; when it raises, some may be.

    Records of one partition keep their order within a call, and over calls that do not overlap. A service for
    `app.add_dependency`, or started and stopped by hand, in the event loop that sends.
    """

    def __init__(self, connection: Connection, client_id: str = "throughline", **kwargs: Any) -> None:
        self._settings: dict[str, Any] = {
            **connection.aiokafka(),
            "client_id": client_id,
            "enable_idempotence": True,
            "acks": "all",
            "compression_type": "lz4",
            "max_batch_size": BATCH_BYTES,
            "max_request_size": REQUEST_BYTES,
            "request_timeout_ms": 60_000,
        }
        self._producer: AIOKafkaProducer | None = None
        super().__init__(**kwargs)

    async def on_start(self) -> None:
        """Raises Unavailable if Kafka does not answer."""
        producer = AIOKafkaProducer(**self._settings)
        try:
            await producer.start()
        except KafkaError as error:
            await producer.stop()
            raise Unavailable(f"Kafka at {self._settings['bootstrap_servers']} does not answer: {error}") from error
        self._producer = producer

    async def on_stop(self) -> None:
        """Sends what is under way."""
        if self._producer:
            await self._producer.stop()
            self._producer = None

    async def send(self, records: Iterable[Sendable]) -> list[int]:
        """The offset of each record. All have ended when it returns or raises.

        Unavailable: Kafka did not take some of them in time. ConfigurationError: no such partition. ValueError: a
        record is larger than the broker takes.
        """
        places: dict[tuple[str, int], list[int]] = {}
        listed = list(records)
        for index, record in enumerate(listed):
            places.setdefault((record.topic, record.partition), []).append(index)
        offsets = [-1] * len(listed)
        sent = await asyncio.gather(
            *(self._send_to(place, [listed[i] for i in indices]) for place, indices in places.items()),
            return_exceptions=True,
        )
        for result, indices in zip(sent, places.values(), strict=True):
            if isinstance(result, BaseException):
                raise result
            for index, offset in zip(indices, result, strict=True):
                offsets[index] = offset
        return offsets

    async def _send_to(self, place: tuple[str, int], records: Sequence[Sendable]) -> list[int]:
        topic, partition = place
        producer = self._client()
        counts, futures = [], []
        try:
            if partition not in await producer.partitions_for(topic):
                raise ConfigurationError(f"{topic} has no partition {partition}; all workers need the same settings")
            for batch in self._batches(producer, records):
                counts.append(batch.record_count())
                futures.append(await producer.send_batch(batch, topic, partition=partition))
            bases = [metadata.offset for metadata in await asyncio.gather(*futures)]
        except MessageSizeTooLargeError as error:
            raise ValueError(f"{topic}[{partition}]: a record is larger than the broker takes") from error
        except KafkaError as error:
            raise Unavailable(f"{topic}[{partition}] did not take {len(records)} records: {error}") from error
        return [base + i for base, count in zip(bases, counts, strict=True) for i in range(count)]

    def _batches(self, producer: AIOKafkaProducer, records: Sequence[Sendable]) -> Iterator[Any]:
        batch = producer.create_batch()
        for record in records:
            if not _append(batch, record):
                yield batch
                batch = producer.create_batch()
                _append(batch, record)  # the first record always fits
        yield batch

    def _client(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise RuntimeError("the producer is not started")
        return self._producer


def _append(batch: Any, record: Sendable) -> bool:
    """False if the batch is full."""
    headers = list(getattr(record, "headers", ()))
    return batch.append(timestamp=None, key=record.key, value=record.value, headers=headers) is not None
