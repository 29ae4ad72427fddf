"""Emit touchpoints from Python.

    from sources.emitter import Emitter

    with Emitter() as emitter:
        emitter.track("Page Viewed", "website", {"anonymous_id": "b7f1"}, {"location": "/shoes"})

Delivery: an event that `flush` has returned for is in Kafka's log, once, on all in-sync copies. Events with one key
keep their order. While Kafka is away events wait in a bounded buffer (`Policy`); none is ever dropped silently.
"""

import atexit
from collections.abc import Callable, Mapping
from threading import Lock
from types import TracebackType
from typing import Any, Self

from schemas.touchpoint import Touchpoint
from sources.channels import discover
from sources.emitting.compose import Composer
from sources.emitting.outbox import DEFAULT, Counts, Failure, KafkaOutbox, MemoryOutbox, Outbox, Policy
from sources.emitting.record import Record
from throughline.clock import SystemClock, iso
from throughline.errors import Invalid
from throughline.settings import KafkaSettings, Settings, load

__all__ = ["Counts", "Emitter", "Failure", "MemoryOutbox", "Policy", "Record"]


class Emitter:
    """Validates touchpoints and sends them in batches. Any number of threads may use one; forked processes may not.

    `settings`: of the project, or `host:port` of Kafka; None loads them as every command does. `source` names the
    sender of what `track` sends. `on_error` is told of each record that Kafka has not acknowledged. Connects at the
    first event.
    """

    def __init__(
        self,
        settings: Settings | str | None = None,
        policy: Policy = DEFAULT,
        on_error: Callable[[Failure], None] = lambda failure: None,
        source: str = "python",
        outbox: Outbox | None = None,
    ) -> None:
        known = _settings(settings)
        self._composer = Composer(discover(), known)
        self._outbox = outbox or KafkaOutbox(known.kafka.client_arguments(), policy, on_error)
        self._patience = policy.deliver_within + 5
        self._clock, self._source, self._lock = SystemClock(), source, Lock()
        atexit.register(self.close)

    @property
    def counts(self) -> Counts:
        """What became of the events so far."""
        return self._outbox.counts

    def emit(self, event: Touchpoint | Mapping[str, Any]) -> str:
        """Sends one touchpoint; gives its event_id, new if it had none. `sent_at` is set if missing.

        Raises `Invalid` (names the field and the remedy), `Backpressure` (the buffer is full) or `Unavailable` (no
        Kafka, no topic); in all three the event was not taken. Waits at most `Policy.block_for` seconds.
        """
        event_id, record = self.compose(event)
        self.forward(record)
        return event_id

    def track(
        self,
        event: str,
        channel: str,
        identifiers: Mapping[str, str],
        properties: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> str:
        """The same from its parts, as of now. `fields`: any other field of the event, such as context or assurance."""
        given = {"source": self._source, "original_timestamp": iso(self._clock.now()), **fields}
        parts = {"event": event, "channel": channel, "identifiers": identifiers, "properties": properties or {}}
        return self.emit(given | parts)

    def compose(self, event: Touchpoint | Mapping[str, Any]) -> tuple[str, Record]:
        """Validates without sending: the event's id and the record that `emit` would send."""
        try:
            return self._composer.compose(event, self._clock.now())
        except Invalid:
            with self._lock:
                self.counts.refused += 1
            raise

    def forward(self, record: Record) -> None:
        """Sends a record as it is, unvalidated: for replays, and to see what becomes of bad ones."""
        self._outbox.send(record.topic, record.key, record.value)

    def topic(self, channel: str) -> str:
        """The topic of a channel."""
        return self._composer.topic(channel)

    def flush(self, timeout: float | None = None) -> None:
        """Returns when all is in Kafka; raises `Unavailable` if some still wait, or failed since the last call."""
        self._outbox.flush(self._patience if timeout is None else timeout)

    def close(self, timeout: float | None = None) -> None:
        """Flushes and disconnects; called at exit too. Raises what `flush` raises, after disconnecting."""
        atexit.unregister(self.close)
        self._outbox.close(self._patience if timeout is None else timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _settings(given: Settings | str | None) -> Settings:
    if isinstance(given, str):
        return Settings(kafka=KafkaSettings(bootstrap_servers=given))
    return load() if given is None else given
