"""Faust's consumer, delivering chunks instead of records and keeping its own account of what may be committed."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

from faust.exceptions import ImproperlyConfigured
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from faust.types.tuples import ack_lock
from mode.utils.futures import notify

from streams.transport.chunk import chunk_of
from streams.transport.lane import Lane, Ticket
from streams.transport.ownership import Ownership
from streams.transport.thread import ChunkThread, Fetched
from throughline.errors import ConfigurationError

if TYPE_CHECKING:
    from streams.transport.install import ChunkTransport


class ChunkMessage(ConsumerMessage):
    """A Faust message whose value is a Chunk."""

    __slots__ = ("ticket",)
    ticket: Ticket

    def renew(self) -> None:
        """Its work is long and goes on: to the watchdog it counts as delivered now."""
        self.ticket.lane.renew(self.ticket, time.monotonic())


class NoOffsets(dict[TP, Any]):
    """Stock Faust's memory of read offsets, switched off: it drops records that it believes it has seen."""

    def __missing__(self, tp: TP) -> None:
        return None

    def __setitem__(self, tp: TP, offset: Any) -> None:
        pass

    def update(self, *args: Any, **kwargs: Any) -> None:
        pass


class NoImplicitAcks(dict[TP, Any]):
    """Stock Faust's index of acks: its compiled stream iterator writes here, past `Consumer.ack`."""

    def __missing__(self, tp: TP) -> None:
        raise ImproperlyConfigured("chunks are acked by hand: iterate over stream.noack().events()")


