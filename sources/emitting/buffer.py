"""The bound on what waits for Kafka, in bytes. At the bound the caller waits, then is told; nothing is dropped."""

import threading

from throughline.errors import Backpressure


class Buffer:
    """Counts bytes in flight. Any number of threads may take and give."""

    def __init__(self, limit: int, block_for: float) -> None:
        self._limit, self._block_for = limit, block_for
        self._bytes = self._records = 0
        self._changed = threading.Condition()

    @property
    def records(self) -> int:
        return self._records

    @property
    def bytes(self) -> int:
        return self._bytes

    def take(self, size: int) -> None:
        """Waits up to `block_for` seconds for room, then raises `Backpressure`. A huge record enters alone."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_room(size), self._block_for):
                raise Backpressure(
                    f"{self._records} events ({self._bytes} bytes) wait for Kafka, as many as the buffer holds; "
                    "this event was not taken: see that Kafka answers, or raise Policy.buffer_bytes"
                )
            self._bytes += size
            self._records += 1

    def give(self, size: int) -> None:
        """The record has left, whether delivered or not."""
        with self._changed:
            self._bytes -= size
            self._records -= 1
            self._changed.notify_all()

    def _has_room(self, size: int) -> bool:
        return not self._records or self._bytes + size <= self._limit
