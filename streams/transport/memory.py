"""Kafka's twin in memory, for tests and simulations: the same records, offsets and waiting, no threads, no sockets."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from streams.transport.broadcast import Start
from streams.transport.chunk import Chunk, Header, chunk_of, columns_of
from streams.transport.producer import Sendable


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header] = ()


class MemoryKafka:
    """All topics, without retention. `send` is that of `Producer`; `chunk` cuts what an agent would be given."""

    def __init__(self, now: Callable[[], int] = lambda: 0) -> None:
        self.logs: dict[tuple[str, int], list[MemoryRecord]] = defaultdict(list)
        self._now = now
        self._followers: list[MemoryBroadcast] = []

    async def send(self, records: Iterable[Sendable]) -> list[int]:
        offsets = [self._append(record) for record in records]
        for follower in self._followers:
            await follower.follow()
        return offsets

    def chunk(self, topic: str, partition: int, start: int, most: int = 2_000) -> Chunk | None:
        """The records from offset `start` on, None at the end of the log."""
        records = self.logs[topic, partition][start : start + most]
        if not records:
            return None
        return chunk_of((topic, partition, 0), (start, start + len(records)), columns_of(records))

    def _append(self, record: Sendable) -> int:
        log = self.logs[record.topic, record.partition]
        headers: Sequence[Header] = getattr(record, "headers", ())
        log.append(MemoryRecord(len(log), self._now(), record.key, record.value, headers))
        return len(log) - 1


class MemoryBroadcast:
    """`Broadcast` over a MemoryKafka. It applies at once, inside the sender's `send`."""

    def __init__(
        self, topic: str, kafka: MemoryKafka, apply: Callable[[Chunk], None], start: Start = Start.BEGINNING
    ) -> None:
        self.topic = topic
        self.position = 0
        self.caught_up = asyncio.Event()
        self._kafka, self._apply, self._from = kafka, apply, start
        self._moved = asyncio.Condition()

    async def start(self) -> None:
        if self._from is Start.END:
            self.position = len(self._kafka.logs[self.topic, 0])
        self._kafka._followers.append(self)
        await self.follow()
        self.caught_up.set()

    async def stop(self) -> None:
        self._kafka._followers.remove(self)

    async def reach(self, position: int) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self.position >= position)

    async def reach_end(self) -> int:
        end = len(self._kafka.logs[self.topic, 0])
        await self.reach(end)
        return end

    async def follow(self) -> None:
        """Applies what is new."""
        while chunk := self._kafka.chunk(self.topic, 0, self.position):
            self._apply(chunk)
            self.position = chunk.next_offset
        async with self._moved:
            self._moved.notify_all()
