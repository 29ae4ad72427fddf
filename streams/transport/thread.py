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

if TYPE_CHECKING:
    from streams.transport.consumer import ChunkConsumer
    from streams.transport.lane import Lane

Lanes = Mapping[TP, "Lane"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """Records as aiokafka's C code unpacks them, and the offset where the next fetch begins."""

    records: Sequence[Any]
    next_offset: int


class PlainRecords(OrderedDict[TopicPartition, Any]):
    """Stands in for the fetcher's buffer of answers: their records come out as they were unpacked.

    aiokafka makes a ConsumerRecord of eleven fields for each; a chunk needs four of them, as lists.
    """

    def __setitem__(self, partition: TopicPartition, result: Any) -> None:
        if isinstance(result, FetchResult):
            result._partition_records._consumer_record = _as_it_is
        super().__setitem__(partition, result)


def _as_it_is(_: TopicPartition, record: Any) -> Any:
    return record


class ChunkThread(driver.AIOKafkaConsumerThread):
    consumer: "ChunkConsumer"

    async def on_start(self) -> None:
        await super().on_start()
        self._ensure_consumer()._fetcher._records = PlainRecords()  # before the first assignment: still empty

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        limits = transport.limits  # read by aiokafka when the consumer starts
        consumer._fetch_min_bytes = limits.fetch_min_bytes
        consumer._fetch_max_wait_ms = int(limits.fetch_max_wait * 1000)
        consumer._max_poll_records = limits.chunk
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

    async def fetch(self, lanes: Lanes, partitions: Iterable[TP], patience: float) -> Mapping[TP, Fetched]:
        fetched: Mapping[TP, Fetched] = await self.call_thread(
            self._fetch_or_give_back, lanes, set(partitions), patience
        )
        return fetched

    async def _fetch_or_give_back(self, lanes: Lanes, partitions: set[TP], patience: float) -> Mapping[TP, Fetched]:
        """A fetch may still wait while a rebalance comes and goes, and then takes records out of the new assignment
        that nobody will deliver. They are given back at once, before anything else can run in this thread."""
        consumer = self._ensure_consumer()
        answer = await self._fetch_records(consumer, partitions, patience, consumer._max_poll_records)
        if self.consumer.lanes is lanes and self.consumer.flow_active:
            return {TP(*tp): Fetched(records, await consumer.position(tp)) for tp, records in answer.items()}
        for tp, records in answer.items():
            consumer.seek(tp, records[0].offset)
        return {}

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
