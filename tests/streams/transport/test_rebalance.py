"""Groups that change while records flow, on a real Kafka, with several workers in one process.

`THROUGHLINE_TORTURE=600 pytest tests/streams/transport` lets the churn go on for so many seconds instead of 10.
"""

import asyncio
import os
import random
import time
from collections import defaultdict

from streams.transport import Limits, PartitionListener

CHURN = float(os.environ.get("THROUGHLINE_TORTURE", "10"))


class Diary(PartitionListener):
    def __init__(self, flush=None):
        self.mine, self.lost_at_all, self._flush = set(), set(), flush

    async def gained(self, partitions, generation):
        self.mine |= partitions

    async def draining(self, partitions):
        if self._flush:
            self._flush()

    async def lost(self, partitions):
        self.mine -= partitions
        self.lost_at_all |= partitions


def numbers(owned, topic):
    return sorted(partition for name, partition in owned if name == topic)


def covered(workers):
    """(topic, partition) -> offsets that any worker was given."""
    seen = defaultdict(set)
    for worker in workers:
        for chunk in worker.chunks:
            seen[chunk.topic, chunk.partition].update(chunk.offsets)
    return seen


def test_topics_of_one_size_are_assigned_together(story, eventually):
    async def tell(it):
        public, inbox = await it.topic(partitions=8), await it.topic(partitions=8)
        workers = [await it.worker(public, inbox) for _ in range(3)]
        await eventually(lambda: sorted(len(worker.owns) for worker in workers) == [4, 6, 6])
        for worker in workers:
            assert numbers(worker.owns, public) == numbers(worker.owns, inbox)

    story(tell)


def test_two_agents_with_topics_of_their_own_are_assigned_together(story, eventually):
    async def tell(it):
        public, inbox = await it.topic(partitions=8), await it.topic(partitions=8)
        workers = [await it.worker(public, beside=inbox) for _ in range(3)]
        await eventually(lambda: sorted(len(worker.owns) for worker in workers) == [4, 6, 6])
        for worker in workers:
            assert numbers(worker.owns, public) == numbers(worker.owns, inbox)

    story(tell)


def test_a_joining_worker_leaves_kept_partitions_undisturbed(story, eventually):
    async def tell(it):
        topic, diary = await it.topic(partitions=4), Diary()
        first = await it.worker(topic, listener=diary)
        await eventually(lambda: len(first.owns) == 4)
        second = await it.worker(topic)
        await eventually(lambda: len(second.owns) == len(first.owns) == 2)
        assert diary.mine == first.owns
        assert diary.lost_at_all == second.owns
        assert diary.mine | second.owns == {(topic, p) for p in range(4)}

    story(tell)


def test_what_is_acked_while_draining_does_not_come_again(story, eventually):
    async def tell(it):
        topic, held = await it.topic(partitions=2), []

        async def hold(event):
            held.append(event)

        def flush():
            while held:
                held.pop().ack()

        await it.produce(topic, 100, partitions=2)
        first = await it.worker(topic, work=hold, listener=Diary(flush))
        await eventually(lambda: first.count == 100)
        second = await it.worker(topic)
        await eventually(lambda: len(second.owns) == 1)
        await it.produce(topic, 10, partitions=2)
        await eventually(lambda: first.count + second.count == 110)

    story(tell)


def test_a_rebalance_waits_for_the_chunk_in_hand(story, eventually):
    async def tell(it):
        topic = await it.topic(partitions=2)

        async def work(event):
            await eventually(lambda: draining.is_set())
            await asyncio.sleep(1.0)
            event.ack()

        draining = asyncio.Event()
        diary = Diary(draining.set)
        await it.produce(topic, 50)
        first = await it.worker(topic, work=work, listener=diary)
        await eventually(lambda: first.count == 50)
        second = await it.worker(topic)
        await eventually(lambda: len(first.owns) == len(second.owns) == 1)
        assert await it.committed() == {(topic, 0): 50}
        await asyncio.sleep(0.5)
        assert first.count + second.count == 50

    story(tell)


