"""What an agent is given, on a real Kafka."""

import asyncio

from aiokafka import AIOKafkaProducer
from aiokafka.admin import RecordsToDelete
from aiokafka.structs import TopicPartition

from streams.transport import Limits, Outgoing, PartitionListener
from throughline.errors import ConfigurationError


class Hoard:
    """Work that keeps events instead of acking them."""

    def __init__(self):
        self.events = []

    async def __call__(self, event):
        self.events.append(event)

    @property
    def records(self):
        return sum(len(event.value) for event in self.events)

    def ack_all(self):
        while self.events:
            self.events.pop(0).ack()


def test_records_come_in_order_and_chunks_tile_the_partition(story, eventually):
    async def tell(it):
        topic = await it.topic(partitions=3)
        await it.produce(topic, 9_000, partitions=3)
        worker = await it.worker(topic)
        await eventually(lambda: worker.count == 9_000)
        for partition in range(3):
            chunks = [chunk for chunk in worker.chunks if chunk.partition == partition]
            assert [offset for chunk in chunks for offset in chunk.offsets] == list(range(3_000))
            assert [chunk.first_offset for chunk in chunks] == [0, *[chunk.next_offset for chunk in chunks][:-1]]

    story(tell)


def test_a_record_keeps_its_value_key_headers_and_kafkas_time(story, eventually):
    async def tell(it):
        topic = await it.topic(message_timestamp_type="LogAppendTime")
        await it.producer.send([Outgoing(topic, 0, b"k", None), Outgoing(topic, 0, None, b"v", (("trace", b"1"),))])
        worker = await it.worker(topic)
        await eventually(lambda: worker.count == 2)
        (chunk,) = worker.chunks
        assert (chunk.values, chunk.keys) == ([None, b"v"], [b"k", None])
        assert chunk.headers == {1: [("trace", b"1")]}
        assert all(1.7e12 < ms < 4e12 for ms in chunk.timestamps)

    story(tell)


def test_one_agent_reads_several_topics(story, eventually):
    async def tell(it):
        first, second = await it.topic(), await it.topic()
        await it.produce(first, 10)
        await it.produce(second, 20)
        worker = await it.worker(first, second)
        await eventually(lambda: worker.count == 30)
        assert {chunk.topic for chunk in worker.chunks} == {first, second}

    story(tell)


def test_offsets_the_log_does_not_hold_are_gaps(story, eventually):
    async def tell(it):
        topic = await it.topic()
        await it.produce(topic, 2)
        for outcome in ("abort_transaction", "commit_transaction"):
            producer = AIOKafkaProducer(**it.connection.aiokafka(), transactional_id=f"{topic}-{outcome}")
            await producer.start()
            await producer.begin_transaction()
            await producer.send_and_wait(topic, outcome.encode(), partition=0)
            await getattr(producer, outcome)()
            await producer.stop()
        await it.produce(topic, 1)
        worker = await it.worker(topic)
        await eventually(lambda: worker.count == 4)
        assert [value.strip() for chunk in worker.chunks for value in chunk.values][2] == b"commit_transaction"
        gaps = [offset for chunk in worker.chunks for start, end in chunk.gaps() for offset in range(start, end)]
        held = [offset for chunk in worker.chunks for offset in chunk.offsets]
        assert gaps[0] == 2 and len(gaps) > 1  # the aborted record, and its marker wherever the broker put that
        assert sorted(gaps + held) == list(range(worker.chunks[-1].next_offset))

    story(tell)


def test_fetching_stops_at_the_limit_and_goes_on_with_acks(story, eventually):
    async def tell(it):
        topic, hoard = await it.topic(), Hoard()
        await it.produce(topic, 20_000)
        worker = await it.worker(topic, work=hoard, limits=Limits(records=1_000, chunk=250, drain=0.1))
        await eventually(lambda: hoard.records >= 1_000)
        await asyncio.sleep(0.5)
        assert hoard.records == 1_000
        while worker.count < 20_000:
            assert hoard.records <= 1_250
            hoard.ack_all()
            await asyncio.sleep(0.005)

    story(tell)