class ChunkConsumer(driver.Consumer):
    """A lane per partition; whatever moves positions starts new lanes, and acks of old lanes count for nothing."""

    transport: "ChunkTransport"
    _thread: ChunkThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.lanes: dict[TP, Lane] = {}
        self.acked_chunks = 0
        self.truncated: dict[TP, tuple[int, int]] = {}  # committed offset, first offset in the log
        self._room = asyncio.Event()
        super().__init__(*args, **kwargs)
        self.ownership = Ownership(self.crash, self._room.set)
        self.ownership.listeners = self.transport.listeners
        self._read_offset = NoOffsets()
        self._acked_index = NoImplicitAcks()
        self._unacked_messages = set()  # not weak: an agent that drops a chunk must not look as if it had acked it

    def _new_consumer_thread(self) -> ChunkThread:
        return ChunkThread(self, loop=self.loop, beacon=self.beacon)

    async def subscribe(self, topics: Iterable[str]) -> None:
        """A worker that joins before a topic is known would idle without an error: waits for them, then raises."""
        wanted, deadline = set(topics), self.loop.time() + self.transport.limits.topics
        while missing := wanted - await self._thread.known_topics():
            if self.loop.time() > deadline:
                names = ", ".join(sorted(missing))
                raise ConfigurationError(f"topics missing in Kafka: {names}; create them with `throughline up`")
            await asyncio.sleep(0.5)
        await super().subscribe(wanted)

    def unread(self) -> int:
        """Records in the log that were not fetched, of all partitions assigned."""
        return self._thread.unread()

    # -- fetching

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ChunkMessage]]:  # noqa: ASYNC109  # Faust's
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]  # mode waits for asyncio's events as well
        lanes, generation = self.lanes, self.app.consumer_generation_id
        active = self._get_active_partitions()
        wanted = self._with_room(active)
        if not wanted:
            self._room.clear()
            await self.wait_first(self._room, self.suspend_flow, timeout=timeout)  # type: ignore[arg-type]  # as above
            return
        answer = await self._thread.fetch(lanes, wanted, timeout if len(wanted) == len(active) else 0.1)
        for tp, fetched in answer:
            if self.should_stop or not self.flow_active or self.lanes is not lanes:
                return  # a rebalance: the assignment they came from is gone
            self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
            yield tp, self._message(tp, fetched, generation)

    def _with_room(self, partitions: Iterable[TP]) -> set[TP]:
        limits, most = self.transport.limits, self.app.conf.stream_buffer_maxsize // 2
        records: Counter[str] = Counter()
        size: Counter[str] = Counter()
        chunks: Counter[str] = Counter()
        for tp, lane in self.lanes.items():
            records[tp.topic] += lane.records
            size[tp.topic] += lane.bytes
            chunks[tp.topic] += lane.chunks
        full = {t for t in records if records[t] >= limits.records or size[t] >= limits.bytes or chunks[t] >= most}
        return {tp for tp in partitions if tp.topic not in full and tp not in self.ownership.closed}

    def _message(self, tp: TP, fetched: Fetched, generation: int) -> ChunkMessage:
        lane, columns = self.lanes.setdefault(tp, Lane()), fetched.columns
        chunk = chunk_of((*tp, generation), (lane.expected, fetched.next_offset), columns)
        message = ChunkMessage(
            *tp, columns.offsets[-1], columns.timestamps[-1] / 1000.0, timestamp_type=0,
            headers=None, key=None, value=cast(Any, chunk), checksum=None,
            serialized_key_size=0, serialized_value_size=chunk.size, tp=tp, generation_id=generation,
        )  # fmt: skip
        message.ticket = lane.add(chunk.next_offset, len(chunk), chunk.size, self.loop.time())
        return message

    def on_buffer_full(self, tp: TP) -> None:
        """Back-pressure is ours: stock Faust would sleep a second when all partitions are full."""

    def on_buffer_drop(self, tp: TP) -> None:
        """See `on_buffer_full`."""

    # -- acks and commits

    def ack(self, message: ChunkMessage) -> bool:  # type: ignore[override]  # every message of this consumer is one
        with ack_lock:
            if message.acked and message.ticket.done:
                return False
            message.acked = True
            message.ticket.lane.ack(message.ticket)
        self._unacked_messages.discard(message)
        self.acked_chunks += 1
        self._room.set()
        notify(self._waiting_for_ack)
        return True

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in list(self.lanes) if topics is None or tp in topics or tp.topic in topics)

    async def _commit_tps(self, tps: Iterable[TP], start_new_transaction: bool) -> bool:
        lanes = self.lanes
        ends = {tp: end for tp in tps if (end := lanes[tp].committable()) is not None}
        if not ends or not await self._thread.commit_for(lanes, ends):
            return False  # refused by a rebalance: what was acked stays committable
        for tp, end in ends.items():
            lanes[tp].commit(end)
        self.app.monitor.on_tp_commit(ends)
        return True

    async def wait_empty(self) -> None:
        """Waits for the acks of all chunks that agents have in hand, `Limits.drain` seconds at most, and commits."""
        if not self.should_stop:
            draining = asyncio.ensure_future(self._drain())
            await asyncio.wait([draining], timeout=self.transport.limits.drain)
            if not draining.cancel():
                draining.result()
        await self.commit()
        await self.commit()  # the first may only have waited for one that had begun before the last ack

    async def _drain(self) -> None:
        await self.ownership.draining()
        while self._unacked_messages and not self.should_stop:
            self._room.clear()
            await self.wait_first(self._room, timeout=1.0)  # type: ignore[arg-type]  # as in getmany

    # -- whatever moves positions

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        await self.ownership.revoked()
        await super().on_partitions_revoked(revoked)  # waits for the chunks in hand and commits them
        self._start_lanes({})

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        try:
            await self.ownership.assigned(assigned, generation_id)
        except Exception as error:
            await self.crash(error)
        await super().on_partitions_assigned(assigned, generation_id)

    async def perform_seek(self) -> None:
        """To the committed offsets. Offsets below the first in the log were deleted unread: said, and a gap."""
        committed = {TP(*tp): offset for tp, offset in (await self.seek_to_committed()).items()}
        first = {TP(*tp): offset for tp, offset in (await self.earliest_offsets(*committed)).items()}
        self.truncated = {
            tp: (offset, first[tp]) for tp, offset in committed.items() if offset is not None and first[tp] > offset
        }
        for tp, (offset, beginning) in self.truncated.items():
            self.log.error("%s: offsets %d to %d were deleted before they were read", tp, offset, beginning - 1)
        self._start_lanes({tp: Lane(first[tp] if offset is None else offset) for tp, offset in committed.items()})

    async def seek(self, partition: TP, offset: int) -> None:
        raise ImproperlyConfigured("positions of chunks move by commits and rebalances only")

    def _start_lanes(self, lanes: dict[TP, Lane]) -> None:
        self.lanes = lanes
        self._unacked_messages.clear()
        self._room.set()