def test_a_worker_that_does_not_ack_holds_up_a_rebalance_only_for_the_drain(story, eventually):
    async def tell(it):
        topic, held = await it.topic(partitions=2), []

        async def hold(event):
            held.append(event)

        await it.produce(topic, 100, partitions=2)
        first = await it.worker(topic, work=hold, limits=Limits(drain=1.0))
        await eventually(lambda: first.count == 100)
        old, started = list(held), time.monotonic()
        second = await it.worker(topic)
        await eventually(lambda: second.count == 50)
        assert 1.0 < time.monotonic() - started < 10.0
        await eventually(lambda: first.count == 150)
        for event in old:
            event.ack()
        for worker in (first, second):
            await worker.transport.consumer.commit()
        assert numbers(await it.committed(), topic) == numbers(second.owns, topic)

    story(tell)


def test_records_fetched_for_an_ended_assignment_are_given_back(story, eventually):
    class Closed(PartitionListener):
        async def gained(self, partitions, generation):
            await opened.wait()

    opened = asyncio.Event()

    async def tell(it):
        topic = await it.topic()
        await it.produce(topic, 1_000)
        worker = await it.worker(topic, listener=Closed())
        await eventually(lambda: worker.owns)
        consumer = worker.transport.consumer
        assert await consumer._thread.fetch({}, {(topic, 0)}, 5.0) == []
        opened.set()
        await eventually(lambda: worker.count == 1_000)
        assert worker.chunks[0].offsets[0] == 0

    story(tell)


def test_a_slot_that_returns_has_its_partitions_without_a_rebalance(story, eventually):
    async def tell(it):
        topic, diary = await it.topic(partitions=4), Diary()
        first = await it.worker(topic, slot="one", listener=diary)
        second = await it.worker(topic, slot="two")
        await eventually(lambda: len(first.owns) == len(second.owns) == 2)
        had, generation = second.owns, first.app.consumer_generation_id
        await second.stop()
        again = await it.worker(topic, slot="two")
        await it.produce(topic, 40, partitions=4)
        await eventually(lambda: first.count + again.count == 40)
        assert again.owns == had
        assert first.app.consumer_generation_id == generation

    story(tell)


def test_nothing_is_lost_or_disordered_while_workers_come_and_go(story, eventually):
    """Also: committed is never past acked, and within a lane nothing comes twice."""

    async def tell(it):
        topic, dice, everyone = await it.topic(partitions=4), random.Random(7), []
        limits, acked = Limits(chunk=200, drain=2.0), defaultdict(set)

        async def work(event):
            await asyncio.sleep(dice.random() * 0.02)
            acked[event.value.partition].update(event.value.offsets)
            event.ack()

        async def write():
            while not done.is_set():
                await it.produce(topic, 400, partitions=4)
                await asyncio.sleep(0.05)

        async def check():
            for (_, partition), offset in (await it.committed()).items():
                assert acked[partition] >= set(range(offset))

        done = asyncio.Event()
        writing = asyncio.create_task(write())
        alive = [await it.worker(topic, work=work, limits=limits)]
        everyone += alive
        ends = time.monotonic() + CHURN
        while time.monotonic() < ends:
            if len(alive) < 3 and (len(alive) == 1 or dice.random() < 0.6):
                alive.append(await it.worker(topic, work=work, limits=limits))
                everyone.append(alive[-1])
            else:
                await alive.pop(dice.randrange(len(alive))).stop()
            await asyncio.sleep(dice.random())
            await check()
        done.set()
        await writing
        total = sum((await it.ends(topic, 4)).values())
        await eventually(lambda: sum(map(len, covered(everyone).values())) == total)
        await check()
        assert_every_lane_is_in_order(everyone)

    story(tell)


def assert_every_lane_is_in_order(workers):
    for worker in workers:
        last = {}
        for chunk in worker.chunks:
            lane = chunk.generation, chunk.partition
            assert chunk.offsets == sorted(set(chunk.offsets))
            assert chunk.offsets[0] > last.get(lane, -1), f"{lane} came twice"
            last[lane] = chunk.offsets[-1]
