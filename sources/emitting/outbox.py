"""Where the emitter puts its records: Kafka, or memory in tests."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import kafka
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from sources.emitting.buffer import Buffer
from throughline.errors import Invalid, Unavailable


@dataclass(frozen=True, slots=True)
class Policy:
    """How long and how much the emitter waits. Times in seconds, sizes in bytes.

    While Kafka is away, records wait in the buffer, in order; a full buffer makes the caller wait `block_for` and then
    raises `Backpressure`. A record that could not be delivered within `deliver_within` is given to `on_error`, which
    runs in Kafka's thread, must be quick and must not raise.
    """

    buffer_bytes: int = 32 * 1024 * 1024
    block_for: float = 30.0
    deliver_within: float = 120.0
    linger: float = 0.03
    batch_bytes: int = 256 * 1024


DEFAULT = Policy()


class Failure(NamedTuple):
    """A record that Kafka has not acknowledged; it may have arrived all the same. `error` says why."""

    topic: str
    key: bytes | None
    value: bytes
    error: str


@dataclass(slots=True)
class Counts:
    """Records since the start: `sent` = taken from the caller, of which `delivered` and `failed` are settled."""

    sent: int = 0
    delivered: int = 0
    failed: int = 0
    refused: int = 0  # not valid, so never taken

    @property
    def waiting(self) -> int:
        return self.sent - self.delivered - self.failed


class Outbox:
    """Takes records in any thread. `send` may block as the policy says; it never drops and never reorders a key."""

    counts: Counts

    def send(self, topic: str, key: bytes | None, value: bytes) -> None:
        """Takes it, or raises `Backpressure` (full), `Unavailable` (no Kafka, no topic) or `Invalid` (too large)."""
        raise NotImplementedError

    def flush(self, timeout: float) -> None:
        """Returns when all that was sent is acknowledged; raises `Unavailable` otherwise. A failure is told once."""
        raise NotImplementedError

    def close(self, timeout: float) -> None:
        """Flushes, then lets go of the connection whatever the flush raised. Closing twice does nothing."""
        raise NotImplementedError


class MemoryOutbox(Outbox):
    """The twin: keeps the records."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.records: list[tuple[str, bytes | None, bytes]] = []

    def send(self, topic: str, key: bytes | None, value: bytes) -> None:
        self.records.append((topic, key, value))
        self.counts.sent += 1
        self.counts.delivered += 1

    def flush(self, timeout: float) -> None:
        pass

    def close(self, timeout: float) -> None:
        pass


class KafkaOutbox(Outbox):
    """kafka-python, idempotent, acks=all: acknowledged means in the log, once. Connects when the first record comes."""

    def __init__(
        self,
        connection: Mapping[str, Any],
        policy: Policy = DEFAULT,
        on_error: Callable[[Failure], None] = lambda failure: None,
    ) -> None:
        self.counts = Counts()
        self._connection, self._policy, self._on_error = connection, policy, on_error
        self._buffer = Buffer(policy.buffer_bytes, policy.block_for)
        self._lock = threading.Lock()
        self._producer: kafka.KafkaProducer | None = None
        self._untold, self._first_error = 0, ""
        self._closed = False

    def send(self, topic: str, key: bytes | None, value: bytes) -> None:
        producer = self._producer or self._connect()
        size = len(value) + len(key or b"")
        self._buffer.take(size)
        try:
            future = producer.send(topic, value=value, key=key)
        except MessageSizeTooLargeError as error:
            self._buffer.give(size)
            raise Invalid(f"the record has {size} bytes, more than Kafka takes ({error})") from error
        except KafkaError as error:
            self._buffer.give(size)
            raise Unavailable(self._explain(topic, error)) from error
        with self._lock:
            self.counts.sent += 1
        future.add_callback(self._delivered, size)
        future.add_errback(self._failed, size, (topic, key, value))

    def flush(self, timeout: float) -> None:
        if self._producer is not None:
            try:
                self._producer.flush(timeout)
            except KafkaTimeoutError as error:
                raise Unavailable(f"{self._buffer.records} events still wait for Kafka after {timeout:g} s") from error
        with self._lock:
            untold, self._untold = self._untold, 0
        if untold:
            raise Unavailable(f"{untold} events were not delivered, the first because of {self._first_error}")

    def close(self, timeout: float) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            self.flush(timeout)
        finally:
            self._disconnect()

    def _connect(self) -> kafka.KafkaProducer:
        with self._lock:
            if self._closed:
                raise Unavailable("this emitter is closed; make a new one")
            if self._producer is None:
                self._producer = self._new_producer()
            return self._producer

    def _new_producer(self) -> kafka.KafkaProducer:
        policy = self._policy
        within, block = int(policy.deliver_within * 1000), int(policy.block_for * 1000)
        try:
            return kafka.KafkaProducer(
                enable_idempotence=True,
                acks="all",
                compression_type="lz4",
                linger_ms=int(policy.linger * 1000),
                batch_size=policy.batch_bytes,
                delivery_timeout_ms=within,
                request_timeout_ms=min(30_000, within // 2),
                max_block_ms=block,
                bootstrap_timeout_ms=block,
                reconnect_backoff_max_ms=1_000,
                allow_auto_create_topics=False,
                **self._connection,
            )
        except KafkaError as error:
            raise Unavailable(self._explain("", error)) from error

    def _disconnect(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            # `close` alone would wait for records that cannot leave, raise, and leave its thread running.
            if self._buffer.records:
                producer._sender.force_close()
            producer.close(timeout=5)

    def _delivered(self, size: int, metadata: object) -> None:
        with self._lock:
            self.counts.delivered += 1
        self._buffer.give(size)

    def _failed(self, size: int, record: tuple[str, bytes | None, bytes], error: BaseException) -> None:
        with self._lock:
            self.counts.failed += 1
            if not self._untold:
                self._first_error = str(error)
            self._untold += 1
        self._buffer.give(size)
        self._on_error(Failure(*record, error=str(error)))

    def _explain(self, topic: str, error: KafkaError) -> str:
        servers = self._connection.get("bootstrap_servers")
        what = f"has no topic {topic} or does not answer" if topic else "does not answer"
        within = f"within {self._policy.block_for:g} s"
        return f"Kafka at {servers} {what} {within} ({error}); start it with `throughline up`"
