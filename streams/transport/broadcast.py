"""Every worker reads all of a control topic, without a group and without committing anything."""

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from mode import Service

from streams.transport.chunk import Chunk, chunk_of, columns_of
from streams.transport.connection import Connection
from throughline.errors import ConfigurationError


class Start(Enum):
    BEGINNING = "beginning"
    END = "end"  # as of the start of the service


class Broadcast(Service):
    """A service for `app.add_runtime_dependency`. Each chunk of the one partition goes to `apply`, in order, in the
    event loop's thread; an exception from it crashes the app.

    `position` is the offset after the last record applied: whoever knows an offset may wait for it (`reach`).
    Ready for use once it has started: `Start.END` is fixed then.
    """

    def __init__(
        self, topic: str, connection: Connection, apply: Callable[[Chunk], None], start: Start = Start.BEGINNING,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        self.topic = topic
        self.position = 0
        self.caught_up = asyncio.Event()  # the end as of the start has been reached
        self._partition = TopicPartition(topic, 0)
        self._connection, self._apply, self._from = connection, apply, start
        self._moved = asyncio.Condition()
        super().__init__(**kwargs)

    async def reach(self, position: int) -> None:
        """Returns when every record before `position` is applied."""
        if self.position < position:
            async with self._moved:
                await self._moved.wait_for(lambda: self.position >= position)

    async def reach_end(self) -> int:
        """Returns when everything is applied that the topic holds as of now; gives that position."""
        end = await self._end()
        await self.reach(end)
        return end

    async def on_start(self) -> None:
        self._consumer = AIOKafkaConsumer(
            **self._connection.aiokafka(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=100,
            metadata_max_age_ms=30_000,
        )
        await self._consumer.start()
        if self.topic not in await self._consumer.topics():
            raise ConfigurationError(f"topic {self.topic} is missing in Kafka; create it with `throughline up`")
        self._consumer.assign([self._partition])
        if self._from is Start.END:
            await self._consumer.seek_to_end(self._partition)
        else:
            await self._consumer.seek_to_beginning(self._partition)
        self.position = await self._consumer.position(self._partition)
        if self._consumer.partitions_for_topic(self.topic) != {0}:
            raise ConfigurationError(f"topic {self.topic} must have one partition: its offsets are a clock")

    async def on_stop(self) -> None:
        await self._consumer.stop()

    @Service.task
    async def _read(self) -> None:
        end = await self._end()
        while not self.should_stop:
            for records in (await self._consumer.getmany(timeout_ms=200)).values():
                self._apply(chunk_of((self.topic, 0, -1), (self.position, records[-1].offset + 1), columns_of(records)))
            await self._move(await self._consumer.position(self._partition))
            if self.position >= end:
                self.caught_up.set()

    async def _move(self, position: int) -> None:
        if position != self.position:
            self.position = position
            async with self._moved:
                self._moved.notify_all()

    async def _end(self) -> int:
        ends = await self._consumer.end_offsets([self._partition])
        return int(ends[self._partition])
