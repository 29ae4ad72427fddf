"""The thread with the aiokafka consumer: the settings Faust does not offer, a cheaper fetch, and give-back."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.transport.assignor import Copartitioned
from streams.transport.chunk import Columns
from streams.transport.unpack import unpack

if TYPE_CHECKING:
    from streams.transport.consumer import ChunkConsumer
    from streams.transport.lane import Lane

Lanes = Mapping[TP, "Lane"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """Records of one partition, and the offset where its next fetch begins."""

    columns: Columns
    next_offset: int


class UnpackedAnswers(OrderedDict[TopicPartition, Any]):
    """Stands in for the fetcher's buffer of answers: they give columns of up to `most` records, not records."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, partition: TopicPartition, result: Any) -> None:
        if isinstance(result, FetchResult):
            records = result._partition_records
            records._records_iterator = unpack(records, self._most)
        super().__setitem__(partition, result)


class ChunkThread(driver.AIOKafkaConsumerThread):
    consumer: "ChunkConsumer"

    async def on_start(self) -> None:
        await super().on_start()
        answers = UnpackedAnswers(self.consumer.transport.limits.chunk)
        self._ensure_consumer()._fetcher._records = answers  # before the first assignment: still empty

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        limits = transport.limits  # read by aiokafka when the consumer starts
        consumer._fetch_min_bytes = limits.fetch_min_bytes
        consumer._fetch_max_wait_ms = int(limits.fetch_max_wait * 1000)
        consumer._isolation_level = "read_committed"
        consumer._partition_assignment_strategy = [Copartitioned()]
        return consumer

    async def known_topics(self) -> set[str]:
        """All topics this user may see, asked of the broker now."""
        topics: set[str] = await self.call_thread(self._ensure_consumer().topics)
        return topics

    def unread(self) -> int:
        """Records that the log holds beyond the positions, of all partitions assigned, as of their last fetch."""
        subscription = self._consumer and self._consumer._subscription.subscription
        assignment = subscription and subscription.assignment
        states = [assignment.state_value(tp) for tp in assignment.tps] if assignment else []
        known = [state for state in states if state.has_valid_position and state.highwater is not None]
        return sum(max(0, min(state.highwater, state.lso) - state.position) for state in known)

    async def fetch(self, lanes: Lanes, partitions: Iterable[TP], patience: float) -> list[tuple[TP, Fetched]]:
        fetched: list[tuple[TP, Fetched]] = await self.call_thread(
            self._fetch_or_give_back, lanes, set(partitions), patience
        )
        return fetched

    async def _fetch_or_give_back(self, lanes: Lanes, partitions: set[TP], patience: float) -> list[tuple[TP, Fetched]]:
        """A fetch may still wait while a rebalance comes and goes, and then takes records out of the new assignment
        that nobody will deliver. They are given back at once, before anything else can run in this thread."""
        consumer = self._ensure_consumer()
        answer = await self._fetch_records(consumer, partitions, patience, 1)
        if self.consumer.lanes is lanes and self.consumer.flow_active:
            return await self._with_more(consumer, partitions, answer)
        for tp, (columns,) in answer.items():
            consumer.seek(tp, columns.offsets[0])
        return []

    async def _with_more(
        self, consumer: AIOKafkaConsumer, partitions: set[TP], answer: Mapping[Any, Sequence[Columns]]
    ) -> list[tuple[TP, Fetched]]:
        """What else has arrived, until there is a full chunk altogether: a hop between threads costs 0.1 ms.

        Without patience nothing here waits, so no rebalance comes in between.
        """
        fetched, records = [], 0
        while answer:
            for tp, (columns,) in answer.items():
                fetched.append((TP(*tp), Fetched(columns, await consumer.position(tp))))
                records += len(columns.offsets)
            if records >= self.consumer.transport.limits.chunk:
                break
            answer = await self._fetch_records(consumer, partitions, 0, 1)
        return fetched

    async def commit_for(self, lanes: Lanes, offsets: Mapping[TP, int]) -> bool:
        """Commits what is acked in these lanes, unless a rebalance has ended them."""
        committed: bool = await self.call_thread(self._commit_for, lanes, offsets)
        return committed

    async def _commit_for(self, lanes: Lanes, offsets: Mapping[TP, int]) -> bool:
        mine = self.assignment()
        valid = {tp: end for tp, end in offsets.items() if tp in mine}
        if not valid or self.consumer.lanes is not lanes:
            return False
        return await self._commit(valid)