def test_bytes_are_limited_as_well(story, eventually):
    async def tell(it):
        topic, hoard = await it.topic(), Hoard()
        await it.produce(topic, 2_000, size=1_000)
        await it.worker(topic, work=hoard, limits=Limits(bytes=100_000, chunk=50, drain=0.1))
        await eventually(lambda: hoard.records >= 100)
        await asyncio.sleep(0.5)
        assert hoard.records == 100

    story(tell)


def test_a_full_topic_does_not_hold_up_another(story, eventually):
    async def tell(it):
        stuck, flowing, hoard = await it.topic(), await it.topic(), Hoard()

        async def work(event):
            if event.value.topic == stuck:
                await hoard(event)
            else:
                event.ack()

        await it.produce(stuck, 5_000)
        await it.produce(flowing, 5_000)
        worker = await it.worker(stuck, flowing, work=work, limits=Limits(records=500, chunk=100, drain=0.1))
        await eventually(lambda: worker.count == 5_000 + hoard.records and hoard.records >= 500)

    story(tell)


def test_only_the_acked_prefix_is_committed(story, eventually):
    async def tell(it):
        topic, hoard = await it.topic(), Hoard()
        await it.produce(topic, 500)
        worker = await it.worker(topic, work=hoard, limits=Limits(chunk=100))
        await eventually(lambda: hoard.records == 500)
        for event in hoard.events[1:]:
            event.ack()
        await worker.transport.consumer.commit()
        assert await it.committed() == {}
        hoard.events[0].ack()
        await worker.transport.consumer.commit()
        assert await it.committed() == {(topic, 0): 500}

    story(tell)


def test_what_was_not_acked_comes_again_to_the_next_worker(story, eventually):
    async def tell(it):
        topic, hoard = await it.topic(), Hoard()
        await it.produce(topic, 300)
        limits = Limits(chunk=100, drain=0.1)
        first = await it.worker(topic, slot="s", work=hoard, limits=limits)
        await eventually(lambda: hoard.records == 300)
        hoard.events[0].ack()
        await first.stop()
        second = await it.worker(topic, slot="s")
        await eventually(lambda: second.count == 200)
        assert second.chunks[0].first_offset == 100

    story(tell)


def test_deleted_offsets_are_told_and_become_a_gap(story, eventually):
    async def tell(it):
        topic = await it.topic()
        await it.produce(topic, 10)
        first = await it.worker(topic, slot="s")
        await eventually(lambda: first.count == 10)
        await first.stop()
        await it.produce(topic, 20)
        await it.admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=25)})
        second = await it.worker(topic, slot="s")
        await eventually(lambda: second.count == 5)
        assert second.transport.consumer.truncated == {(topic, 0): (10, 25)}
        assert list(second.chunks[0].gaps()) == [(10, 25)]

    story(tell)


def test_a_worker_leaves_nothing_on_disk(story, eventually, tmp_path, monkeypatch):
    async def tell(it):
        topic = await it.topic()
        await it.produce(topic, 1)
        worker = await it.worker(topic)
        await eventually(lambda: worker.count == 1)

    monkeypatch.chdir(tmp_path)
    story(tell)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_topic_is_named(story, eventually):
    async def tell(it):
        worker = await it.worker("no-such-topic", limits=Limits(topics=0.5))
        await eventually(lambda: worker.app.crashed)
        reason = worker.app.topics.crash_reason
        assert isinstance(reason, ConfigurationError)
        assert "no-such-topic" in str(reason)

    story(tell)


def test_a_partition_flows_only_after_gained_has_returned(story, eventually):
    class Slow(PartitionListener):
        def __init__(self):
            self.open, self.told = asyncio.Event(), None

        async def gained(self, partitions, generation):
            self.told = partitions
            await self.open.wait()

    async def tell(it):
        topic, listener = await it.topic(partitions=2), Slow()
        await it.produce(topic, 100, partitions=2)
        worker = await it.worker(topic, listener=listener)
        await eventually(lambda: listener.told == {(topic, 0), (topic, 1)})
        await asyncio.sleep(0.5)
        assert worker.count == 0
        listener.open.set()
        await eventually(lambda: worker.count == 100)

    story(tell)
