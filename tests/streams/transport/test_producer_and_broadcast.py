"""Sending and following, one suite over the real Kafka and over its twin in memory."""

import asyncio
import os
import uuid

import pytest

from streams.transport import Broadcast, Connection, Outgoing, Producer, Start
from streams.transport.memory import MemoryBroadcast, MemoryKafka
from throughline.errors import ConfigurationError, Unavailable


class OnKafka:
    def __init__(self, it):
        self.it, self.send = it, it.producer.send

    async def topic(self, partitions=1):
        return await self.it.topic(partitions)

    def broadcast(self, topic, apply, start):
        return Broadcast(topic, self.it.connection, apply, start)


class InMemory:
    def __init__(self):
        self.kafka = MemoryKafka()
        self.send = self.kafka.send

    async def topic(self, partitions=1):
        return uuid.uuid4().hex

    def broadcast(self, topic, apply, start):
        return MemoryBroadcast(topic, self.kafka, apply, start)


@pytest.fixture(params=["kafka", "memory"])
def setting(request):
    """`setting(coroutine_function)` runs it with one of the two."""

    def run(tell):
        if request.param == "memory":
            asyncio.run(tell(InMemory()))
        else:
            request.getfixturevalue("story")(lambda it: tell(OnKafka(it)))

    return run


class Followed:
    """A broadcast that is running, and the values it has applied."""

    def __init__(self, it, topic, start=Start.BEGINNING):
        self.values = []
        self.service = it.broadcast(topic, self.apply, start)

    def apply(self, chunk):
        self.values.extend(chunk.values)

    async def __aenter__(self):
        await self.service.start()
        return self

    async def __aexit__(self, *_):
        await self.service.stop()


def numbered(topic, count, partition=0):
    return [Outgoing(topic, partition, b"k%d" % i, b"v%d" % i) for i in range(count)]


def test_every_record_gets_its_offset_in_its_partition(setting):
    async def tell(it):
        topic = await it.topic(partitions=2)
        assert await it.send([*numbered(topic, 2), *numbered(topic, 1, partition=1)]) == [0, 1, 0]
        mixed = [Outgoing(topic, 1, None, b"x"), Outgoing(topic, 0, b"k", None), Outgoing(topic, 1, None, b"y")]
        assert await it.send(mixed) == [1, 2, 2]

    setting(tell)


def test_sending_nothing_gives_nothing(setting):
    async def tell(it):
        assert await it.send([]) == []

    setting(tell)


def test_a_list_longer_than_one_batch_keeps_its_order(setting):
    async def tell(it):
        topic = await it.topic()
        records = [Outgoing(topic, 0, None, b"%d" % i + b"x" * 100_000) for i in range(20)]
        assert await it.send(records) == list(range(20))
        async with Followed(it, topic) as followed:
            await followed.service.reach_end()
            assert [int(value.rstrip(b"x")) for value in followed.values] == list(range(20))

    setting(tell)


def test_from_the_beginning_everything_is_applied_in_order(setting):
    async def tell(it):
        topic = await it.topic()
        await it.send(numbered(topic, 3))
        async with Followed(it, topic) as followed:
            assert await followed.service.reach_end() == 3
            await it.send(numbered(topic, 2))
            await followed.service.reach(5)
            assert followed.values == [b"v0", b"v1", b"v2", b"v0", b"v1"]
            assert followed.service.position == 5
            await followed.service.caught_up.wait()

    setting(tell)


def test_from_the_end_only_what_comes_later_is_applied(setting):
    async def tell(it):
        topic = await it.topic()
        await it.send(numbered(topic, 3))
        async with Followed(it, topic, Start.END) as followed:
            assert followed.service.position == 3
            await it.send([Outgoing(topic, 0, b"k", b"late")])
            await followed.service.reach(4)
            assert followed.values == [b"late"]

    setting(tell)


def test_who_waits_for_a_position_goes_on_when_it_is_applied(setting):
    async def tell(it):
        topic = await it.topic()
        async with Followed(it, topic) as followed:
            waiting = asyncio.create_task(followed.service.reach(2))
            await it.send(numbered(topic, 1))
            await followed.service.reach(1)
            assert not waiting.done()
            await it.send(numbered(topic, 1))
            await waiting
            assert len(followed.values) == 2

    setting(tell)


def test_an_empty_topic_is_caught_up_at_once(setting):
    async def tell(it):
        async with Followed(it, await it.topic()) as followed:
            await followed.service.caught_up.wait()
            assert await followed.service.reach_end() == 0

    setting(tell)


def test_headers_travel(story, eventually):
    async def tell(it):
        topic, seen = await it.topic(), []
        await it.producer.send([Outgoing(topic, 0, b"k", b"v", (("trace", b"1"),))])
        service = Broadcast(topic, it.connection, lambda chunk: seen.append(chunk.headers))
        await service.start()
        await service.reach(1)
        assert [{i: list(headers) for i, headers in told.items()} for told in seen] == [{0: [("trace", b"1")]}]
        await service.stop()

    story(tell)


def test_a_record_the_broker_refuses_is_named(story):
    async def tell(it):
        topic = await it.topic()
        with pytest.raises(ValueError, match=rf"{topic}\[0\]: a record is larger"):
            await it.producer.send([Outgoing(topic, 0, None, os.urandom(2_000_000))])

    story(tell)


def test_a_missing_partition_is_named(story):
    async def tell(it):
        topic = await it.topic()
        with pytest.raises(ConfigurationError, match=f"{topic} has no partition 7"):
            await it.producer.send([Outgoing(topic, 7, None, b"v")])

    story(tell)


def test_a_control_topic_that_is_missing_or_wide_is_refused(story):
    async def tell(it):
        for topic, said in (("no-such-topic", "is missing"), (await it.topic(2), "must have one partition")):
            service = Broadcast(topic, it.connection, print)
            with pytest.raises(ConfigurationError, match=said):
                await service.start()
            await service.stop()

    story(tell)


def test_a_producer_without_a_broker_says_so():
    async def tell():
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1 does not answer"):
            await Producer(Connection("127.0.0.1:1")).start()

    asyncio.run(tell())
